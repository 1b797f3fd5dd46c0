import { createClient } from '@troupe/client';
import { createExecutor, step } from '@troupe/executor';
import { createKvResourceStore } from '@troupe/jetstream';
import { defineKind } from '@troupe/resource';
import { connectRuntime, defineApp, startScheduler, startSupervisor, startThrottle, startWorker } from '@troupe/runtime';
import { listedPage, type ListedPage, type PreparedCommand, type PrepareRequest, type Retained } from '@troupe/schedule';
import { defineTask, handle } from '@troupe/task';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';

const MAX = 2;
const Backup = defineKind({ kind: 'backup' });
const list = defineTask({ name: 'backups.list', idempotent: 'yes', output: listedPage });
const prepare = defineTask({ name: 'backup.prepare', idempotent: 'token' });
const call = defineTask({ name: 'backup.call', idempotent: 'yes' });
const shape = { storage: 'memory', maxLogBytes: 4_194_304, partitions: 2 } as const;

async function setup() {
  const connection = { servers: process.env['TEST_NATS_URL']! };
  const ns = `retention-${process.pid}`;
  const runtime = await connectRuntime({ connection, ns, applyTopology: true, ...shape });
  const store = createKvResourceStore({ ...runtime, serverNow: () => runtime.serverNow() });
  const made: string[] = [];
  const totals: number[] = [];
  const app = defineApp({
    name: 'backups',
    executors: [
      createExecutor({
        name: 'backup.create',
        family: 'create',
        resource: Backup,
        plan: () => step('make', call, {}, { transition: 'beginCreating' }),
      }),
      createExecutor({
        name: 'backup.delete',
        family: 'delete',
        resource: Backup,
        plan: () => step('drop', call, {}, { transition: 'beginDeleting' }),
      }),
    ],
    tasks: [list, prepare, call],
    handlers: () => [
      handle(list, async (): Promise<ListedPage> => {
        const items = [];
        for await (const { id, state, data } of store.list('backup')) items.push({ key: id, input: { state, ...data } });
        return { items };
      }),
      handle(prepare, async (request): Promise<PreparedCommand> => {
        const { run, keepUntil, total } = request as PrepareRequest;
        const ref = { kind: 'backup', id: `b-${run}` };
        const kept: Retained = { state: '', createdAt: Date.parse(run), ...(keepUntil === undefined ? {} : { keepUntil }) };
        const set = { data: { createdAt: kept.createdAt, ...(keepUntil === undefined ? {} : { keepUntil }) } };
        await store.write({ op: 'create', ref, state: 'CREATION_SCHEDULED', set }, { turn: 0, effect: `made ${ref.id}` });
        made.push(ref.id);
        totals.push(total);
        return { executor: 'backup.create', resource: ref };
      }),
      handle(call, () => ({ backendId: 'x' })),
    ],
  });
  const client = createClient(connection, { ns });
  await client.start();
  const roles = [
    await startThrottle(runtime, app),
    await startSupervisor(runtime, app),
    await startScheduler(runtime, app, { minimumInterval: '1s', minimumRetainInterval: '1s' }),
    await startWorker(runtime, app, { graceMs: 50 }),
  ];
  return {
    client,
    made,
    totals,
    async there(): Promise<string[]> {
      const ids: string[] = [];
      for await (const { id } of store.list('backup')) ids.push(id);
      return ids;
    },
    async [Symbol.asyncDispose]() {
      await client.stop();
      for (const role of roles.toReversed()) await role.stop();
      await runtime.stop();
    },
  };
}

describe('a schedule of backups on a server', () => {
  it('S93 S95: makes one at each nominal time, makes room by operations, and deletes what has been kept long enough', async () => {
    await using s = await setup();
    const { schedules } = s.client;
    const retain = { list, prepare, kind: 'backup', delete: 'backup.delete', max: MAX, recheck: '1s' } as const;
    await schedules.define('nightly', { every: '1s', retain });
    await until('four have been made', () => s.made.length >= 4, 40_000);
    expect(Math.max(...s.totals), 'when one was made').to.be.below(MAX);
    expect(new Set(s.made).size).to.equal(s.made.length);
    expect((await s.there()).length).to.be.at.most(MAX);
    const { outcomes } = (await schedules.show('nightly'))!;
    expect(outcomes.filter(({ ended }) => ended === 'failed')).to.deep.equal([]);
    expect(outcomes.findLast(({ ended }) => ended === 'succeeded')!.counts).to.deep.equal({ created: 1, deleted: 1, deleteFailed: 0 });
    // from now on they are kept for so long; the last one goes when its time has come, though nothing is scheduled any more
    await schedules.define('nightly', { every: '1s', retain: { ...retain, keep: '3s' } });
    const before = s.made.length;
    await until('two more have been made', () => s.made.length >= before + 2, 20_000);
    await schedules.pause('nightly');
    const last = s.made.slice(-1)[0]!;
    await until('the last one is gone', async () => !(await s.there()).includes(last), 30_000);
    await schedules.delete('nightly');
  }).timeout(120_000);
});
