import { createExecutor, createPull, step } from '@troupe/executor';
import { defineKind } from '@troupe/resource';
import { Fatal, withPatch } from '@troupe/task';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { startSchedules, sync } from './installation.ts';

const Thing = defineKind({ kind: 'thing' });
const pull = createPull({
  name: 'thing.pull',
  resource: Thing,
  broken: ['cloud_error'],
  look: () => step('look', sync, { what: 'look' }, { retry: { attempts: 1 } }),
});
const update = createExecutor({
  name: 'thing.update',
  family: 'update',
  resource: Thing,
  plan: () => step('update', sync, { what: 'update' }),
});

describe('a schedule of pulls', () => {
  it('S85 pulls a resource at each nominal time: ERRED once it is gone, and well again', async () => {
    await using s = await startSchedules({ executors: [pull] });
    const ref = await s.thing('t1', 'OK', 'b-1');
    let isThere = false;
    s.does(() => {
      if (!isThere) throw new Fatal('no such thing', { code: 'missing_on_backend' });
      return withPatch(null, { runtimeState: 'up' });
    });
    await s.start('supervisor', 'scheduler', 'worker');
    await s.schedules.define('pull', { every: '1s', execute: { executor: pull, resource: ref } });
    const row = () => s.client.resource(ref);
    await until('it is missing', async () => (await row())?.error?.code === 'missing_on_backend', 20_000);
    isThere = true;
    await until('it is well again', async () => (await row())?.state === 'OK' && (await row())?.runtimeState === 'up', 20_000);
    // a finding of whatever sort is a run that went well
    expect(await s.schedules.show('pull')).to.include({ status: 'active', failures: 0 });
    expect((await s.outcomes('pull')).filter(({ ended }) => ended !== undefined).map(({ ended }) => ended)).to.not.include('failed');
  });

  it('does not count against it that an operation has begun meanwhile', async () => {
    await using s = await startSchedules({ executors: [pull, update] });
    const ref = await s.thing('t1', 'OK', 'b-1');
    let letGo = (): void => undefined;
    const looked = new Promise<void>((resolve) => (letGo = resolve));
    s.does(async (_context, input) => {
      if ((input as { what?: string } | null)?.what !== 'look') return null;
      await looked;
      throw new Fatal('no such thing', { code: 'missing_on_backend' });
    });
    await s.start('supervisor', 'scheduler', 'worker');
    await s.schedules.define('pull', { every: '1h', execute: { executor: pull, resource: ref } });
    await s.schedules.runNow('pull');
    await until('it looks', () => s.calls.length === 1);
    expect(await (await s.client.execute({ executor: 'thing.update', resource: ref })).ended()).to.include({ outcome: 'succeeded' });
    letGo();
    const run = await until('the pull has ended', async () => (await s.outcomes('pull')).find(({ ended }) => ended !== undefined));
    expect(run.error).to.match(/^superseded: /);
    expect(await s.schedules.show('pull')).to.include({ status: 'active', failures: 0 });
    expect(await s.client.resource(ref)).to.include({ state: 'OK', error: null });
  });
});
