/**
 * What the record of a fan-out holds. One entity `fanout/<key>` for the schedule `<key>`, because which objects live must be
 * known beyond the run of one nominal time.
 *
 *     (none) ──start──▶ listing ◀──▶ starting ──no page left──▶ started ──the last object has ended, or close──▶ idle ──start──▶ listing
 *
 * The root holds the run and what lives, never more than `inFlight` objects; the objects of a page are one item, kept until the
 * last of them has ended. What has not been listed yet is behind the cursor.
 */
import type { Json } from '@troupe/protocol';
import type { Attempts } from '../attempts.ts';
import type { DelegatedRoot, RunEnded } from '../delegate.ts';
import type { EachDefinition, EachExecute, TaskPart } from './definition.ts';
import type { ListedObject } from './listing.ts';
import type { Penalties } from './penalties.ts';

/** An object whose run lives: it waits for its first start, for its retry, or for an outcome. */
export interface LiveObject extends Attempts {
  /** Names the item that holds its input. */
  readonly page: string;
  readonly at: number;
  /** Its run, once it was ordered; it has no attempts of its own then. */
  operation?: string;
}

export interface Page {
  readonly seq: number;
  readonly run: string;
  /** One of these two. */
  readonly task?: TaskPart;
  readonly execute?: EachExecute;
  readonly items: readonly ListedObject[];
}

export interface Failure {
  readonly key: string;
  readonly error: string;
}

/** Of one run; `listed` = `succeeded` + `failed` + `unknown` + `cancelled` + `conflicted` + `skippedOverlap` + `skippedPenalty` + `carriedOver` + `notStarted` when it has ended. */
export interface FanoutCounts {
  listed: number;
  succeeded: number;
  failed: number;
  unknown: number;
  cancelled: number;
  /** Of operations: somebody else had the resource, which is no failure. */
  conflicted?: number;
  /** The object's run of an earlier nominal time still lived. */
  skippedOverlap: number;
  /** The object has failed before. */
  skippedPenalty?: number;
  /** Still lived when the run was closed; each ends by itself. */
  carriedOver: number;
  /** Listed when the run was cancelled, and never started. */
  notStarted: number;
}

export interface FanoutRun {
  readonly seq: number;
  readonly run: string;
  readonly nominal?: number;
  readonly orderedAt: number;
  readonly each: EachDefinition & { readonly input: Json };
  /** Alive while a page is listed. */
  list?: Attempts;
  /** Pages listed. */
  pages: number;
  /** Where the next page begins; absent before the first and after the last. */
  cursor?: string;
  listedAll?: true;
  /** The page whose objects are being started, and the next of them. */
  page?: { readonly name: string; next: number };
  counts: FanoutCounts;
  /** The first ones, by the definition's `keepFailures`. */
  failures: Failure[];
  /** Why the listing failed: what was started goes on, nothing more is listed. */
  error?: { readonly code: string; readonly message: string };
  cancelled?: true;
  toldStarted?: true;
}

export interface FanoutEnded extends RunEnded {
  readonly run: string;
  readonly at: number;
  readonly tookMs: number;
  readonly failures: readonly Failure[];
}

/** Its one timer wakes it for the rate, for retries, for jitter. */
export interface FanoutRoot extends DelegatedRoot {
  lastSeq: number;
  current?: FanoutRun;
  /** See `rate.ts`. */
  rateAt?: number;
  /** The run before. */
  last?: FanoutEnded;
  penalties?: Penalties;
}

export interface FanoutState {
  readonly key: string;
  root: FanoutRoot | undefined;
  /** By the key of the object; in the stored root a list of pairs, for a key may be any text. */
  readonly live: Map<string, LiveObject>;
  readonly pages: Map<string, Page>;
}
