/**
 * A behaviour is what an entity does with a message: deterministic, without I/O, without clock, without chance.
 *
 * It owns a working state that the host keeps between turns and throws away on any failure (a throw, a lost
 * compare-and-set, a freeze), to be built again from the committed record. So `receive` may change its state in place,
 * which keeps a turn O(change) for an entity with ten thousand items; what it may not do is keep anything elsewhere.
 * Tests hold every behaviour to this: rebuilding it from its record between any two messages changes nothing.
 */
import type { Address, Context, Json, Sender } from '@troupe/protocol';
import type { DirectEffect, Effect } from './effects.ts';

/** A message as a behaviour sees it. */
export interface Incoming {
  /** Effect id of the sender. */
  readonly id: string;
  readonly type: string;
  readonly body: Json;
  /** `host`: the host itself, with the outcome of a write. `timer`: a timed send of an entity came due. */
  readonly sender: Sender | 'timer' | 'host';
  /** The entity that sent it, where an entity did. */
  readonly from?: Address;
  /** The id that the state must name for a fired timer to count. */
  readonly timer?: string;
  readonly context: Context;
  /** When the server stored it, epoch milliseconds. */
  readonly storedAt: number;
}

export interface TurnContext {
  readonly self: Address;
  /** The server's time of the newest message of the turn, epoch milliseconds; never the host's clock. */
  readonly now: number;
  /**
   * The server's time when the turn is folded, never before `now`: later by as long as its messages waited for a host. For what must not be done too
   * late; what counts from when it was asked for counts from `now`. Hosts give it.
   */
  readonly foldedAt?: number;
  /** A fresh effect id, for a timer that the state must name. */
  newId(): string;
  /** An unguessable token, from the host's source of chance. */
  token(): string;
  /** In [0, 1), for jitter. */
  random(): number;
}

/** What is stored of an entity: a small root, and items. */
export interface EntityRecord {
  readonly root: Json;
  readonly items: ReadonlyMap<string, Json>;
}

export interface Behaviour<State = unknown> {
  readonly kind: string;
  /** Mail types that each sender may use; a host refuses everything else. Absent = all. */
  mayReceive?(message: Incoming): boolean;
  /**
   * Whether this is mail that makes a record, and hardly ever finds one. The host then does not look for one: it commits under the
   * condition that there is none, and loads it if there is. Absent = never; wrong answers cost a turn, no more.
   */
  begins?(message: Incoming): boolean;
  /** The working state of a record, or of a key that has none. */
  activate(key: string, record: EntityRecord | undefined): State;
  /** Folds one message. A message that answers nothing the state waits for changes nothing: that is what makes a second delivery harmless. */
  receive(state: State, message: Incoming, context: TurnContext): readonly Effect[];
  /**
   * What a message to a quarantined entity still makes it do for others, who need not wait for its release: then the message is
   * acknowledged. Without a state and a turn; twice must be harmless. Undefined (also by what it throws): the message waits.
   */
  whileQuarantined?(message: Incoming, self: Address): readonly DirectEffect[] | undefined;
  /** The root to store, under 64 KB; undefined = no record. Must not depend on the number of items. */
  root(state: State): Json | undefined;
}
