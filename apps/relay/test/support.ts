/** A whole installation with its resources in PostgreSQL: roles, a client, an outbox, and relays as processes or inside. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createRelayService, type RelayServiceOptions } from '@troupe/app-relay';
import { createClient } from '@troupe/client';
import { createExecutor, step } from '@troupe/executor';
import {
  createPool,
  createPostgresResourceStore,
  enqueue,
  type EnqueueRequest,
  migrate,
  type Queryable,
  type TableMapping,
} from '@troupe/postgres';
import type { JsonObject } from '@troupe/protocol';
import { defineKind, stateCodes } from '@troupe/resource';
import { connectRuntime, defineApp, startSupervisor, startWorker } from '@troupe/runtime';
import { defineTask, handle } from '@troupe/task';
import { createSchema, startSource, until } from '@troupe/test-infra';
import { z } from 'zod';

const DEDUP_MS = 100;
const Volume = defineKind({ kind: 'volume' });
const input = z.record(z.string(), z.unknown());
const make = defineTask({ name: 'make', idempotent: 'token' });
const createVolume = createExecutor({
  name: 'volume.create',
  family: 'create',
  resource: Volume,
  input,
  plan: (asked) => step('make', make, asked.input as JsonObject, { transition: 'beginCreating' }),
});
const stampVolume = createExecutor({
  name: 'volume.stamp',
  family: 'action',
  resource: Volume,
  input,
  plan: (asked) => step('make', make, asked.input as JsonObject),
});
const report = createExecutor({ name: 'report', family: 'free', input, plan: (asked) => step('make', make, asked.input as JsonObject) });

/** The table of somebody's service, with the numbers of the old states. */
const VOLUMES = `CREATE TABLE volumes (id text PRIMARY KEY, state smallint NOT NULL DEFAULT 5, runtime_state text NOT NULL DEFAULT '',
  error_message text NOT NULL DEFAULT '', size int)`;
const mapping: TableMapping = {
  table: 'volumes',
  columns: { id: 'id', state: 'state', runtimeState: 'runtime_state', error: { message: 'error_message' }, data: { size: 'size' } },
  states: stateCodes,
};

let count = 0;

export interface CommandSeen {
  readonly id: string;
  readonly executor: string;
  readonly resource?: { readonly kind: string; readonly id: string };
  readonly input: unknown;
}

export type Installation = Awaited<ReturnType<typeof startInstallation>>;

export async function startInstallation(options: { readonly servers?: string; readonly database?: string } = {}) {
  const servers = options.servers ?? process.env['TEST_NATS_URL']!;
  const ns = `relay-${process.pid}-${count++}`;
  const schema = await createSchema(options.database);
  const pool = createPool({ connectionString: schema.url });
  await migrate(pool, { schema: schema.name });
  await schema.query(VOLUMES);
  const runs: unknown[] = [];
  const hooks = { beforeRun: (_input: unknown): unknown => undefined };
  const app = defineApp({
    name: 'shop',
    executors: [createVolume, stampVolume, report],
    tasks: [make],
    handlers: () => [
      handle(make, async (input) => {
        await hooks.beforeRun(input);
        runs.push(input);
        return null;
      }),
    ],
    resourceStore: () => {
      const own = createPool({ connectionString: schema.url });
      const store = createPostgresResourceStore({ pool: own, schema: schema.name, tables: { volume: mapping } });
      return Object.assign(store, { [Symbol.asyncDispose]: () => own.end() });
    },
  });
  const runtime = await connectRuntime({
    connection: { servers },
    ns,
    applyTopology: true,
    storage: 'memory',
    maxLogBytes: 1_048_576,
    partitions: 2,
    dedupWindowMs: DEDUP_MS,
  });
  const roles = [await startSupervisor(runtime, app), await startWorker(runtime, app)];
  const client = createClient({ servers }, { ns });
  await client.start();
  // what the front door is given, in its order: a stream tells its messages to whoever listens to their subjects
  const commands: CommandSeen[] = [];
  runtime.nc.subscribe(runtime.subjects.command('volume.create').replace(/[^.]+$/, '>'), {
    callback: (_, message) => void commands.push(message.json<CommandSeen>()),
  });
  const answers: { readonly operation: string; readonly answer: string }[] = [];
  runtime.nc.subscribe(runtime.subjects.answer('x').replace(/[^.]+$/, '>'), {
    callback: (_, message) => void answers.push(message.json()),
  });
  await runtime.nc.flush();
  const children = new Set<ChildProcess>();
  const services: AsyncDisposable[] = [];

  return {
    schema,
    pool,
    client,
    runs,
    hooks,
    commands,
    /** How often a handler ran with the input `{ make }`. */
    runsOf: (wanted: string) => runs.filter((input) => (input as { make?: string }).make === wanted).length,
    /** What was answered to the commands for an operation, in order. */
    answers: (id: string) => answers.filter(({ operation }) => operation === id).map(({ answer }) => answer),
    /** Resolves when the server has forgotten the publish of a row: the same id is stored anew. */
    async forgetWindow(id: string): Promise<void> {
      const probe = `outbox.${id}.probe`;
      const subject = runtime.subjects.event(['probe']);
      await runtime.publisher.publish(subject, '{}', { id: probe });
      await until('the window to pass', async () => !(await runtime.publisher.publish(subject, '{}', { id: probe })).duplicate, 10_000, 50);
    },
    /** Sends inside of the transaction of `tx`. */
    send: (tx: Queryable, request: EnqueueRequest) => enqueue(tx, request, { schema: schema.name }),
    async begin() {
      const tx = await pool.connect();
      await tx.query('BEGIN');
      const end = async (how: 'COMMIT' | 'ROLLBACK') => {
        await tx.query(how);
        tx.release();
      };
      return { tx, commit: () => end('COMMIT'), rollback: () => end('ROLLBACK') };
    },
    async relay(more: Partial<RelayServiceOptions> = {}) {
      const relay = createRelayService({
        database: { connectionString: schema.url },
        schema: schema.name,
        connection: { servers },
        ns,
        ...more,
      });
      services.push(relay);
      await relay.start();
      return relay;
    },
    /** A relay as a process; with a point, it kills itself there. */
    async relayProcess(point?: string): Promise<ChildProcess> {
      const env = { ...process.env, TROUPE_DATABASE: schema.url, TROUPE_SCHEMA: schema.name, TROUPE_SERVERS: servers, TROUPE_NS: ns };
      return await startSource(new URL('relay-process.ts', import.meta.url), [point ?? ''], { children, env, isOneFile: false });
    },
    waiting: async () => Number((await schema.query('SELECT count(*) AS n FROM troupe_outbox'))[0]!['n']),
    volume: async (id: string) => (await pool.query(`SELECT * FROM ${schema.name}.volumes WHERE id = $1`, [id])).rows[0],
    ended: (id: string) => until(`operation ${id}`, () => client.operation(id), 20_000).then(() => client.follow(id).ended()),
    async [Symbol.asyncDispose]() {
      for (const service of services) await service[Symbol.asyncDispose]();
      for (const child of children) {
        const gone = once(child, 'exit');
        child.kill('SIGKILL');
        await gone;
      }
      await client.stop();
      for (const role of roles.toReversed()) await role.stop();
      await runtime.stop();
      await pool.end();
      await schema.drop();
    },
  };
}
