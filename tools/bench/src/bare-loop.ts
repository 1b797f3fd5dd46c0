/**
 * The bare loop: operations of n no-op steps on JetStream with no framework. Mail with partitions and priorities, state by
 * compare-and-set, one task per step, acknowledgement after the outcome is stored; no validation, events, errors,
 * timers, retries, ownership or traces. What any runtime adds is measured against this, in the same run.
 */
import {
  jetstream,
  type JetStreamManager,
  jetstreamManager,
  AckPolicy,
  type Consumer,
  type JsMsg,
  RetentionPolicy,
  DiscardPolicy,
} from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { rawHeaders, rawPublisher } from './raw-publisher.ts';

const PARTITIONS = 8;
const MAX_PENDING = 256;

interface BareState {
  readonly id: string;
  step: number;
  readonly steps: number;
}

export interface BareLoop {
  /** Runs one operation to its end; resolves when its last state is stored. */
  run(steps: number): Promise<void>;
  close(): Promise<void>;
}

export async function startBareLoop(nc: NatsConnection, ns: string): Promise<BareLoop> {
  const jsm = await jetstreamManager(nc);
  await createStreams(jsm, ns);
  const publisher = rawPublisher(nc);
  const ended = new Map<string, () => void>();
  const cache = new Map<string, { state: BareState; revision: number }>();
  const busy = new Map<string, Promise<void>>();
  const closers: (() => void)[] = [];
  let next = 0;

  const turn = async (id: string, message: JsMsg): Promise<void> => {
    const mail = message.json<{ type: string; steps?: number }>();
    let entry = cache.get(id);
    if (entry === undefined) entry = { state: { id, step: 0, steps: mail.steps ?? 0 }, revision: 0 };
    else entry.state.step++;
    const headers = rawHeaders([['Nats-Expected-Last-Subject-Sequence', String(entry.revision)]]);
    entry.revision = await publisher.publish(`${ns}.state.${id}`, JSON.stringify(entry.state), headers);
    cache.set(id, entry);
    const { state } = entry;
    if (state.step < state.steps) {
      const body = JSON.stringify({ operation: id, step: state.step });
      await publisher.publish(`${ns}.task.regular`, body, rawHeaders([['Nats-Msg-Id', `${id}.${state.step}`]]));
    } else {
      cache.delete(id);
      ended.get(id)?.();
      ended.delete(id);
    }
    message.ack();
  };

  for (let p = 0; p < PARTITIONS; p++) {
    const consumer = await jetstream(nc).consumers.get(`${ns}_MAIL`, `p${p}`);
    closers.push(
      await consumeWith(
        consumer,
        2 * MAX_PENDING,
        (message) => {
          const id = message.subject.split('.')[3]!;
          const after = busy.get(id) ?? Promise.resolve();
          const work = after.then(() => turn(id, message));
          busy.set(id, work);
          void work.finally(() => {
            if (busy.get(id) === work) busy.delete(id);
          });
        },
        { group: 'g', priority: 0 },
      ),
    );
  }
  const tasks = await jetstream(nc).consumers.get(`${ns}_TASKS`, 'regular');
  closers.push(
    await consumeWith(tasks, 256, (message) => {
      const task = message.json<{ operation: string; step: number }>();
      void publisher
        .publish(
          `${ns}.mail.${task.operation}`,
          JSON.stringify({ type: 'ended', step: task.step }),
          rawHeaders([['Nats-Msg-Id', `${task.operation}.${task.step}.e`]]),
        )
        .then(() => message.ack());
    }),
  );

  return {
    async run(steps) {
      const id = `o${next++}`;
      const done = new Promise<void>((resolve) => ended.set(id, resolve));
      await publisher.publish(`${ns}.mail.${id}`, JSON.stringify({ type: 'start', steps }), rawHeaders([['Nats-Msg-Id', `${id}.s`]]));
      await done;
    },
    async close() {
      for (const close of closers) close();
      for (const name of ['MAIL', 'TASKS', 'STATE']) await jsm.streams.delete(`${ns}_${name}`);
    },
  };
}

async function createStreams(jsm: JetStreamManager, ns: string): Promise<void> {
  await jsm.streams.add({
    name: `${ns}_MAIL`,
    subjects: [`${ns}.mail.*`],
    retention: RetentionPolicy.Workqueue,
    subject_transform: { src: `${ns}.mail.*`, dest: `${ns}.mail.{{partition(${PARTITIONS},1)}}.{{wildcard(1)}}` },
  });
  await jsm.streams.add({ name: `${ns}_TASKS`, subjects: [`${ns}.task.>`], retention: RetentionPolicy.Workqueue });
  await jsm.streams.add({
    name: `${ns}_STATE`,
    subjects: [`${ns}.state.>`],
    max_msgs_per_subject: 1,
    discard: DiscardPolicy.Old,
    allow_direct: true,
  });
  for (let p = 0; p < PARTITIONS; p++) {
    await jsm.consumers.add(`${ns}_MAIL`, {
      durable_name: `p${p}`,
      filter_subject: `${ns}.mail.${p}.>`,
      ack_policy: AckPolicy.Explicit,
      max_ack_pending: MAX_PENDING,
      priority_groups: ['g'],
      priority_policy: 'prioritized' as never,
    });
  }
  await jsm.consumers.add(`${ns}_TASKS`, {
    durable_name: 'regular',
    filter_subject: `${ns}.task.regular`,
    ack_policy: AckPolicy.Explicit,
    max_ack_pending: 512,
  });
}

async function consumeWith(consumer: Consumer, batch: number, callback: (message: JsMsg) => void, extra: object = {}): Promise<() => void> {
  const messages = await consumer.consume({ max_messages: batch, callback, ...extra } as never);
  return () => messages.stop();
}
