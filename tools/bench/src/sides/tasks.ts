/** No-op tasks sent, run and their results stored; and how long a task takes from being sent to its handler. */
import { AckPolicy, jetstream, jetstreamManager, RetentionPolicy } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { noop } from '../app.ts';
import { loaded, oneByOne } from '../load.ts';
import { rawHeaders, rawPublisher } from '../raw-publisher.ts';
import type { Side, SideContext } from '../scenario.ts';
import { startTroupe } from '../troupe.ts';

const IN_FLIGHT = 256;
const times = (isQuick: boolean) => (isQuick ? { warmUp: 10_000, measureMs: 1_200 } : { warmUp: 20_000, measureMs: 2_500 });

/** The lean loop: publish, consume by callback, store a result, acknowledge. */
async function startLeanLoop({ server }: SideContext) {
  const nc = await connect({ servers: server.url, noAsyncTraces: true });
  const jsm = await jetstreamManager(nc);
  await jsm.streams.add({ name: 'TASKS', subjects: ['lean.task.>'], retention: RetentionPolicy.Workqueue });
  await jsm.streams.add({ name: 'RESULTS', subjects: ['lean.result.>'], max_msgs_per_subject: 1 });
  await jsm.consumers.add('TASKS', { durable_name: 'all', ack_policy: AckPolicy.Explicit, max_ack_pending: 2 * IN_FLIGHT });
  const publisher = rawPublisher(nc);
  const ended = new Map<string, () => void>();
  let next = 0;
  let started: (at: number) => void = () => undefined;
  const consumer = await jetstream(nc).consumers.get('TASKS', 'all');
  await consumer.consume({
    max_messages: IN_FLIGHT,
    callback(message) {
      started(performance.now());
      const { id } = message.json<{ id: string }>();
      void publisher.publish(`lean.result.${id}`, JSON.stringify({ id, outcome: null })).then(() => {
        message.ack();
        ended.get(id)?.();
        ended.delete(id);
      });
    },
  });
  const send = (): { stored: Promise<number>; done: Promise<void> } => {
    const id = `t${next++}`;
    const done = new Promise<void>((resolve) => ended.set(id, resolve));
    return { stored: publisher.publish('lean.task.noop', JSON.stringify({ id, input: null }), rawHeaders([['Nats-Msg-Id', id]])), done };
  };
  return { send, onStart: (listener: (at: number) => void) => void (started = listener) };
}

export const leanRate: Side = async (context) => {
  const loop = await startLeanLoop(context);
  const run = async (): Promise<void> => {
    const { stored, done } = loop.send();
    await stored;
    await done;
  };
  const { perSecond, cost } = await loaded(run, { ...context, ...times(context.isQuick), inFlight: IN_FLIGHT, stepsEach: 1 });
  return { values: { perSecond }, cost };
};

export const taskRate: Side = async (context) => {
  const ended = new Map<string, () => void>();
  const troupe = await startTroupe(context, {
    workerOnly: true,
    onWorkerEvent(event) {
      if (event.type !== 'taskEnded') return;
      ended.get(event.id)?.();
      ended.delete(event.id);
    },
  });
  let next = 0;
  const run = async (): Promise<void> => {
    const id = `t${next++}`;
    const done = new Promise<void>((resolve) => ended.set(id, resolve));
    await troupe.client.sendTask(noop, null, { id });
    await done;
  };
  const { perSecond, cost } = await loaded(run, { ...context, ...times(context.isQuick), inFlight: IN_FLIGHT, stepsEach: 1 });
  return { values: { perSecond }, cost };
};

const REST_MS = 2;
const counts = (isQuick: boolean): [warmUp: number, count: number, restMs: number] =>
  isQuick ? [1_000, 500, REST_MS] : [2_000, 1_000, REST_MS];

export const rawLatency: Side = async (context) => {
  const loop = await startLeanLoop(context);
  const sample = async (): Promise<number> => {
    const sentAt = performance.now();
    const started = new Promise<number>((resolve) => loop.onStart(resolve));
    const { stored, done } = loop.send();
    const ms = (await started) - sentAt;
    await stored;
    await done;
    return ms;
  };
  return { values: { ...(await oneByOne(sample, ...counts(context.isQuick))) } };
};

export const taskLatency: Side = async (context) => {
  let ended: () => void = () => undefined;
  const troupe = await startTroupe(context, {
    workerOnly: true,
    onWorkerEvent: (event) => event.type === 'taskEnded' && ended(),
  });
  const sample = async (): Promise<number> => {
    const done = new Promise<void>((resolve) => void (ended = resolve));
    const sentAt = performance.now();
    const started = new Promise<number>((resolve) => void (troupe.watch.noopStarted = resolve));
    await troupe.client.sendTask(noop, null);
    const ms = (await started) - sentAt;
    await done;
    return ms;
  };
  return { values: { ...(await oneByOne(sample, ...counts(context.isQuick))) } };
};
