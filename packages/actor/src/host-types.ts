/** What an entity host is given, what it tells, and what it is from outside. */
import type { Address, WireError } from '@troupe/protocol';
import type { Behaviour } from './behaviour.ts';
import type { Clock, Random } from './clock.ts';
import type { EntityRecordState } from './entity-record.ts';
import type { FreezeGuard } from './freeze-guard.ts';
import type { Delivery, EffectSink, InputStreams, RecordStore } from './ports.ts';
import type { RecordLimits } from './record-limits.ts';
import type { SupervisionOptions } from './supervision.ts';

export interface HostOptions {
  readonly behaviours: readonly Behaviour[];
  readonly records: RecordStore;
  readonly effects: EffectSink;
  readonly inputs: InputStreams;
  readonly clock: Clock;
  readonly random: Random;
  /** Window within which the server drops a message id it has seen; an activation younger than half of it emits again. */
  readonly dedupWindowMs: number;
  /**
   * Hold of a delivered message, renewed here while its turn runs. A turn that cannot be applied for so long is put off.
   * Default 2000.
   */
  readonly ackWaitMs?: number;
  /**
   * Turns at once; what is over waits, held and renewed, mail and timers by turns. Those that wait for a store which is away do not count.
   * Default 256.
   */
  readonly maxTurns?: number;
  /** Records kept in memory when idle. Default 1000; more costs memory, fewer costs loads. */
  readonly maxResident?: number;
  /**
   * Messages folded into one turn at the most (512, 1 MiB; a larger one has a turn of its own), the state in a root (64 KiB),
   * a root with the effects of its turn (1,000,000 bytes; must fit the server's `max_payload` with some headers).
   */
  readonly limits?: Partial<RecordLimits>;
  readonly supervision?: Partial<SupervisionOptions>;
  /** Asked before every turn; its `onThaw` must call {@link EntityHost.thaw}. */
  readonly guard?: FreezeGuard;
  readonly onEvent?: (event: HostEvent) => void;
}

export type HostEvent =
  | {
      readonly type: 'turnCommitted';
      readonly address: Address;
      readonly revision: number;
      readonly messages: number;
      readonly effects: number;
    }
  | { readonly type: 'turnIgnored'; readonly address: Address; readonly messages: number }
  | { readonly type: 'conflict'; readonly address: Address }
  | { readonly type: 'activated'; readonly address: Address; readonly emittedAgain: number; readonly items: number }
  | {
      readonly type: 'messageFailed';
      readonly address: Address;
      readonly messageType: string;
      readonly tries: number;
      readonly error: WireError;
    }
  | { readonly type: 'quarantined'; readonly address: Address; readonly error: WireError }
  | { readonly type: 'refused'; readonly address: Address; readonly messageType: string; readonly sender: string }
  /** A store was down for longer than the hold: the messages come again as timers, at `atMs` (epoch milliseconds). */
  | { readonly type: 'putOff'; readonly address: Address; readonly messages: number; readonly atMs: number; readonly error: WireError }
  | { readonly type: 'unavailable'; readonly address: Address; readonly error: WireError };

export interface EntityHost {
  deliver(delivery: Delivery): void;
  /** The thaw rule: forgets every message that is not in a running turn and every cached record. */
  thaw(): void;
  /** Resolves when no turn runs and nothing is queued. */
  idle(): Promise<void>;
  /** Lets running turns end, drops what is queued (it comes again elsewhere). */
  stop(): Promise<void>;
  readonly resident: number;
}

export interface Loaded {
  readonly record: EntityRecordState;
  readonly state: unknown;
  /** Nobody has looked whether there is a record: the first commit will tell. */
  readonly isAssumed?: true;
  /** Its last effects were refused for good, and nobody can be told: to be quarantined. */
  readonly refused?: WireError;
}
