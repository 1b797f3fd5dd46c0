/** The worker's port on JetStream: one durable per class of its pool, outcomes as mail, marks and results on RESULTS. */
import type { NatsConnection } from '@nats-io/nats-core';
import { type Clock, type Random, systemClock, systemRandom } from '@troupe/actor';
import type { TaskDelivery, TaskReceiver, TaskSource } from '@troupe/actor/internal';
import { contextFromHeaders, encodeJson, type Json, type QueueClass, type Sender, type Subjects } from '@troupe/protocol';
import { createDeadLetters } from './dead-letters.ts';
import { readLast } from './direct-get.ts';
import { contextHeaders, encodeMail } from './mail-codec.ts';
import { isWrongSequence, type Publisher } from './publisher.ts';
import type { PulledMessage } from './puller.ts';
import { TaskPulls } from './task-pulls.ts';
import { taskDurable } from './topology.ts';

export interface TaskSourceOptions {
  readonly nc: NatsConnection;
  readonly publisher: Publisher;
  readonly subjects: Subjects;
  readonly pool: string;
  /** As the topology has it. */
  readonly ackWaitMs: number;
  readonly serverNow: () => number;
  readonly clock?: Clock;
  readonly random?: Random;
}

export function createTaskSource(options: TaskSourceOptions): TaskSource {
  const { nc, publisher, subjects, pool, clock = systemClock, random = systemRandom } = options;
  const deadLetters = createDeadLetters({ publisher, subjects, serverNow: options.serverNow });
  const pulls = new Map<string, TaskPulls>();
  const raw = new WeakMap<TaskDelivery, PulledMessage>();
  let receiver: TaskReceiver | undefined;
  let unsubscribe: () => void = () => undefined;

  /** A pull's time is that of its inbox, so requests of different length do not share one. */
  const pullsOf = (cls: QueueClass, expiresMs: number): TaskPulls => {
    const name = `${cls} ${expiresMs}`;
    let found = pulls.get(name);
    if (found === undefined) {
      const onMessage = (message: PulledMessage): void => {
        const delivery = deliveryOf(cls, message);
        raw.set(delivery, message);
        receiver?.deliver(delivery);
      };
      found = new TaskPulls({ nc, stream: subjects.streams.tasks, durable: taskDurable(cls, pool), expiresMs, clock, onMessage });
      pulls.set(name, found);
    }
    return found;
  };

  return {
    pool,
    ackWaitMs: options.ackWaitMs,
    serverNow: options.serverNow,
    async open(given) {
      receiver = given;
      const subscription = nc.subscribe(subjects.signal(pool), {
        callback(error, message) {
          if (error !== null) return;
          let body: Json;
          try {
            body = message.json<Json>();
          } catch {
            // best effort: what cannot be read signals nothing
            return;
          }
          receiver?.signal(body);
        },
      });
      unsubscribe = () => subscription.unsubscribe();
    },
    pull({ class: cls, count, expiresMs, onEnd }) {
      pullsOf(cls, expiresMs).ask(count, onEnd);
    },
    async stopPulling() {
      await Promise.all([...pulls.values()].map((one) => one.stop()));
    },
    async flush() {
      await nc.flush();
    },
    close() {
      if (!nc.isClosed()) unsubscribe();
      receiver = undefined;
      return Promise.resolve();
    },
    async mail(to, mail, context) {
      const sender: Sender = `task-${pool}`;
      await publisher.publish(subjects.mail(to, sender), encodeMail(mail), { id: mail.id, headers: contextHeaders(context) });
    },
    async result(result, ttlMs) {
      await publisher.publish(subjects.result(result.id), encodeJson(result), { ttlMs });
    },
    async bury(delivery, error, attempts) {
      const message = raw.get(delivery);
      if (message !== undefined) await deadLetters.bury(message, ['task', delivery.class, pool], error, attempts);
    },
    async waiter(of) {
      const message = await readLast(nc, subjects.streams.state, subjects.state(of));
      if (message === undefined || message.data.length === 0) return undefined;
      const record = JSON.parse(message.text()) as { s?: Json; ttl?: number };
      return { root: record.s ?? null, ended: record.ttl !== undefined };
    },
    async hasResult(id) {
      return (await readLast(nc, subjects.streams.results, subjects.result(id))) !== undefined;
    },
    async readMark(id) {
      const message = await readLast(nc, subjects.streams.results, subjects.mark(pool, id));
      return message === undefined || message.data.length === 0
        ? undefined
        : { starts: Number.parseInt(message.text(), 10), revision: message.sequence };
    },
    async writeMark(id, starts, expected, ttlMs) {
      const subject = subjects.mark(pool, id);
      const text = `${starts} ${random.token()}`;
      try {
        await publisher.publish(subject, text, { expectLastSubjectSequence: expected, ttlMs });
        return true;
      } catch (error) {
        if (!isWrongSequence(error)) throw error;
        // a write whose answer was lost is sent again and refused by itself: the token tells it from somebody else's
        return (await readLast(nc, subjects.streams.results, subject))?.text() === text;
      }
    },
  };
}

function deliveryOf(cls: QueueClass, message: PulledMessage): TaskDelivery {
  return {
    class: cls,
    subject: message.subject,
    sequence: message.sequence,
    data: message.data,
    context: message.hasHeaders ? contextFromHeaders(message.headers()) : {},
    storedAt: message.storedAt,
    deliveries: message.deliveries,
    ack: () => message.ack(),
    extend: () => message.extend(),
    giveBack: (delayMs) => message.nak(delayMs),
  };
}
