/**
 * What the record of a breaker holds: one entity `breaker/<scope>` for all schedules that name the scope.
 *
 *     closed ──so many failures since the last success──▶ open ──the pause is over──▶ half open ──the trial succeeds──▶ closed
 *       ▲                                                  ▲                             └──── it fails ────▶ open
 *       └──────── a run that lived on succeeds, a verb ────┘
 *
 * Half open is no state of its own: the pause is over and nothing has succeeded since. One run is let through then; if nothing is heard of it
 * within another pause, the next.
 */
import type { Json } from '@troupe/protocol';

/** `breaker.ask`, of a schedule: may a run begin? */
export interface BreakerAsk {
  readonly seq: number;
  readonly failures: number;
  readonly pauseMs: number;
}

/** `breaker.answer`. */
export interface BreakerAnswer {
  readonly seq: number;
  readonly isOpen: boolean;
  /** Epoch milliseconds before which no run begins; absent where a trial is under way. */
  readonly until?: number;
}

/** `breaker.report`: how a run ended. */
export interface BreakerReport extends Omit<BreakerAsk, 'seq'> {
  readonly run: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly how: 'succeeded' | 'failed' | 'none';
  readonly error?: string;
}

export interface Failed {
  readonly key: string;
  readonly run: string;
  readonly at: number;
  readonly error?: string;
}

export interface BreakerRoot {
  /** Since the last success, the latest fifty. */
  failed: Failed[];
  succeededAt: number;
  openedAt?: number;
  openUntil?: number;
  /** Let through to see whether the backend is back. */
  trial?: { readonly key: string; readonly until: number };
  verbs: string[];
}

export interface BreakerState {
  root: BreakerRoot | undefined;
}

export function rootOf(root: Json | undefined): BreakerRoot | undefined {
  return root === undefined ? undefined : (structuredClone(root) as unknown as BreakerRoot);
}
