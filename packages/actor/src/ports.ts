/** What the entity host needs from an adapter. `jetstream` and `testing` implement these; one conformance suite holds both. */
import type { Address, Json, WireError } from '@troupe/protocol';
import type { FleetingEffect, PendingEffect, SinkEffect } from './effects.ts';
import type { Incoming } from './behaviour.ts';
import type { WriteOutcome } from './store.ts';

/** Where an input lies until it is acknowledged. */
export interface InputRef {
  readonly stream: 'mail' | 'timers';
  readonly sequence: number;
}

/** One delivered message, with the hold on it. */
export interface Delivery {
  readonly to: Address;
  readonly message: Incoming;
  readonly ref: InputRef;
  /** As it was stored, without headers. */
  readonly sizeBytes: number;
  /** Counts from 1; proves nothing after a freeze. */
  readonly deliveries: number;
  /** How often it was put off because its turn threw. */
  readonly tries: number;
  /** Removes it from the stream. Fire and forget: a lost one means a second delivery, which is harmless. */
  ack(): void;
  /** Renews the hold. */
  extend(): void;
}

/** The stored root. Short names: it is written with every turn. */
export interface RootRecord {
  readonly v: 1;
  /** Write id `<nonce>.<turn>`: tells an own commit whose acknowledgement was lost from somebody else's. */
  readonly w: string;
  /** The behaviour's root; absent for a quarantined key that never had a record. */
  readonly s?: Json;
  /** Effects of the last turn, emitted again by an activation that cannot know whether they were. */
  readonly fx: readonly PendingEffect[];
  /** Inputs that were not acknowledged when the turn committed. */
  readonly in: readonly InputRef[];
  /** Per activation nonce the highest item number that counts. */
  readonly nx: Readonly<Record<string, number>>;
  /** Set once ended: seconds of life that every later write of the root must repeat. */
  readonly ttl?: number;
  /** The effects above are doubtful whatever the age: their outcomes were never folded. */
  readonly d?: true;
  /** Quarantine. */
  readonly q?: { readonly reason: string; readonly at: number; readonly message: string };
}

export interface ItemName {
  readonly nonce: string;
  readonly n: number;
}

export interface StoredItem extends ItemName {
  readonly item: string;
  readonly body: Json;
}

export interface LoadedRecord {
  readonly revision: number;
  /** Server time of the commit, epoch milliseconds. */
  readonly storedAt: number;
  readonly root: RootRecord;
  readonly items: readonly StoredItem[];
}

export type CommitOutcome = { readonly ok: true; readonly revision: number } | { readonly ok: false; readonly lastRevision: number };

export interface RecordStore {
  /** The root and all items below it, paged, in the order in which they were stored; items of uncommitted turns included (the host sorts them out). */
  load(address: Address): Promise<LoadedRecord | undefined>;
  /** With `ttlMs` they live as long as the root of an ended record. */
  putItems(address: Address, items: readonly StoredItem[], ttlMs?: number): Promise<void>;
  removeItems(address: Address, items: readonly ItemName[], ttlMs?: number): Promise<void>;
  /** Compare-and-set on the record's own last revision; 0 = there must be none. `text` is the encoded root. */
  commit(address: Address, expectedRevision: number, text: string, ttlMs?: number): Promise<CommitOutcome>;
  /**
   * Whether `revision` is still the record's last one (0 = there is none), as the one who decides knows it: on a cluster
   * the stream's leader, for a replica may be behind.
   */
  isCurrent(address: Address, revision: number): Promise<boolean>;
  putTombstone(address: Address, body: Json, ttlMs: number): Promise<void>;
  /** The server's clock, for judging the age of a record. */
  serverNow(): number;
}

export interface EmitContext {
  readonly from: Address;
  /** Revision of the turn that ordered the effects: part of the fence of every write. */
  readonly revision: number;
}

/** Of a write its outcome; of anything else, that it was refused and would be again. Others end without a word. */
export type EffectEnded =
  | { readonly effect: string; readonly outcome: WriteOutcome }
  | { readonly effect: string; readonly refused: WireError };

export interface EffectSink {
  /** Resolves when every effect is confirmed or refused for good; rejects where the server or a store is away. */
  emit(effects: readonly SinkEffect[], context: EmitContext): Promise<readonly EffectEnded[]>;
  /** Best effort, not awaited. */
  tell(effects: readonly FleetingEffect[]): void;
}

export interface InputStreams {
  /** Whether an input is still unacknowledged in its stream: one direct get. */
  isPresent(ref: InputRef): Promise<boolean>;
  /** Records that a redelivered input is about to be run; returns how often that was recorded. */
  recordStart(ref: InputRef): Promise<number>;
  /** Puts an input off: the same message as a timer, `tries` times tried. Resolves when stored. */
  putOff(delivery: Delivery, atMs: number, tries: number): Promise<void>;
}
