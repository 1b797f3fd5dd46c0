import { readFileSync } from 'node:fs';
import type { ResourceRecord } from '@troupe/actor';
import { createClient } from '@troupe/client';
import { createKvResourceStore } from '@troupe/jetstream';
import { defineKind } from '@troupe/resource';
import { connectRuntime, defineApp, startScheduler, startSupervisor, startWorker } from '@troupe/runtime';
import { Fatal, handle, withPatch } from '@troupe/task';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { everyHour, look, pullHandlers, pullMachine, type Rows, tasks } from './pull-everything.ts';

const Machine = defineKind({ kind: 'machine' });
const id = (n: number): string => `m-${String(n).padStart(3, '0')}`;
/** By the number of a machine: state, backend id and owner. */
const rows = [
  ['OK', 'b', undefined],
  ['ERRED', 'b', undefined],
  ['OK', '', undefined],
  ['CREATION_SCHEDULED', '', undefined],
  ['UPDATING', 'b', 'somebody'],
] as const;
const COUNT = 150;
const selected = Array.from({ length: COUNT }, (_, n) => n).filter((n) => n % rows.length < 2);

/** On TEST_NATS_URL. */
describe('the recipe for pulling everything', function () {
  this.timeout(60_000);

  it('shows the program that is tested here, word for word', () => {
    const page = readFileSync(new URL('../../../../docs/recipes/pull-everything.md', import.meta.url), 'utf8');
    expect(page).to.contain(readFileSync(new URL('pull-everything.ts', import.meta.url), 'utf8'));
  });

  it('S87 C14 pulls what rests and has a backend id, each once, and nothing else; what is gone becomes ERRED, what is well recovers', async () => {
    const connection = { servers: process.env['TEST_NATS_URL']! };
    const ns = `everything-${process.pid}`;
    const shape = { storage: 'memory', partitions: 2, maxLogBytes: 8_388_608 } as const;
    const runtime = await connectRuntime({ connection, ns, pools: ['default', 'pulls'], applyTopology: true, ...shape });
    const { nc, publisher, subjects } = runtime;
    const store = createKvResourceStore({ nc, publisher, subjects, serverNow: () => runtime.serverNow() });
    const client = createClient(connection, { ns });
    await client.start();
    const table: Rows = {
      async *after(from) {
        const all: ResourceRecord[] = [];
        for await (const row of store.list('machine')) all.push(row);
        yield* all.toSorted((a, b) => (a.id < b.id ? -1 : 1)).filter((row) => from === undefined || row.id > from);
      },
    };
    const looked: string[] = [];
    const app = defineApp({
      name: 'everything',
      executors: [pullMachine(Machine)],
      tasks,
      kinds: [Machine],
      schedules: [],
      handlers: () => [
        ...pullHandlers(table, client),
        handle(look, (_input, { resource }) => {
          looked.push(resource!.id);
          if (resource!.id === id(0)) throw new Fatal('there is no such machine', { code: 'missing_on_backend' });
          return withPatch(null, { runtimeState: 'up' });
        }),
      ],
    });
    const roles = [await startSupervisor(runtime, app), await startScheduler(runtime, app), await startWorker(runtime, app)];
    try {
      for (let n = 0; n < COUNT; n++) {
        const [state, backendId, operation] = rows[n % rows.length]!;
        const error = state === 'ERRED' ? { error: { code: 'cloud_error', message: 'before' } } : {};
        const write = {
          op: 'create',
          ref: Machine.ref(id(n)),
          state,
          set: { backendId, ...error },
          ...(operation === undefined ? {} : { operation }),
        } as const;
        await store.write(write, { turn: 0, effect: `insert ${n}` });
      }
      const quick = { ...everyHour, each: { ...everyHour.each, jitter: '1s' as const, perSecond: 1_000, pageSize: 25 } };
      await client.schedules.define('machines', quick);
      await client.schedules.runNow('machines');
      const pulls = async () => client.operations({ executor: 'machine.pull', limit: 1_000 });
      await until(
        'all were pulled',
        async () => (await pulls()).filter(({ status }) => status === 'ended').length === selected.length,
        40_000,
      );
      expect(looked.toSorted()).to.deep.equal(selected.map(id));
      expect((await pulls()).map(({ outcome }) => outcome)).to.deep.equal(selected.map(() => 'succeeded'));
      const found = new Map<string, ResourceRecord>();
      for await (const row of store.list('machine')) found.set(row.id, row);
      for (let n = 0; n < COUNT; n++) {
        const [state] = rows[n % rows.length]!;
        const wanted = n === 0 ? 'ERRED' : selected.includes(n) ? 'OK' : state;
        expect(found.get(id(n)), id(n)).to.include({ state: wanted, runtimeState: n > 0 && selected.includes(n) ? 'up' : '' });
      }
    } finally {
      await client.stop();
      for (const role of roles.toReversed()) await role.stop();
      await runtime.stop();
    }
  });
});
