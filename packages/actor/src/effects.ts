/**
 * Effects are data: what a turn wants done once it is committed. The host gives each an id that is stored with the
 * record, so that an effect emitted again after a crash is recognisably the same one.
 */
import type { Address, Answer, Context, Json, QueueClass, TaskMessage, TaskOutcome, WireError } from '@troupe/protocol';
import type { Incoming } from './behaviour.ts';
import type { ResourceWrite } from './store.ts';

export type Effect =
  /** Mail to an entity; with `at` (epoch ms) a timer, which carries `id` when it fires and can be cancelled by it. */
  | {
      readonly type: 'send';
      readonly to: Address;
      readonly mail: { readonly type: string; readonly body: Json };
      readonly at?: number;
      readonly id?: string;
      readonly context?: Context;
    }
  /** Takes a timed send back. Harmless when it fired already: the state does not name it any more. */
  | { readonly type: 'cancel'; readonly timer: string }
  | { readonly type: 'task'; readonly class: QueueClass; readonly pool: string; readonly message: TaskMessage; readonly context?: Context }
  | { readonly type: 'publish'; readonly topic: readonly string[]; readonly body: Json; readonly context?: Context }
  /** Told to whoever listens; best effort, the record is what answers later. */
  | { readonly type: 'answer'; readonly answer: Answer; readonly replyTo?: string }
  /** Tells running attempts of a pool that they are not wanted any more; best effort, the durable answer is the record. */
  | { readonly type: 'signal'; readonly pool: string; readonly body: Json }
  /** Tells who asked for somebody that has no mailbox, such as a door; best effort, asking again is answered by the record. */
  | { readonly type: 'tell'; readonly to: string; readonly body: Json }
  /** A refusable write of a resource: its outcome comes back as mail `write.ended` in the next turn. */
  | { readonly type: 'write'; readonly write: ResourceWrite; readonly id?: string; readonly context?: Context }
  | { readonly type: 'putItem'; readonly item: string; readonly body: Json }
  | { readonly type: 'removeItem'; readonly item: string }
  | {
      readonly type: 'result';
      readonly id: string;
      readonly task: string;
      readonly attempt: number;
      readonly outcome: TaskOutcome;
      readonly ttlMs: number;
    }
  /** Keeps what could not be handled, as it was sent, so that it can be sent again. */
  | {
      readonly type: 'bury';
      readonly origin: readonly string[];
      readonly reason: string;
      readonly error: WireError;
      /** How often it was tried. Default 1. */
      readonly attempts?: number;
      /** Mail to this entity and who sent it, or a task and its queue. */
      readonly original: { readonly mail: BuriedMail } | { readonly task: TaskMessage; readonly class: QueueClass; readonly pool: string };
    }
  /**
   * Ends the record: items go, the root stays for `ttlMs`, a tombstone (if any) for its own time. `keep`: items that this
   * very turn puts and that stay as long as the root.
   */
  | {
      readonly type: 'end';
      readonly ttlMs: number;
      readonly tombstone?: { readonly ttlMs: number; readonly body: Json };
      readonly keep?: readonly string[];
    }
  /** Takes the end back: the record stays again. What was kept must be put again, for it still has its time to live. */
  | { readonly type: 'reopen' };

/** What leaves without a turn, for others, while an entity is quarantined. */
export type DirectEffect = Extract<Effect, { type: 'send' | 'write' }>;

export type BuriedMail = Pick<Incoming, 'id' | 'type' | 'body' | 'sender' | 'from' | 'timer'>;

/** An effect that must be confirmed, with the id under which it is (and would again be) emitted. */
export type PendingEffect = SinkEffect | PendingTombstone;

/** Of those, what an adapter emits; a tombstone goes to the store of the records. */
export type SinkEffect = Exclude<Effect, { type: 'putItem' | 'answer' | 'signal' | 'tell' | 'end' | 'reopen' }> & {
  readonly id: string;
  readonly context?: Context;
};

/** Of an `end`: emitted like any other effect, so that it is written even if the host dies right after the commit. */
export interface PendingTombstone {
  readonly type: 'tombstone';
  readonly id: string;
  readonly ttlMs: number;
  readonly body: Json;
}

/** What leaves once and is never repeated: nobody may depend on it. */
export type FleetingEffect = Extract<Effect, { type: 'answer' | 'signal' | 'tell' }>;
