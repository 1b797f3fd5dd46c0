/** Periodic runs: calendars with time zones, and the schedule as an entity. */
export { type Calendar, calendarOf, type CronTiming, type DstPolicy, type IntervalTiming, next, type Timing } from './calendar.ts';
export { type CronFields, parseCron } from './cron.ts';
