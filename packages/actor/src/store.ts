/**
 * The port to resources. A store guards and fences; it knows no life-cycle: the legal transitions are data of the
 * `resource` package and arrive here as `expect` and `set`.
 */
import type { Json, JsonObject, ResourceRef, WireError } from '@troupe/protocol';

export interface ResourceRecord {
  readonly kind: string;
  readonly id: string;
  readonly state: string;
  /** Backend vocabulary, free text of at most 150 characters; empty = unknown. */
  readonly runtimeState: string;
  /** Empty = never created on the backend. */
  readonly backendId: string;
  readonly error: WireError | null;
  /** At most 50 characters; empty = none. */
  readonly action: string;
  readonly actionDetails: Json;
  /** Id of the operation that owns the resource, or null when it rests. */
  readonly currentOperation: string | null;
  /** Raised by every accept, cancel and unlink; every write names it. */
  readonly epoch: number;
  readonly data: JsonObject;
  /** Epoch milliseconds of the last write. */
  readonly modified: number;
  /** Store revision: a write with another one is refused. */
  readonly revision: number;
  /** The (epoch, turn revision) of the last fenced write, and its effect id. */
  readonly fence: Fence | null;
}

export interface Fence {
  readonly epoch: number;
  /** Revision (stream sequence) of the turn that ordered the write. */
  readonly turn: number;
  /** Id of the effect: the same pair with the same id is answered `already`. */
  readonly effect: string;
}

export interface ResourceChange {
  readonly state?: string;
  readonly runtimeState?: string;
  readonly backendId?: string;
  readonly error?: WireError | null;
  readonly action?: string;
  readonly actionDetails?: Json;
  readonly currentOperation?: string | null;
  /** Merged into `data`, key by key; only declared fields are ever sent. */
  readonly data?: JsonObject;
}

/** One write as a behaviour orders it. The host adds the fence when it emits. */
export type ResourceWrite =
  /** Makes the resource owned by `operation`: epoch + 1. Refused with `conflict` while another one owns it. */
  | { readonly op: 'take'; readonly ref: ResourceRef; readonly operation: string; readonly from: readonly string[]; readonly runtime?: readonly string[]; readonly set: ResourceChange }
  /** Writes under the epoch the operation holds. `from` = states in which it is legal; `finish` gives the resource back. */
  | { readonly op: 'change'; readonly ref: ResourceRef; readonly operation: string; readonly epoch: number; readonly from?: readonly string[]; readonly set: ResourceChange; readonly event?: string; readonly finish?: boolean }
  | { readonly op: 'create'; readonly ref: ResourceRef; readonly state: string; readonly set: ResourceChange; readonly operation?: string }
  /** Removes it, leaving a tombstone. Removing what is gone by the same operation succeeds. */
  | { readonly op: 'remove'; readonly ref: ResourceRef; readonly operation: string; readonly epoch: number };

export type WriteRefusal = 'missing' | 'exists' | 'conflict' | 'state' | 'stale';

export type WriteOutcome =
  /** `already`: this very effect was applied before; nothing was done. `record` is absent after `remove`. */
  | { readonly ok: true; readonly already: boolean; readonly record?: ResourceRecord; readonly before?: { readonly state: string } }
  | { readonly ok: false; readonly reason: WriteRefusal; readonly record?: ResourceRecord };

/** Body of the mail `write.ended`, which the host folds into the turn after the one that ordered the write. */
export interface WriteEnded {
  readonly effect: string;
  readonly outcome: WriteOutcome;
}

export interface ResourceStore {
  get(ref: ResourceRef): Promise<ResourceRecord | undefined>;
  /**
   * Applies one fenced write. Idempotent by `fence.effect`; refuses a pair (epoch, turn) lower than the last one
   * (`stale`). Throws only when the store does not answer (`unavailable`), never for a refusal.
   */
  write(write: ResourceWrite, fence: { readonly turn: number; readonly effect: string }): Promise<WriteOutcome>;
  list(kind?: string): AsyncIterable<ResourceRecord>;
}
