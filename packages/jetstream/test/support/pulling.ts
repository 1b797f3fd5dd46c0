/** A work queue with one consumer, and pullers on it whose deliveries are kept. */
import type { ConsumerConfig } from '@nats-io/jetstream';
import { type ConnectOptions, connectNats } from '@troupe/jetstream';
import { createPuller, type PulledMessage, type Puller, type PullerEvent, type PullerOptions } from '@troupe/jetstream/internal';
import { createStream } from './stream.ts';

const NANOS = 1_000_000;

export interface TestPuller {
  readonly puller: Puller;
  readonly received: PulledMessage[];
  readonly events: PullerEvent[];
  bodies(): string[];
}

export async function setupPulling(consumer: Partial<ConsumerConfig> = {}, connection: ConnectOptions = {}) {
  const stream = await createStream({ retention: 'workqueue' as never }, connection);
  const { jsm, name, prefix } = stream;
  // a hold that no pause of the machine outlasts: a test in which something shall come again says a shorter one
  const addConsumer = () =>
    jsm.consumers.add(name, { durable_name: 'c', ack_policy: 'explicit', ack_wait: 30_000 * NANOS, ...consumer } as ConsumerConfig);
  await addConsumer();
  const ends: (() => Promise<unknown>)[] = [];

  return {
    ...stream,
    addConsumer,
    /** Stores messages, numbered on. */
    async store(count: number, start = 0): Promise<void> {
      for (let i = start; i < start + count; i++) stream.nc.publish(`${prefix}.m`, String(i));
      await stream.nc.flush();
    },
    /** Messages that are in the stream still. */
    async left(): Promise<number> {
      return (await jsm.streams.info(name)).state.messages;
    },
    /** Pulls that stand at the server. */
    async waiting(): Promise<number> {
      return (await jsm.consumers.info(name, 'c')).num_waiting;
    },
    async pull(options: Partial<PullerOptions> = {}): Promise<TestPuller> {
      const nc = options.nc ?? stream.nc;
      const received: PulledMessage[] = [];
      const events: PullerEvent[] = [];
      const puller = createPuller({
        nc,
        stream: name,
        durable: 'c',
        demand: () => 10,
        expiresMs: 1_000,
        onEvent: (event) => events.push(event),
        ...options,
        onMessage(message) {
          received.push(message);
          options.onMessage?.(message);
        },
      });
      puller.start();
      ends.push(() => puller.stop());
      return { puller, received, events, bodies: () => received.map((m) => new TextDecoder().decode(m.data)) };
    },
    /** Another process as the server sees it. */
    async connect(servers: string) {
      const nc = await connectNats({ servers, reconnectWaitMs: 50 });
      ends.push(() => nc.close());
      return nc;
    },
    async [Symbol.asyncDispose]() {
      for (const end of ends.toReversed()) await end();
      await stream[Symbol.asyncDispose]();
    },
  };
}
