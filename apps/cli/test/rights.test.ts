import type { Service } from '@troupe/actor';
import { createClient } from '@troupe/client';
import { applyTopology, connectNats, createKvResourceStore } from '@troupe/jetstream';
import { connectRuntime, type Runtime, startScheduler, startSupervisor, startThrottle, startWorker } from '@troupe/runtime';
import { createRoleMetrics } from '@troupe/runtime/internal';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { app, write } from './apps/notes.ts';
import { type Layout, startWithUsers } from './users.ts';

async function setup(layout: Layout) {
  const at = await startWithUsers(layout);
  const common = { pools: ['notes'], partitions: 2, maxLogBytes: 16_777_216 };
  const run = (user: string) => connectRuntime({ connection: at.as(user), ...common });
  const admin = await connectNats(at.as('admin'));
  await applyTopology(admin, { subjects: at.subjects, ...common });
  await admin.close();
  const runtimes: Runtime[] = [];
  const roles: Service[] = [];
  const figures: (() => Promise<string>)[] = [];
  for (const [user, start] of [
    ['throttle', startThrottle],
    ['supervisor', startSupervisor],
    ['scheduler', startScheduler],
    ['worker-notes', startWorker],
  ] as const) {
    const runtime = await run(user);
    runtimes.push(runtime);
    roles.push(await start(runtime, app));
    const { endpoint } = createRoleMetrics(user === 'worker-notes' ? 'worker' : user, runtime, { host: '127.0.0.1', port: 0 });
    await endpoint.start();
    roles.push(endpoint);
    figures.push(async () => (await fetch(endpoint.url)).text());
  }
  const registrar = await run('registrar');
  const client = (user: string) => createClient(at.as(user), { checkEvery: '50ms', mayRead: user !== 'producer' });
  return {
    ...at,
    registrar,
    client,
    /** What each role tells to whoever scrapes it. */
    scraped: async () => (await Promise.all(figures.map((one) => one()))).join(''),
    async [Symbol.asyncDispose]() {
      for (const role of roles.toReversed()) await role.stop();
      for (const runtime of [...runtimes, registrar]) await runtime.stop();
      await at[Symbol.asyncDispose]();
    },
  };
}

for (const layout of ['accounts', 'authorization'] as const) {
  describe(`users with the rights of their roles, ${layout === 'accounts' ? 'guests in accounts of their own' : 'all in one account'}`, () => {
    it('run commands, resources, throttles, lone tasks, cancels and schedules, and are never refused', async () => {
      await using at = await setup(layout);
      await using producer = at.client('producer');
      const ended = await (await producer.execute({ executor: 'note.write', input: { text: 'hello' } })).ended();
      expect(ended).to.include({ outcome: 'succeeded' });

      const { nc, publisher, subjects } = at.registrar;
      const store = createKvResourceStore({ nc, publisher, subjects, serverNow: () => at.registrar.serverNow() });
      const ref = { kind: 'book', id: 'b1' };
      await store.write({ op: 'create', ref, state: 'OK', set: {} }, { turn: 0, effect: 'made' });
      expect(await (await producer.execute({ executor: 'book.bind', resource: ref })).ended()).to.include({ outcome: 'succeeded' });

      await using operator = at.client('operator');
      const held = await operator.execute({ executor: 'note.hold' });
      await operator.cancel(held.id);
      expect(await held.ended()).to.include({ outcome: 'cancelled' });

      const { schedules } = operator;
      await schedules.define('tick', { every: '1h', task: write, input: { text: 'tick' } });
      await schedules.define('order', { every: '1h', execute: { executor: 'note.write' }, input: { text: 'tock' } });
      for (const key of ['tick', 'order']) await schedules.runNow(key);
      for (const key of ['tick', 'order'])
        await until(`${key} has run`, async () => (await schedules.explain(key)).outcomes.some((one) => one.ended === 'succeeded'));

      await using reader = at.client('reader');
      expect((await reader.operations()).map(({ executor }) => executor)).to.have.members([
        'note.write',
        'book.bind',
        'note.hold',
        'note.write',
      ]);
      expect(await reader.schedules.list()).to.have.lengthOf(2);
      expect(await reader.follow(held.id).ended()).to.include({ outcome: 'cancelled' });
      expect(await reader.deadLetters()).to.deep.equal([]);
      expect((await reader.queues()).tasks.map(({ class: cls }) => cls)).to.deep.equal(['regular', 'heavy', 'background']);

      {
        await using admin = at.client('admin');
        await admin.prepareSubscription({ name: 'subscriber', topics: [['operation']], from: 'oldest' });
      }
      await using subscriber = at.client('subscriber');
      const ends = new Set<string>();
      const feed = await subscriber.subscribe({ name: 'subscriber', topics: [['operation']], from: 'oldest' }, ({ topic }) => {
        if (topic[3] === 'ended') ends.add(topic[2]!);
      });
      await until('it has heard of every end', () => ends.size === 4);
      await feed.remove();

      await using sender = at.client('sender-notes');
      expect((await (await sender.sendTask(write, { text: 'alone' })).ended()).outcome).to.include({ kind: 'succeeded' });
      expect((await (await sender.sendTask(write, { text: 'bad' })).ended()).outcome).to.include({ kind: 'failed' });

      // each reads for its metrics what its user may read
      expect(await at.scraped())
        .to.include('troupe_tasks_waiting{class="regular",pool="notes"} 0')
        .and.include('troupe_operations{phase="running"}')
        .and.include('troupe_schedules{status="active"} 2')
        .and.include('troupe_throttle_leases{');

      expect(at.violations()).to.deep.equal([]);
    });
  });
}
