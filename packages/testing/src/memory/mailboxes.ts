/**
 * MAIL and TIMERS in memory: a message stays until it is acknowledged, and is delivered again when its holder dies or
 * lets its hold lapse. Which host gets it, when, and how often is drawn from the seed.
 */
import type { Incoming } from '@troupe/actor';
import type { Delivery, InputRef } from '@troupe/actor/internal';
import type { Address, Context, Json } from '@troupe/protocol';
import type { SeededRandom } from '../seeded-random.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import type { MemoryProcess } from './process.ts';
import { travel } from './travel.ts';

export interface MailboxOptions {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  /** Hold of a delivered message. */
  readonly ackWaitMs: number;
  /** Within this time a message id is stored once. */
  readonly dedupWindowMs: number;
  /** A delivery comes up to so much later than it could; more than 0 shuffles. */
  readonly shuffleMs: number;
  /** How often each message comes again after it was acknowledged. */
  readonly repeats: number;
  /** A repetition comes within so much time. */
  readonly repeatWithinMs: number;
  /** A timer fires up to so late. */
  readonly timerLatenessMs: number;
  /** Probability that a message goes to another host than the owner of its key. */
  readonly stray: number;
}

/** A message on its way into a mailbox. */
export interface Letter {
  readonly id: string;
  readonly type: string;
  readonly body: Json;
  readonly sender: Incoming['sender'];
  readonly from?: Address;
  readonly timer?: string;
  readonly tries?: number;
  readonly context?: Context;
}

export interface Mailboxes {
  /** Stores mail; undefined if its id was seen within the window. */
  post(to: Address, letter: Letter): InputRef | undefined;
  /** Sets a timer under the name of its owner and id, in place of any that stands there. `once`: not if it was set within the window. */
  schedule(
    owner: Address,
    id: string,
    timer: { readonly atMs: number; readonly to: Address; readonly letter: Letter; readonly once: boolean },
  ): void;
  cancel(owner: Address, id: string): void;
  isPresent(ref: InputRef): boolean;
  /** Starts to deliver the mail of these kinds to a process. */
  connect(process: MemoryProcess, kinds: readonly string[], deliver: (delivery: Delivery) => void): void;
  /** Messages that are not acknowledged, timers that have not fired. */
  readonly unacknowledged: number;
  readonly timers: number;
  /** What waits, for the message of a run that does not come to its end. */
  describe(): readonly string[];
}

interface Stored {
  readonly ref: InputRef;
  readonly to: Address;
  readonly text: string;
  readonly storedAt: number;
  deliveries: number;
  repeatsLeft: number;
  cancelHold: (() => void) | undefined;
  waitsForHost: boolean;
}

interface Consumer {
  readonly process: MemoryProcess;
  readonly kinds: ReadonlySet<string>;
  readonly deliver: (delivery: Delivery) => void;
}

interface Timer {
  readonly atMs: number;
  readonly to: Address;
  readonly cancel: () => void;
}

