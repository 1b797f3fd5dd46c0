/** For sibling packages. */
export { type AbortReason, runAttempt } from './attempt.ts';
export { Slots } from './slots.ts';
