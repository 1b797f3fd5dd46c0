/**
 * Objects that fail run after run: after the n-th failure in a row the next `min(n, penaltyCap)` nominal times pass over the object, as a schedule
 * does that fails itself. Without it one object in a hundred that always fails is asked for again each time.
 */
import { PENALTY_EXPIRES_MS } from '../failures.ts';

export interface Penalty {
  /** In a row. */
  readonly failures: number;
  /** Nominal times that still pass it over. */
  left: number;
  /** Of the last failure, epoch milliseconds. */
  readonly at: number;
  /** The run that failed. */
  readonly seq: number;
}

/** By the key of the object, the last failure last. */
export type Penalties = readonly (readonly [string, Penalty])[];

/** They lie in the root. Where more fail it is not they that are sick; those that failed last are remembered. */
const MOST = 100;

/** Whether this nominal time passes the object over; it is counted. */
export function passesOver(penalties: Penalties, key: string, now: number): boolean {
  const penalty = penalties.find(([one]) => one === key)?.[1];
  if (penalty === undefined || penalty.left === 0 || now - penalty.at >= PENALTY_EXPIRES_MS) return false;
  penalty.left--;
  return true;
}

export function failedAgain(penalties: Penalties, key: string, { cap, now, seq }: { cap: number; now: number; seq: number }): Penalties {
  const before = penalties.find(([one]) => one === key)?.[1];
  const failures = before === undefined || now - before.at >= PENALTY_EXPIRES_MS ? 1 : before.failures + 1;
  return [...forgiven(penalties, key), [key, { failures, left: Math.min(failures, cap), at: now, seq }] as const].slice(-MOST);
}

export function forgiven(penalties: Penalties, key: string): Penalties {
  return penalties.filter(([one]) => one !== key);
}

/** The run as a whole has failed: the schedule is held up for that, and when it runs again all of them are asked for. */
export function withoutRun(penalties: Penalties, seq: number): Penalties {
  return penalties.map(([key, penalty]) => [key, penalty.seq === seq ? { ...penalty, left: 0 } : penalty] as const);
}
