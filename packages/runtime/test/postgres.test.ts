// Needs the servers of TEST_NATS_URL and TEST_POSTGRES_URL.
import { expect } from 'chai';
import { createClient } from '@troupe/client';
import { createExecutor, step } from '@troupe/executor';
import { createPool, createPostgresResourceStore, migrate, type TableMapping } from '@troupe/postgres';
import { stateCodes } from '@troupe/resource';
import { connectRuntime, defineApp, startSupervisor, startThrottle, startWorker } from '@troupe/runtime';
import { defineTask, Fatal, handle, withPatch } from '@troupe/task';
import { createSchema } from '@troupe/test-infra';
import { createThing, look, noop, Thing } from './app.ts';

const broken = defineTask({ name: 'broken', idempotent: 'yes' });
const mapping: TableMapping = {
  table: 'things',
  columns: {
    id: 'id',
    state: 'state',
    runtimeState: 'runtime_state',
    action: 'action',
    currentOperation: 'busy_with',
    error: { message: 'error_message', code: 'error_code' },
  },
  states: stateCodes,
};

let count = 0;

async function setup() {
  const schema = await createSchema();
  const pool = createPool({ connectionString: schema.url });
  await migrate(pool, { schema: schema.name });
  await schema.query(`CREATE TABLE things (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), state smallint NOT NULL DEFAULT 5,
    runtime_state varchar(150) NOT NULL DEFAULT '', action varchar(50) NOT NULL DEFAULT '', busy_with text,
    error_message text NOT NULL DEFAULT '', error_code text NOT NULL DEFAULT '')`);
  const stopped: string[] = [];
  const app = defineApp({
    name: 'test',
    executors: [
      createThing,
      createExecutor({ name: 'thing.poke', family: 'action', resource: Thing, plan: () => step('poke', broken, {}) }),
      createExecutor({ name: 'thing.delete', family: 'delete', resource: Thing, plan: () => step('delete', noop, {}) }),
    ],
    tasks: [noop, look, broken],
    handlers: () => [
      handle(noop, () => null),
      handle(look, () => withPatch(null, { runtimeState: 'available' })),
      handle(broken, () => {
        throw new Fatal('it is broken');
      }),
    ],
    resourceStore: () =>
      Object.assign(createPostgresResourceStore({ pool, schema: schema.name, tables: { thing: mapping } }), {
        async [Symbol.asyncDispose]() {
          stopped.push('store');
          await pool.end();
        },
      }),
  });
  const servers = process.env['TEST_NATS_URL']!;
  const ns = `postgres-${process.pid}-${count++}`;
  const runtime = await connectRuntime({
    connection: { servers },
    ns,
    applyTopology: true,
    storage: 'memory',
    maxLogBytes: 1_048_576,
    partitions: 2,
  });
  const roles = [await startThrottle(runtime, app), await startSupervisor(runtime, app), await startWorker(runtime, app)];
  const client = createClient({ servers }, { ns });
  await client.start();
  const stop = async () => {
    await client.stop();
    for (const role of roles.toReversed()) await role.stop();
    await runtime.stop();
    await schema.drop();
  };
  const [inserted] = await schema.query('INSERT INTO things DEFAULT VALUES RETURNING id');
  const resource = { kind: 'thing', id: inserted!['id'] as string };
  const run = async (executor: string) => (await client.execute({ executor, resource })).ended();
  return {
    schema,
    client,
    resource,
    stopped,
    run,
    row: async () => (await schema.query('SELECT * FROM things'))[0],
    [Symbol.asyncDispose]: stop,
  };
}

describe('a supervisor with its resources in a table of the user', () => {
  it('leads a row from its insert to its removal, in the numbers of the old states', async () => {
    const s = await setup();
    try {
      expect(await s.run('thing.create')).to.include({ outcome: 'succeeded' });
      expect(await s.row()).to.include({ state: 3, runtime_state: 'available', error_message: '', busy_with: null });
      expect(await s.run('thing.poke')).to.include({ outcome: 'failed' });
      expect(await s.row()).to.include({ state: 4, action: '', error_message: 'it is broken', busy_with: null });
      expect(await s.run('thing.delete')).to.include({ outcome: 'succeeded' });
      expect(await s.row()).to.equal(undefined);
      const events = await s.schema.query("SELECT body->>'event' AS event FROM troupe_event ORDER BY seq");
      expect(events.map(({ event }) => event)).to.deep.equal([
        'creationStarted',
        'creationSucceeded',
        'updateScheduled',
        'updateStarted',
        'actionFailed',
        'deletionScheduled',
        'deletionStarted',
        'deleted',
      ]);
      expect(s.stopped).to.deep.equal([]);
    } finally {
      await s[Symbol.asyncDispose]();
    }
    expect(s.stopped).to.deep.equal(['store']);
  });

  it('refuses a resource that has no row, and a second operation while one owns it', async () => {
    await using s = await setup();
    const refusal = async (resource: { kind: string; id: string }) => {
      const { answer } = await s.client.execute({ executor: 'thing.delete', resource });
      return answer.answer === 'rejected' ? answer.error.code : answer.answer;
    };
    expect(await refusal({ kind: 'thing', id: 'f'.repeat(8) })).to.equal('unknown_resource');
    // it has not been created yet
    expect(await refusal(s.resource)).to.equal('conflict');
  });
});
