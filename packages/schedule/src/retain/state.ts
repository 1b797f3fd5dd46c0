/**
 * What the record of a retention holds. One entity `retention/<key>` for the schedule `<key>`; it makes one resource for each run, after it has
 * made room, and deletes what has been kept long enough. A run is one nominal time, for as long as that takes:
 *
 *     looking ──room──▶ preparing ──command──▶ creating ──▶ ended
 *        ▲  └─the maximum is reached──▶ waiting (for the end of deletes, or to look again)
 *        └──────────────────────────────────┘
 *
 * Which resources there are is asked of a listing each time, never remembered: users delete by hand, change how long something is kept,
 * and make more. Remembered is only when the next of them has been kept long enough.
 */
import type { Json } from '@troupe/protocol';
import type { Attempts } from '../attempts.ts';
import type { DelegatedRoot, RunEnded } from '../delegate.ts';
import type { Look } from './look.ts';
import type { RetainDefinition } from './definition.ts';

export type RetentionPhase = 'looking' | 'waiting' | 'preparing' | 'creating';

export interface RetentionRun {
  readonly seq: number;
  readonly run: string;
  /** Epoch milliseconds. */
  readonly nominal?: number;
  readonly orderedAt: number;
  phase: RetentionPhase;
  /** In `waiting`: when to look again at the latest. */
  lookAt?: number;
  /** In `preparing`. */
  prepare?: Attempts;
  /** The same for every attempt. */
  request?: PrepareRequest;
  /** In `creating`: the operation. */
  operation?: string;
  cancelled?: true;
  deleted: number;
  deleteFailed: number;
}

/** Input of the task that prepares a creation. */
export interface PrepareRequest {
  /** That of the schedule. */
  readonly input: Json;
  /** Key of the schedule. */
  readonly schedule: string;
  /** Names the run: what is made for it is made once, whoever asks how often. */
  readonly run: string;
  readonly nominal?: number;
  /** Epoch milliseconds until which it is to be kept; absent: for ever. Whoever lists tells it again. */
  readonly keepUntil?: number;
  /** How many there are. */
  readonly total: number;
}

/** Output of the task that prepares: the command that creates, without its id. */
export interface PreparedCommand {
  readonly executor: string;
  readonly resource?: { readonly kind: string; readonly id: string };
  readonly resources?: readonly { readonly kind: string; readonly id: string }[];
  readonly input?: Json;
  readonly options?: { readonly class?: string; readonly onConflict?: string; readonly force?: boolean };
}

export interface Deletion {
  readonly id: string;
  readonly why: 'room' | 'expired';
}

export interface RetentionRoot extends DelegatedRoot {
  lastSeq: number;
  retain: RetainDefinition & { readonly input: Json };
  current?: RetentionRun;
  look?: Look & Attempts;
  /** That run, by operation. */
  deletions: [string, Deletion][];
  /** Number of the last of them. */
  deletionSeq: number;
  /** When something may have been kept long enough, epoch milliseconds. */
  expireAt?: number;
  last?: RunEnded & { readonly run: string };
}

export interface RetentionState {
  readonly key: string;
  root: RetentionRoot | undefined;
}
