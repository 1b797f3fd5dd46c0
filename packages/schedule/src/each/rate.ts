/**
 * A rate as one number: the time at which the next start would be due if all came evenly (the generic cell rate algorithm).
 * Starts may run ahead of it by the starts of one second, so in any span of s seconds there are at most `perSecond * (s + 1)`, and one.
 */

const BURST_MS = 1_000;

/** Epoch milliseconds from which on one more may start; not after `now` if it may start at once. */
export function mayStartAt(dueAt: number | undefined, perSecond: number): number {
  return (dueAt ?? 0) - Math.max(0, BURST_MS - 1_000 / perSecond);
}

/** What `dueAt` is after one more has started. */
export function afterStart(dueAt: number | undefined, now: number, perSecond: number): number {
  return Math.max(dueAt ?? 0, now) + 1_000 / perSecond;
}
