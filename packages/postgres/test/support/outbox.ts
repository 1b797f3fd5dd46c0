/** An outbox of its own for a test, relays on it, and a publisher that remembers in which order it was asked. */
import {
  enqueue,
  type CommandPublisher,
  createRelay,
  type EnqueueRequest,
  type OutboxCommand,
  type Pool,
  type RelayEvent,
  type RelayOptions,
} from '@troupe/postgres';
import type { Service } from '@troupe/actor';
import { createDatabase } from './database.ts';

export interface Recorder extends CommandPublisher {
  readonly commands: OutboxCommand[];
  readonly inputs: () => unknown[];
  /** Called before each publish; may throw, or take its time. */
  before: (command: OutboxCommand) => unknown;
}

export function createRecorder(): Recorder {
  const commands: OutboxCommand[] = [];
  const recorder: Recorder = {
    commands,
    inputs: () => commands.map(({ body }) => (JSON.parse(body) as { input: unknown }).input),
    before: () => undefined,
    async publish(command) {
      await recorder.before(command);
      commands.push(command);
    },
  };
  return recorder;
}

export async function setupOutbox(url?: string) {
  const database = await createDatabase(url);
  const { schema, pool } = database;
  const publisher = createRecorder();
  const events: RelayEvent[] = [];
  const relays: Service[] = [];
  const inTransaction = async <T>(
    body: (send: (request: EnqueueRequest) => Promise<string>, tx: Pick<Pool, 'query'>) => Promise<T>,
  ): Promise<T> => {
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      const result = await body((request) => enqueue(client, request, { schema: schema.name }), client);
      await client.query('COMMIT');
      return result;
    } catch (error) {
      await client.query('ROLLBACK');
      throw error;
    } finally {
      client.release();
    }
  };
  return {
    schema,
    pool,
    publisher,
    events,
    newPool: database.newPool,
    inTransaction,
    async relay(options: Partial<RelayOptions> = {}): Promise<Service> {
      const relay = createRelay({
        pool: database.newPool(),
        publisher,
        schema: schema.name,
        onEvent: (event) => events.push(event),
        ...options,
      });
      relays.push(relay);
      await relay.start();
      return relay;
    },
    async waiting(): Promise<number> {
      return Number((await schema.query('SELECT count(*) AS n FROM troupe_outbox'))[0]!['n']);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(relays.map((relay) => relay.stop()));
      await database[Symbol.asyncDispose]();
    },
  };
}
