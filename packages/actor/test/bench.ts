/**
 * A broker in memory, just large enough to drive one or more hosts by hand: mail that stays until acknowledged, records
 * with compare-and-set, effects that are recorded. Faults are set by the test, never drawn.
 */
import type { Behaviour, Clock, Effect, Incoming, PendingEffect, Random } from '@troupe/actor';
import { createEntityHost, type EntityHost, type HostEvent, type HostOptions } from '@troupe/actor';
import type {
  Delivery,
  EffectEnded,
  EffectSink,
  InputRef,
  InputStreams,
  LoadedRecord,
  RecordStore,
  RootRecord,
  StoredItem,
} from '@troupe/actor/internal';
import { type Address, encodeJson, type Json, TroupeError, type WireError } from '@troupe/protocol';

export function manualClock(): Clock & { advance(ms: number): Promise<void>; jump(ms: number): void } {
  let now = 1_000_000;
  let timers: { at: number; run: () => void }[] = [];
  return {
    now: () => now,
    monotonic: () => now,
    setTimer(ms, run) {
      const timer = { at: now + ms, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((t) => t !== timer);
      };
    },
    /** Moves time and fires what comes due, letting promises settle in between. */
    async advance(ms) {
      const end = now + ms;
      for (;;) {
        await settle();
        const next = timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        now = Math.max(now, next.at);
        timers = timers.filter((t) => t !== next);
        next.run();
      }
      now = end;
      await settle();
    },
    /** A freeze: time passes and nothing runs. */
    jump(ms) {
      now += ms;
    },
  };
}

export async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}

export function seededRandom(seed = 1): Random {
  let x = seed;
  const next = (): number => {
    x = (x * 1_103_515_245 + 12_345) % 2_147_483_648;
    return x / 2_147_483_648;
  };
  return { next, token: () => `t${Math.floor(next() * 1e9).toString(36)}${Math.floor(next() * 1e9).toString(36)}` };
}

interface Mailed {
  readonly message: Incoming;
  readonly to: Address;
  deliveries: number;
  tries: number;
}

export interface Broker {
  readonly clock: ReturnType<typeof manualClock>;
  readonly mail: Map<number, Mailed>;
  readonly emitted: PendingEffect[];
  readonly told: Effect[];
  readonly events: HostEvent[];
  readonly commits: { address: string; text: string }[];
  readonly tombstones: Map<string, Json>;
  readonly putOffs: { id: string; tries: number; at: number }[];
  /** When the last hold of each unacknowledged message began. */
  readonly heldSince: Map<number, number>;
  /** The longest that a message was held without being renewed, in milliseconds. */
  longestHoldMs: number;
  readonly items: Map<string, StoredItem>;
  /** Times to live of items that have one, in milliseconds. */
  readonly lives: Map<string, number>;
  /** Runs before the named port call; may throw, hang (by its promise), or return false to lose the acknowledgement of a commit. */
  fault: (call: string) => void | boolean | Promise<void>;
  /** Why the server does not take an effect, now or ever. */
  refuse: (effect: PendingEffect) => WireError | undefined;
  host(behaviour: Behaviour, overrides?: Partial<HostOptions>): EntityHost;
  post(key: string, type: string, body?: Json, extra?: Partial<Incoming>): number;
  /** Delivers everything unacknowledged (again), or only these, as mail unless it says otherwise. */
  deliverAll(host: EntityHost, stream?: InputRef['stream'], only?: readonly number[]): Promise<void>;
  root(key: string): RootRecord | undefined;
}

