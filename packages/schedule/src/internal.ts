/** For sibling packages and tests: the stored forms. */
export type { FanoutRoot, LiveObject } from './each/state.ts';
export type { ScheduleRoot } from './state.ts';
