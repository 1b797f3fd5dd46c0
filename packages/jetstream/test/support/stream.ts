/** A stream of its own on the server of the run (or another), gone with the test. */
import { type JetStreamManager, jetstreamManager, type StreamConfig } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { connectNats, type ConnectOptions } from '@troupe/jetstream';

/** Known when the tests run, not yet when they are loaded. */
export const natsUrl = (): string => process.env['TEST_NATS_URL']!;

let count = 0;

export interface TestStream extends AsyncDisposable {
  readonly nc: NatsConnection;
  readonly jsm: JetStreamManager;
  readonly name: string;
  /** First token of its subjects. */
  readonly prefix: string;
  /** Bodies of all messages, in order. */
  bodies(): Promise<string[]>;
}

export async function createStream(config: Partial<StreamConfig> = {}, connection: ConnectOptions = {}): Promise<TestStream> {
  const nc = await connectNats({ servers: natsUrl(), reconnectWaitMs: 50, ...connection });
  const jsm = await jetstreamManager(nc);
  const prefix = `t${process.pid.toString(36)}-${count++}`;
  const name = prefix.toUpperCase();
  await jsm.streams.add({ name, subjects: [`${prefix}.>`], allow_direct: true, ...config });
  return {
    nc,
    jsm,
    name,
    prefix,
    async bodies() {
      const { state } = await jsm.streams.info(name);
      if (state.messages === 0) return [];
      const found: string[] = [];
      for (let seq = state.first_seq; seq <= state.last_seq;) {
        for await (const message of await jsm.direct.getBatch(name, { seq, batch: 1_000 })) {
          found.push(message.string());
          seq = message.seq + 1;
        }
      }
      return found;
    },
    async [Symbol.asyncDispose]() {
      if (!nc.isClosed()) await jsm.streams.delete(name).catch(() => undefined);
      await nc.close();
    },
  };
}

/** The error of a promise that must fail. */
export async function failure(promise: Promise<unknown>): Promise<Error & { code?: string; data?: Record<string, unknown> }> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('it did not fail');
}
