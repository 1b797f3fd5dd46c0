/**
 * What the record of a schedule holds.
 *
 *     (none) ──define──▶ active ──pause, a failure that pauses──▶ paused ──resume──▶ active
 *                          └──────────────── delete ──────────────┴──▶ deleted ──define──▶ active
 *
 * A run lives from the turn that orders it to the turn that folds its last outcome; between two attempts it waits for a timer.
 */
import type { Json } from '@troupe/protocol';
import type { ScheduleDefinition } from './definition.ts';

export type ScheduleStatus = 'active' | 'paused' | 'deleted';

/** What became of nominal times. One that is not in here lies before the oldest kept one, or after `next`. */
export interface Outcome {
  /** The nominal time, epoch milliseconds; the first of `count`. Absent for a run that somebody asked for. */
  readonly nominal?: number;
  /** The last one, where one outcome is that of several. */
  readonly to?: number;
  /** How many; absent = 1. Where more than a thousand were missed, at least so many. */
  readonly count?: number;
  readonly what:
    | 'ran'
    /** A run lived; `waitsFor` names it. */
    | 'skippedOverlap'
    | 'skippedPenalty'
    | 'skippedBreaker'
    | 'skippedPaused'
    /** Too late, by the policy `skip` or over the bound of `all`. */
    | 'missed'
    /** A later nominal time runs for it. */
    | 'coalesced'
    /** The definition was changed, or the schedule deleted, before it ran. */
    | 'replaced';
  /** When it was decided, epoch milliseconds. */
  readonly at: number;
  /** The run, or the run that it was skipped for. */
  readonly run?: string;
  /** The operation that is, or was, the run. */
  readonly operation?: string;
  /** It ran for missed ones too, or was one. */
  readonly caughtUp?: true;
  /** How the run ended; absent while it lives. */
  readonly ended?: 'succeeded' | 'failed' | 'unknown' | 'cancelled' | 'rejected';
  readonly error?: string;
  /** Of a run that does many things: how many it did, and how they ended. */
  readonly counts?: Readonly<Record<string, number>>;
}

/** Kinds of entities that do runs of schedules. */
export type Delegate = 'fanout' | 'retention';

export interface Run {
  readonly id: string;
  readonly nominal?: number;
  readonly orderedAt: number;
  /** It ran for missed nominal times too, or was one. */
  readonly caughtUp?: true;
  /** Set while the breaker of its scope is asked: it has not begun. */
  asking?: number;
  /** This, `by`, or `operation`. */
  task?: NonNullable<ScheduleDefinition['task']>;
  /** Another entity does it, and tells when it has ended. */
  by?: { readonly kind: Delegate; readonly seq: number };
  /** It is this operation, which tells when it has ended. */
  operation?: string;
  /** It has started all that it will: the next run need not wait until that has ended. */
  allStarted?: true;
  closing?: true;
  attempt: number;
  token: string;
  reconcile?: boolean;
  /** Names the timer of the next attempt; absent while one is queued or running. */
  timer?: string;
  cancelled?: true;
}

/** A run that waits for the end of the one that lives. */
export interface WaitingRun {
  readonly id: string;
  readonly nominal?: number;
  readonly caughtUp?: true;
}

export interface ScheduleRoot {
  status: ScheduleStatus;
  definition: ScheduleDefinition;
  /** The app whose code defines it, and what it said last. */
  code?: { readonly app: string; readonly digest: string };
  pausedFor?: { readonly reason: string; readonly at: number; readonly by?: string; readonly automatic?: true; readonly message?: string };
  /** The next nominal time; absent when there is none, or it is paused and was never active. */
  next?: number;
  /** Names the timer that wakes it, and when that is due. */
  timer?: { readonly id: string; readonly at: number };
  run?: Run;
  /** Number of the last run that another entity did, or of the last question to the breaker of the scope. */
  seq?: number;
  /** Another entity that did runs of it, and forgets them when it is deleted. */
  delegates?: Delegate;
  /** The oldest nominal time that no run has succeeded for. */
  owedSince?: number;
  /** Its timer; `raised` when it has been told. */
  alarm?: { readonly id: string; readonly at: number } | 'raised';
  waiting: WaitingRun[];
  /** In a row, without the penalty's own forgetting. */
  failures: number;
  failedAt?: number;
  /** Nominal times that the penalty still passes over. */
  penalty: number;
  /** Epoch milliseconds until which the breaker is open. */
  openUntil?: number;
  /** The last fifty, oldest first. */
  outcomes: Outcome[];
  /** Ids of the last 64 verbs: they name nothing that the state waits for. */
  verbs: string[];
}

export const KEPT_OUTCOMES = 50;
export const KEPT_VERBS = 64;

export interface ScheduleState {
  readonly key: string;
  root: ScheduleRoot | undefined;
}

export function rootOfJson(root: Json | undefined): ScheduleRoot | undefined {
  // a working state is changed in place: the record of the host must not be
  return root === undefined ? undefined : (structuredClone(root) as unknown as ScheduleRoot);
}
