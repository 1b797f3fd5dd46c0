/** The streams of a namespace with one pool, and sources of tasks on it. */
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { sleep, systemClock } from '@troupe/actor';
import type { TaskDelivery, TaskSource } from '@troupe/actor/internal';
import {
  applyTopology,
  connectNats,
  type ConnectOptions,
  createPublisher,
  createServerClock,
  createTaskSource,
  type Publisher,
} from '@troupe/jetstream';
import {
  type Context,
  contextToHeaders,
  createSubjects,
  type Json,
  type QueueClass,
  type Subjects,
  type TaskMessage,
} from '@troupe/protocol';

export const POOL = 'p';
const ACK_WAIT_MS = 1_000;
let namespaces = 0;

export interface TaskQueue extends AsyncDisposable {
  readonly nc: NatsConnection;
  readonly jsm: JetStreamManager;
  readonly subjects: Subjects;
  readonly publisher: Publisher;
  /** A worker of the pool, over a connection of its own if one is given. */
  source(nc?: NatsConnection, publisher?: Publisher): TaskSource;
  send(cls: QueueClass, message: TaskMessage, context?: Context): Promise<void>;
  /** All messages of a stream, oldest first. */
  stored(stream: string): Promise<readonly { readonly subject: string; readonly headers: Context; json<T>(): T }[]>;
  /** Messages of TASKS that are not acknowledged. */
  left(): Promise<number>;
}

export async function createTaskQueue(connection: ConnectOptions = {}, ackWaitMs = ACK_WAIT_MS): Promise<TaskQueue> {
  const subjects = createSubjects(`tasks-${process.pid}-${namespaces++}`);
  const { streams } = subjects;
  const nc = await connectNats({ servers: process.env['TEST_NATS_URL']!, reconnectWaitMs: 50, ...connection });
  const topology = {
    subjects,
    pools: [POOL],
    partitions: 1,
    storage: 'memory',
    taskAckWaitMs: ackWaitMs,
    maxLogBytes: 1_048_576,
  } as const;
  await applyTopology(nc, topology);
  const publisher = createPublisher(nc);
  await publisher.start();
  const clock = createServerClock({ nc, stream: streams.state });
  await clock.start();
  const jsm = await jetstreamManager(nc);
  const sources: TaskSource[] = [];

  return {
    nc,
    jsm,
    subjects,
    publisher,
    source(connected = nc, sender = publisher) {
      const made = createTaskSource({
        nc: connected,
        publisher: sender,
        subjects,
        pool: POOL,
        ackWaitMs,
        serverNow: () => clock.now(),
      });
      sources.push(made);
      return made;
    },
    async send(cls, message, context = {}) {
      const headers = contextToHeaders(context);
      await publisher.publish(subjects.task(cls, POOL, message.task), JSON.stringify(message), { headers });
    },
    async stored(stream) {
      const { state } = await jsm.streams.info(stream);
      const out = [];
      for (let seq = state.first_seq; seq <= state.last_seq && state.messages > 0; seq++) {
        const message = await jsm.direct.getMessage(stream, { seq });
        if (message === null) continue;
        out.push({
          subject: message.subject,
          headers: Object.fromEntries([...message.header].map(([name, values]) => [name, values[0]!])),
          json: <T>() => message.json<T>(),
        });
      }
      return out;
    },
    left: async () => (await jsm.streams.info(streams.tasks)).state.messages,
    async [Symbol.asyncDispose]() {
      for (const one of sources) {
        await one.stopPulling();
        await one.close();
      }
      await clock.stop();
      await publisher.stop();
      const { resources, hosts } = subjects.buckets;
      const names = [...Object.values(streams), `KV_${resources}`, `KV_${hosts}`];
      if (!nc.isClosed()) await Promise.all(names.map((name) => jsm.streams.delete(name)));
      await nc.close();
    },
  };
}

export interface Received {
  readonly deliveries: TaskDelivery[];
  readonly signals: Json[];
  ids(): string[];
}

export async function open(source: TaskSource): Promise<Received> {
  const deliveries: TaskDelivery[] = [];
  const signals: Json[] = [];
  await source.open({ deliver: (delivery) => deliveries.push(delivery), signal: (body) => signals.push(body) });
  const ids = (): string[] => deliveries.map((d) => (JSON.parse(new TextDecoder().decode(d.data)) as TaskMessage).id);
  return { deliveries, signals, ids };
}

export function pull(source: TaskSource, count: number, expiresMs = 1_000, cls: QueueClass = 'regular'): number[] {
  const ends: number[] = [];
  source.pull({ class: cls, count, expiresMs, onEnd: (undelivered) => ends.push(undelivered) });
  return ends;
}

export function elapse(ms: number): Promise<void> {
  return sleep(systemClock, ms);
}

export function task(id: string, more: Partial<TaskMessage> = {}): TaskMessage {
  return {
    v: 1,
    id,
    task: 'do.it',
    input: null,
    attempt: 1,
    attempts: 1,
    token: `t-${id}`,
    idempotencyToken: id,
    timeLimitMs: 1_000,
    orderedAt: 0,
    ...more,
  };
}
