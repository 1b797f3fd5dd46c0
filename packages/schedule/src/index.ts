/** Periodic runs: calendars with time zones, and the schedule as an entity. */
export { scheduleBehaviour, type ScheduleBehaviourOptions, wantsRun } from './behaviour.ts';
export { type Calendar, calendarOf, type CronTiming, type DstPolicy, type IntervalTiming, next, type Timing } from './calendar.ts';
export { type CronFields, parseCron } from './cron.ts';
export { defineSchedule, scheduleDefaults, type ScheduleDefinition, type ScheduleOptions, type SchedulePolicies } from './definition.ts';
export { explainSchedule, type ScheduleExplanation } from './explain.ts';
export { schedulerBehaviours, type SchedulerOptions, wantsScheduled } from './hosted.ts';
export type { Outcome, ScheduleState, ScheduleStatus } from './state.ts';
