/** A stream of its own on the server of the run (or another), gone with the test. */
import { type JetStreamManager, jetstreamManager, type StreamConfig } from '@nats-io/jetstream';
import { type NatsConnection, TimeoutError } from '@nats-io/nats-core';
import { connectNats, type ConnectOptions } from '@troupe/jetstream';

/** Known when the tests run, not yet when they are loaded. */
export const natsUrl = (): string => process.env['TEST_NATS_URL']!;

let count = 0;

const ASK_MS = 1_000;
const ASKS = 8;

/** A request that is sent while this connection is finding its server again is dropped, and a reading one may be sent again. */
async function askAgain<T>(ask: () => Promise<T>): Promise<T> {
  for (let n = 1; ; n++) {
    try {
      return await ask();
    } catch (error) {
      if (n === ASKS || !(error instanceof TimeoutError)) throw error;
    }
  }
}

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
  const jsm = await jetstreamManager(nc, { timeout: ASK_MS });
  const prefix = `t${process.pid.toString(36)}-${count++}`;
  const name = prefix.toUpperCase();
  await jsm.streams.add({ name, subjects: [`${prefix}.>`], allow_direct: true, ...config });
  return {
    nc,
    jsm,
    name,
    prefix,
    async bodies() {
      const { state } = await askAgain(() => jsm.streams.info(name));
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
