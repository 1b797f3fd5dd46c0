import { expect } from 'chai';
import { createExecutor, step, wait } from '@troupe/executor';
import { defineKind } from '@troupe/resource';
import { until } from '@troupe/test-infra';
import { startSchedules, sync } from './installation.ts';

const Thing = defineKind({ kind: 'thing' });
const back = createExecutor({ name: 'thing.back', family: 'action', action: 'back', resource: Thing, plan: () => step('back', sync, {}) });
/** Lives until somebody says so. */
const held = createExecutor({
  name: 'held',
  family: 'free',
  plan: () => wait('go', { signal: 'go', deadline: '1h' }),
});
const executors = [back, held];

describe('a schedule that names an executor', () => {
  it('runs an operation under an id that the nominal time gives it, and learns its end', async () => {
    await using s = await startSchedules({ executors });
    const ref = await s.thing('t1');
    await s.start('supervisor', 'scheduler', 'worker');
    await s.schedules.define('backup', { every: '1s', execute: { executor: back, resource: ref } });
    const outcomes = await until(
      'two runs have ended',
      async () => {
        const found = (await s.outcomes('backup')).filter((one) => one.ended !== undefined);
        return found.length >= 2 ? found : undefined;
      },
      20_000,
    );
    for (const { nominal, operation, ended } of outcomes) {
      expect(operation).to.equal(`schedule.backup.${new Date(nominal!).toISOString().replaceAll(':', '')}`);
      expect(ended).to.equal('succeeded');
      expect(await s.client.operation(operation!)).to.include({ outcome: 'succeeded', executor: 'thing.back', schedule: 'backup' });
    }
  });

  it('lives as long as its operation, and what comes meanwhile is skipped for it', async () => {
    await using s = await startSchedules({ executors });
    await s.start('supervisor', 'scheduler');
    await s.schedules.define('slow', { every: '1s', execute: { executor: 'held' } });
    const skipped = await until(
      'a nominal time is skipped',
      async () => (await s.outcomes('slow')).find((one) => one.what === 'skippedOverlap'),
      20_000,
    );
    const [first] = await s.outcomes('slow');
    expect(skipped.run).to.equal(first!.run);
    expect((await s.schedules.explain('slow')).text).to.match(/^operation schedule\.slow\.\S+ lives for /);
    expect(await s.client.operations()).to.have.lengthOf(1);
    await s.client.signal(first!.operation!, 'go');
    await until(
      'its end is recorded, and the next has begun',
      async () => {
        const ran = (await s.outcomes('slow')).filter((one) => one.what === 'ran');
        return ran.length === 2 && ran[0]!.ended === 'succeeded';
      },
      20_000,
    );
  });

  it('records a conflict, which is no failure, and a refusal, which is one', async () => {
    await using s = await startSchedules({ executors });
    const ref = await s.thing('t1', 'UPDATING');
    await s.start('supervisor', 'scheduler', 'worker');
    await s.schedules.define('busy', { every: '1h', execute: { executor: back, resource: ref } });
    await s.schedules.runNow('busy');
    const end = (key: string) => until(`${key} has ended`, async () => (await s.outcomes(key)).find((one) => one.ended !== undefined));
    expect((await end('busy')).error).to.match(/^conflict: thing t1 is UPDATING/);
    expect(await s.schedules.show('busy')).to.include({ status: 'active', failures: 0 });
    await s.schedules.define('gone', {
      every: '1h',
      pauseOn: 'any',
      execute: { executor: back, resource: { kind: 'thing', id: 'nowhere' } },
    });
    await s.schedules.runNow('gone');
    expect(await end('gone')).to.include({ what: 'ran', ended: 'rejected', error: 'unknown_resource: there is no thing nowhere' });
    expect((await s.schedules.explain('gone')).text).to.match(
      /^paused by itself after a failure for .*: unknown_resource: there is no thing nowhere$/,
    );
  });

  it('cancels its operation when it is deleted, and when the next one is to replace it', async () => {
    await using s = await startSchedules({ executors });
    await s.start('supervisor', 'scheduler');
    await s.schedules.define('newest', { every: '2s', overlap: 'cancelPrevious', execute: { executor: 'held' } });
    const [first] = await until(
      'the second lives',
      async () => {
        const all = (await s.outcomes('newest')).filter(({ what }) => what === 'ran');
        return all.length >= 2 ? all : undefined;
      },
      20_000,
    );
    expect(first!.ended).to.equal('cancelled');
    expect((await s.client.operation(first!.operation!))!.outcome).to.equal('cancelled');
    await s.schedules.delete('newest');
    await until('nothing of it lives', async () => (await s.root('newest'))!.run === undefined);
    expect((await s.client.operations()).map(({ outcome }) => outcome)).to.satisfy((all: string[]) =>
      all.every((one) => one === 'cancelled'),
    );
  });
});
