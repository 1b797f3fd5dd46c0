/** The worker's port on JetStream: one durable per class of its pool, outcomes as mail, marks and results on RESULTS. */
import type { NatsConnection } from '@nats-io/nats-core';
import type { TaskDelivery, TaskReceiver, TaskSource } from '@troupe/actor/internal';
import { contextFromHeaders, encodeJson, type Json, type QueueClass, type Sender, type Subjects } from '@troupe/protocol';
import { createDeadLetters } from './dead-letters.ts';
import { readLast } from './direct-get.ts';
import { contextHeaders, encodeMail } from './mail-codec.ts';
import { isWrongSequence, type Publisher } from './publisher.ts';
import { createPuller, type PulledMessage, type Puller } from './puller.ts';
import { taskDurable } from './topology.ts';

export interface TaskSourceOptions {
  readonly nc: NatsConnection;
  readonly publisher: Publisher;
  readonly subjects: Subjects;
  readonly pool: string;
  readonly ackWaitMs: number;
  readonly serverNow: () => number;
}

const PULL_EXPIRES_MS = 5_000;

/**
 * The puller keeps asking for what the worker said it has room for; a slot that is not filled simply stays asked for, so
 * a pull request of the worker never ends undelivered until it stops.
 */
export function createTaskSource(options: TaskSourceOptions): TaskSource {
  const { nc, publisher, subjects, pool } = options;
  const deadLetters = createDeadLetters({ publisher, subjects, serverNow: options.serverNow });
  const pullers = new Map<QueueClass, Puller>();
  const room = new Map<QueueClass, number>();
  const ends = new Map<QueueClass, ((undelivered: number) => void)[]>();
  const raw = new WeakMap<TaskDelivery, PulledMessage>();
  let receiver: TaskReceiver | undefined;
  let unsubscribe: () => void = () => undefined;

  const pullerOf = (cls: QueueClass): Puller => {
    let puller = pullers.get(cls);
    if (puller !== undefined) return puller;
    puller = createPuller({
      nc,
      stream: subjects.streams.tasks,
      durable: taskDurable(cls, pool),
      demand: () => room.get(cls) ?? 0,
      expiresMs: PULL_EXPIRES_MS,
      onMessage(message) {
        room.set(cls, (room.get(cls) ?? 0) - 1);
        const delivery = deliveryOf(cls, message);
        raw.set(delivery, message);
        receiver?.deliver(delivery);
      },
    });
    pullers.set(cls, puller);
    puller.start();
    return puller;
  };

  return {
    pool,
    ackWaitMs: options.ackWaitMs,
    serverNow: options.serverNow,
    open(given) {
      receiver = given;
      const subscription = nc.subscribe(subjects.signal(pool), {
        callback(error, message) {
          if (error !== null) return;
          try {
            receiver?.signal(message.json<Json>());
          } catch {
            // best effort: what cannot be read signals nothing
          }
        },
      });
      unsubscribe = () => subscription.unsubscribe();
      return Promise.resolve();
    },
    pull(request) {
      room.set(request.class, (room.get(request.class) ?? 0) + request.count);
      ends.set(request.class, [...(ends.get(request.class) ?? []).slice(-1), request.onEnd]);
      pullerOf(request.class).wake();
    },
    async stopPulling() {
      await Promise.all([...pullers.values()].map((puller) => puller.stop()));
      for (const [cls, left] of room) ends.get(cls)?.at(-1)?.(left);
      room.clear();
    },
    async flush() {
      await nc.flush();
    },
    close() {
      if (!nc.isClosed()) unsubscribe();
      return Promise.resolve();
    },
    async mail(to, mail, context) {
      const sender: Sender = `task-${pool}`;
      await publisher.publish(subjects.mail(to, sender), encodeMail(mail), { id: mail.id, headers: contextHeaders(context) });
    },
    async result(result, ttlMs) {
      await publisher.publish(subjects.result(result.id), encodeJson(result), { ttlMs });
    },
    async bury(delivery, error) {
      const message = raw.get(delivery);
      if (message !== undefined) await deadLetters.bury(message, ['task', delivery.class, pool], error);
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
      return message === undefined ? undefined : { starts: Number(message.text()), revision: message.sequence };
    },
    async writeMark(id, starts, expected, ttlMs) {
      try {
        await publisher.publish(subjects.mark(pool, id), String(starts), { expectLastSubjectSequence: expected, ttlMs });
        return true;
      } catch (error) {
        if (isWrongSequence(error)) return false;
        throw error;
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
