/** Bodies of the mail between operations, throttles and the front door. Types and names are the wire: they only grow. */
import type { Command, Json, Outcome, ResourceRef, WireError } from '@troupe/protocol';
import type { HeldLease, Need } from '@troupe/throttle';

/** A resource that an ancestor owns: a child that names it works under the ancestor's epoch and takes nothing. */
export interface LentResource {
  readonly kind: string;
  readonly id: string;
  readonly operation: string;
  readonly epoch: number;
}

export interface CommandMail {
  readonly command: Command;
}

export interface ChildMail {
  readonly command: Command;
  readonly parent: {
    /** Key of the parent. */
    readonly operation: string;
    /** Kind of the parent. Absent = `operation`. */
    readonly kind?: 'schedule' | 'retention';
    readonly node: string;
    readonly leases: readonly HeldLease[];
    readonly lent?: readonly LentResource[];
    /** Wait for resources that others own, until then (epoch ms); absent = reject with `conflict`. */
    readonly waitUntil?: number;
  };
}

export interface ChildAnswered {
  readonly operation: string;
  readonly node: string;
  readonly accepted?: true;
  readonly error?: WireError;
}

/** A backend object that an operation could not remove, and why. */
export interface Orphan {
  readonly kind: string;
  readonly id: string;
  readonly backendId: string;
  readonly error: { readonly code: string; readonly message: string };
}

export interface ChildEnded {
  readonly operation: string;
  readonly node: string;
  readonly outcome: Outcome;
  readonly output?: Json;
  readonly error?: WireError;
  /** Backend objects that it left behind. */
  readonly orphans?: readonly Orphan[];
  /** Resources of the parent that it has touched, as it left them: the parent ends them and must know. */
  readonly touched?: readonly TouchedResource[];
}

export interface TouchedResource extends ResourceRef {
  readonly state: string;
  readonly runtimeState: string;
  readonly backendId: string;
}

/** To an operation: tell me when you end. Answered with `operation.over`, at once if it is over. */
export interface WatchMail {
  readonly node: string;
  /** It waits in the queue for a resource: told one after the other, in the order in which they came. */
  readonly queue?: true;
  /** What it waits for. */
  readonly resource?: ResourceRef;
  /** Handed on by an operation that has ended: who waits. */
  readonly waiting?: string;
}

export interface OverMail {
  readonly operation: string;
  readonly node: string;
  /** It is the receiver's turn to take this one, and these wait behind it now. */
  readonly resource?: ResourceRef;
  readonly queue?: readonly string[];
}

export interface AcquireMail {
  readonly lease: string;
  readonly scope: string;
  readonly need: Need;
  readonly spend?: Need;
  readonly priority?: number;
  readonly share?: string;
  readonly held: readonly HeldLease[];
}

export interface GrantedMail {
  readonly lease: string;
  readonly fence: number;
  readonly scope: string;
  readonly need: Need;
}

export interface RefusedMail {
  readonly lease: string;
  readonly error: WireError;
}

export type { HeldLease };
