/** Periodic runs: calendars with time zones, and the schedule as an entity. */
export { scheduleBehaviour, type ScheduleBehaviourOptions, wantsRun } from './behaviour.ts';
export { breakerBehaviour, explainBreaker } from './breaker/behaviour.ts';
export type { BreakerState } from './breaker/state.ts';
export { type Calendar, calendarOf, type CronTiming, type DstPolicy, type IntervalTiming, next, type Timing } from './calendar.ts';
export { type CronFields, parseCron } from './cron.ts';
export { defineSchedule, scheduleDefaults, type ScheduleDefinition, type ScheduleOptions, type SchedulePolicies } from './definition.ts';
export type { ExecuteDefinition, ExecuteOptions } from './execute.ts';
export { fanoutBehaviour, wantsObject } from './each/behaviour.ts';
export { type EachDefinition, eachDefaults, type EachOptions } from './each/definition.ts';
export { type ListedObject, listedPage, type ListedPage, type ListingRequest } from './each/listing.ts';
export { explainFanout, type FanoutExplanation } from './each/explain.ts';
export type { FanoutCounts, FanoutEnded, FanoutState } from './each/state.ts';
export { explainSchedule, type ScheduleExplanation } from './explain.ts';
export { schedulerBehaviours, type SchedulerOptions, wantsScheduled } from './hosted.ts';
export type { Outcome, ScheduleState, ScheduleStatus } from './state.ts';
