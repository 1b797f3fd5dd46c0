/** Which nominal times have passed: exactly up to a bound, and beyond it only what a policy needs, the last ones. */
import type { Calendar } from './calendar.ts';

export interface Due {
  /** The last ones, ascending, at most as many as were asked for. */
  readonly last: readonly number[];
  /** Those before them. */
  readonly earlier?: { readonly from: number; readonly to: number; readonly count: number };
  /** The first that has not passed. */
  readonly next: number | undefined;
}

const EXACT = 1_000;

/** From `first`, itself a nominal time, up to and with `until`. */
export function dueTimes(calendar: Calendar, first: number, until: number, keep: number): Due {
  const times: number[] = [];
  let at: number | undefined = first;
  while (at !== undefined && at <= until && times.length < EXACT) {
    times.push(at);
    at = calendar.after(at);
  }
  let count = times.length;
  let last = times.slice(-keep);
  if (at !== undefined && at <= until) {
    count = EXACT + 1;
    last = lastTimes(calendar, until, keep);
    at = calendar.after(until);
  }
  const earlierCount = count - last.length;
  if (earlierCount <= 0) return { last, next: at };
  const to = times.findLast((time) => time < last[0]!)!;
  return { last, earlier: { from: first, to: Math.max(to, lastBefore(calendar, last[0]!)), count: earlierCount }, next: at };
}

/** The last `keep` times up to and with `until`, found by looking back over spans that double. */
function lastTimes(calendar: Calendar, until: number, keep: number): number[] {
  for (let spanMs = calendar.smallestGapMs * keep * 2; ; spanMs *= 2) {
    const found: number[] = [];
    let at = calendar.after(until - spanMs);
    while (at !== undefined && at <= until) {
      found.push(at);
      at = calendar.after(at);
    }
    if (found.length >= keep) return found.slice(-keep);
  }
}

function lastBefore(calendar: Calendar, instant: number): number {
  return lastTimes(calendar, instant - 1, 1)[0]!;
}
