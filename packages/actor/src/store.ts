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
  /** What it was before its current operation took it; null while it rests. `restore` puts it back. */
  readonly rested: { readonly state: string; readonly error: WireError | null } | null;
  readonly fence: Fence;
}

/** What a record remembers of its writes, so that a late or repeated one is recognised. */
export interface Fence {
  /** The pair of the last write. Lower pairs are refused. */
  readonly epoch: number;
  /** Revision (stream sequence) of the turn that ordered it. */
  readonly turn: number;
  /**
   * The last writes, oldest first. A list, because one turn may write a resource twice and both are asked for again
   * after a crash; and because an operation whose last write was confirmed only after its successor had taken the
   * resource must hear `already`, not `stale`.
   */
  readonly applied: readonly AppliedWrite[];
  /** Highest turn among the writes that have left the list: what is not newer can be a ghost and is refused. */
  readonly forgotten: number;
  /** The operation whose turn it is, of those that queue: as long as it has not taken or waived it, nobody else may take it. */
  readonly promised?: string;
}

export interface AppliedWrite {
  readonly effect: string;
  readonly turn: number;
  /** State before and after; absent where there was, or is, no record. The transition event is made of these. */
  readonly before?: string;
  readonly after?: string;
}

export interface ResourceChange {
  readonly state?: string;
  readonly runtimeState?: string;
  readonly backendId?: string;
  readonly error?: WireError | null;
  readonly action?: string;
  readonly actionDetails?: Json;
  /** Merged into `data`, key by key; only declared fields are ever sent. */
  readonly data?: JsonObject;
}

/**
 * One write as a behaviour orders it. The host adds the fence when it emits. `event` names the transition event that
 * belongs to the write; without it the event is called `changed` (`created`, `deleted`).
 */
export type ResourceWrite =
  /**
   * Makes the resource owned by `operation`: epoch + 1. Refused with `conflict` while another one owns it, with `state`
   * outside `from` and `runtime`. `seize` overrules owner and state: the privileged unlink.
   */
  | {
      readonly op: 'take';
      readonly ref: ResourceRef;
      readonly operation: string;
      readonly from: readonly string[];
      readonly runtime?: readonly string[];
      readonly set: ResourceChange;
      readonly event?: string;
      readonly seize?: boolean;
    }
  /**
   * Writes under the epoch the operation holds. `from` = states in which it is legal; `finish` gives the resource back;
   * `raise` raises the epoch in the same act (a cancel), so that everything ordered under the old one is stale.
   */
  | {
      readonly op: 'change';
      readonly ref: ResourceRef;
      readonly operation: string;
      readonly epoch: number;
      readonly from?: readonly string[];
      readonly set: ResourceChange;
      readonly event?: string;
      readonly finish?: boolean;
      readonly raise?: boolean;
      /** With `finish`: the operation that may take it next. */
      readonly promise?: string;
    }
  /** Undoes a take after which nothing was started: state and error as they were, action cleared, given back. */
  | { readonly op: 'restore'; readonly ref: ResourceRef; readonly operation: string; readonly epoch: number; readonly event?: string }
  /** Owned by `operation` from the start if one is named. Refused with `exists` unless this very effect made it. */
  | {
      readonly op: 'create';
      readonly ref: ResourceRef;
      readonly state: string;
      readonly set: ResourceChange;
      readonly operation?: string;
      readonly event?: string;
    }
  /** What a pull found: applied only while nobody owns the resource (`conflict`) and it has the revision the pull saw (`stale`). */
  | {
      readonly op: 'patch';
      readonly ref: ResourceRef;
      readonly revision: number;
      readonly from?: readonly string[];
      readonly set: ResourceChange;
      readonly event?: string;
    }
  /** Gives up a promise, in favour of another operation or of nobody. Where it is not promised to `operation` nothing is done. */
  | { readonly op: 'waive'; readonly ref: ResourceRef; readonly operation: string; readonly promise?: string; readonly event?: string }
  /** Removes it, leaving a tombstone. Removing what is gone by the same operation succeeds. */
  | { readonly op: 'remove'; readonly ref: ResourceRef; readonly operation: string; readonly epoch: number; readonly event?: string };

/**
 * `missing`: no such record. `exists`: a create met one. `conflict`: somebody else owns it (`record` says who). `state`:
 * the state or runtime state forbids it. `stale`: a newer epoch or turn has written, or the resource was given back.
 */
export type WriteRefusal = 'missing' | 'exists' | 'conflict' | 'state' | 'stale';

export type WriteOutcome =
  /** `already`: this very effect was applied before; nothing was done. `record` is the current one, absent after a removal. */
  | {
      readonly ok: true;
      readonly already: boolean;
      readonly record?: ResourceRecord;
      readonly before?: { readonly state: string };
      readonly after?: { readonly state: string };
    }
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