export function createBroker(kind = 'counter'): Broker {
  const clock = manualClock();
  const records = new Map<string, { revision: number; storedAt: number; text: string }>();
  const items = new Map<string, StoredItem>();
  const mail = new Map<number, Mailed>();
  let sequence = 0;
  let hosts = 0;
  let revision = 100;
  const starts = new Map<number, number>();
  const putOffs = new Map<number, number>();
  const nameOf = (a: Address): string => `${a.kind}/${a.key}`;

  const broker: Broker = {
    clock,
    mail,
    emitted: [],
    told: [],
    events: [],
    commits: [],
    tombstones: new Map(),
    putOffs: [],
    heldSince: new Map(),
    longestHoldMs: 0,
    items,
    lives: new Map(),
    fault: () => undefined,
    refuse: () => undefined,
    host(behaviour, overrides = {}) {
      const store: RecordStore = {
        async load(address): Promise<LoadedRecord | undefined> {
          await broker.fault('load');
          const found = records.get(nameOf(address));
          if (found === undefined) return undefined;
          const prefix = `${nameOf(address)}|`;
          const under = [...items].filter(([name]) => name.startsWith(prefix)).map(([, item]) => item);
          return { revision: found.revision, storedAt: found.storedAt, root: JSON.parse(found.text) as RootRecord, items: under };
        },
        async putItems(address, added, ttlMs) {
          await broker.fault('putItems');
          for (const item of added) if (ttlMs !== undefined) broker.lives.set(`${nameOf(address)}|${item.nonce}.${item.n}`, ttlMs);
          for (const item of added) items.set(`${nameOf(address)}|${item.nonce}.${item.n}`, JSON.parse(encodeJson(item)) as StoredItem);
        },
        async removeItems(address, removed) {
          for (const { nonce, n } of removed) items.delete(`${nameOf(address)}|${nonce}.${n}`);
        },
        async commit(address, expected, text) {
          const kept = await broker.fault('commit');
          const last = records.get(nameOf(address))?.revision ?? 0;
          if (last !== expected) return { ok: false, lastRevision: last };
          records.set(nameOf(address), { revision: ++revision, storedAt: clock.now(), text });
          broker.commits.push({ address: nameOf(address), text });
          if (kept === false) throw new TroupeError('unavailable', 'acknowledgement lost');
          return { ok: true, revision };
        },
        async isCurrent(address, last) {
          return (records.get(nameOf(address))?.revision ?? 0) === last;
        },
        async putTombstone(address, body) {
          await broker.fault('putTombstone');
          broker.tombstones.set(nameOf(address), body);
        },
        serverNow: () => clock.now(),
      };
      const effects: EffectSink = {
        async emit(pending, context) {
          await broker.fault('emit');
          for (const effect of pending) if (effect.type === 'write') await broker.fault('write');
          const ended: EffectEnded[] = [];
          for (const effect of pending) {
            broker.emitted.push(effect);
            const refused = broker.refuse(effect);
            if (refused !== undefined) {
              ended.push({ effect: effect.id, refused });
              continue;
            }
            if (effect.type === 'removeItem') {
              const [nonce, n] = effect.item.split('.');
              await store.removeItems(context.from, [{ nonce: nonce!, n: Number(n) }]);
            }
            if (effect.type === 'write') ended.push({ effect: effect.id, outcome: { ok: true as const, already: false } });
          }
          return ended;
        },
        tell(fleeting) {
          broker.told.push(...fleeting);
        },
      };
      const inputs: InputStreams = {
        isPresent: async (ref: InputRef) => mail.has(ref.sequence),
        async recordStart(ref) {
          const n = (starts.get(ref.sequence) ?? 0) + 1;
          starts.set(ref.sequence, n);
          return n;
        },
        async putOff(delivery, at, tries) {
          await broker.fault('putOff');
          // named by the input that it replaces: twice is once
          const before = putOffs.get(delivery.ref.sequence);
          if (before !== undefined && mail.has(before)) return;
          broker.putOffs.push({ id: delivery.message.id, tries, at });
          const seq = ++sequence;
          putOffs.set(delivery.ref.sequence, seq);
          mail.set(seq, { to: delivery.to, message: delivery.message, deliveries: 0, tries });
        },
      };
      return createEntityHost({
        behaviours: [behaviour],
        records: store,
        effects,
        inputs,
        clock,
        // each host its own chance: nonces must differ, as they do between processes
        random: seededRandom(++hosts),
        dedupWindowMs: 120_000,
        onEvent: (event) => broker.events.push(event),
        ...overrides,
      });
    },
    post(key, type, body = null, extra = {}) {
      const seq = ++sequence;
      const message: Incoming = { id: `m${seq}`, type, body, sender: 'entity', context: {}, storedAt: clock.now(), ...extra };
      mail.set(seq, { to: { kind, key }, message, deliveries: 0, tries: 0 });
      return seq;
    },
    async deliverAll(host, stream = 'mail', only = [...mail.keys()]) {
      const holdEnds = (seq: number): void => {
        broker.longestHoldMs = Math.max(broker.longestHoldMs, clock.now() - (broker.heldSince.get(seq) ?? clock.now()));
        broker.heldSince.delete(seq);
      };
      for (const seq of only) {
        const mailed = mail.get(seq)!;
        mailed.deliveries++;
        broker.heldSince.set(seq, clock.now());
        const delivery: Delivery = {
          to: mailed.to,
          message: mailed.message,
          ref: { stream, sequence: seq },
          sizeBytes: encodeJson(mailed.message.body).length,
          deliveries: mailed.deliveries,
          tries: mailed.tries,
          ack() {
            holdEnds(seq);
            mail.delete(seq);
          },
          extend() {
            holdEnds(seq);
            broker.heldSince.set(seq, clock.now());
          },
        };
        host.deliver(delivery);
      }
      await settle();
    },
    root(key) {
      const found = records.get(nameOf({ kind, key }));
      return found === undefined ? undefined : (JSON.parse(found.text) as RootRecord);
    },
  };
  return broker;
}