export function createMailboxes(options: MailboxOptions): Mailboxes {
  const { clock, random } = options;
  const messages = new Map<string, Stored>();
  const timers = new Map<string, Timer>();
  const seen = new Map<string, number>();
  let consumers: Consumer[] = [];
  let sequence = 0;

  const nameOf = (ref: InputRef): string => `${ref.stream}.${ref.sequence}`;

  const isRepeated = (stream: string, id: string): boolean => {
    const key = `${stream} ${id}`;
    const at = seen.get(key);
    if (at !== undefined && clock.now() - at < options.dedupWindowMs) return true;
    seen.delete(key);
    seen.set(key, clock.now());
    // oldest first: what has left the window is forgotten, as the server forgets it
    for (const [old, time] of seen) {
      if (clock.now() - time < options.dedupWindowMs) break;
      seen.delete(old);
    }
    return false;
  };

  const consumerOf = (to: Address): Consumer | undefined => {
    const serving = consumers.filter((c) => c.process.alive && c.kinds.has(to.kind));
    if (serving.length === 0) return undefined;
    if (options.stray > 0 && random.chance(options.stray)) return random.pick(serving);
    return serving.reduce((best, c) => (rank(c.process.name, to) > rank(best.process.name, to) ? c : best));
  };

  const offer = (message: Stored, delayMs = 0): void => {
    const shuffled = delayMs + (options.shuffleMs > 0 ? random.int(options.shuffleMs + 1) : 0);
    clock.setTimer(shuffled, () => attempt(message));
  };

  const attempt = (message: Stored): void => {
    if (messages.get(nameOf(message.ref)) !== message) return;
    const consumer = consumerOf(message.to);
    message.waitsForHost = consumer === undefined;
    if (consumer === undefined) return;
    message.deliveries++;
    hold(message);
    const letter = JSON.parse(message.text) as Letter & { context: Context };
    const { tries, ...incoming } = letter;
    consumer.deliver({
      to: message.to,
      message: { ...incoming, storedAt: message.storedAt },
      ref: message.ref,
      sizeBytes: message.text.length,
      deliveries: message.deliveries,
      tries: tries ?? 0,
      ack: () => {
        if (consumer.process.alive) acknowledge(message);
      },
      extend: () => {
        if (consumer.process.alive && messages.get(nameOf(message.ref)) === message) hold(message);
      },
    });
  };

  const hold = (message: Stored): void => {
    message.cancelHold?.();
    message.cancelHold = clock.setTimer(options.ackWaitMs, () => offer(message));
  };

  const acknowledge = (message: Stored): void => {
    if (messages.get(nameOf(message.ref)) !== message) return;
    message.cancelHold?.();
    if (message.repeatsLeft > 0) {
      message.repeatsLeft--;
      offer(message, random.int(options.repeatWithinMs + 1));
    } else messages.delete(nameOf(message.ref));
  };

  const store = (stream: InputRef['stream'], to: Address, letter: Letter): InputRef => {
    const ref: InputRef = { stream, sequence: ++sequence };
    const message: Stored = {
      ref,
      to: travel(to, 'address'),
      text: JSON.stringify(travel({ context: {}, ...letter }, `${letter.type} to ${to.kind}/${to.key}`)),
      storedAt: clock.now(),
      deliveries: 0,
      repeatsLeft: options.repeats,
      cancelHold: undefined,
      waitsForHost: false,
    };
    messages.set(nameOf(ref), message);
    offer(message);
    return ref;
  };

  const timerName = (owner: Address, id: string): string => `${owner.kind}/${owner.key} ${id}`;

  return {
    post: (to, letter) => (isRepeated('mail', letter.id) ? undefined : store('mail', to, letter)),
    schedule(owner, id, { atMs, to, letter, once }) {
      const name = timerName(owner, id);
      if (once && isRepeated('timer', name)) return;
      timers.get(name)?.cancel();
      const late = options.timerLatenessMs > 0 ? random.int(options.timerLatenessMs + 1) : 0;
      // copied now: what is sent later must not be what became of the object meanwhile
      const sent = travel(letter, `${letter.type} to ${to.kind}/${to.key}`);
      const cancel = clock.setTimer(atMs - clock.now() + late, () => {
        timers.delete(name);
        // no window here: the server stores what fires without a message id, so only its receiver can tell a second one
        store('timers', to, sent);
      });
      timers.set(name, { atMs, to, cancel });
    },
    cancel(owner, id) {
      const name = timerName(owner, id);
      timers.get(name)?.cancel();
      timers.delete(name);
    },
    isPresent: (ref) => messages.has(nameOf(ref)),
    connect(process, kinds, deliver) {
      consumers.push({ process, kinds: new Set(kinds), deliver });
      process.onKill(() => {
        consumers = consumers.filter((c) => c.process !== process);
      });
      for (const message of messages.values()) if (message.waitsForHost) offer(message);
    },
    get unacknowledged() {
      return messages.size;
    },
    get timers() {
      return timers.size;
    },
    describe: () => [
      ...[...messages.values()].map(
        (m) => `${m.ref.stream} to ${m.to.kind}/${m.to.key}: ${(JSON.parse(m.text) as Letter).type}, delivered ${m.deliveries} times`,
      ),
      ...[...timers].map(([name, t]) => `timer ${name} to ${t.to.kind}/${t.to.key} in ${Math.round(t.atMs - clock.now())} ms`),
    ],
  };
}

/** Rendezvous: every host of a key knows its owner without asking, and a host that leaves moves only its own keys. */
function rank(host: string, to: Address): number {
  let h = 0x811c9dc5;
  for (const char of `${host} ${to.kind}/${to.key}`) h = Math.imul(h ^ char.codePointAt(0)!, 0x01000193);
  h ^= h >>> 15;
  h = Math.imul(h, 0x735a2d97);
  return (h ^ (h >>> 15)) >>> 0;
}
