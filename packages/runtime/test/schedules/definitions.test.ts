import { expect } from 'chai';
import { defineApp } from '@troupe/runtime';
import { until } from '@troupe/test-infra';
import { once, sync, startSchedules } from './installation.ts';

const daily = { key: 'backup', cron: '30 2 * * *', zone: 'Europe/Berlin', task: sync } as const;

async function refusal(work: Promise<unknown>): Promise<{ code?: string; field?: string; message?: string }> {
  return work.then(
    () => ({}),
    (error: object) => error,
  );
}

describe('the schedules of an app', () => {
  it('are defined at the start of any number of schedulers, and the same again changes nothing', async () => {
    await using s = await startSchedules({ schedules: [daily, { ...daily, key: 'other' }] });
    await s.start('scheduler', 'scheduler');
    const [first] = await until('both are there', async () => {
      const all = await s.schedules.list();
      return all.length === 2 ? all : undefined;
    });
    expect(first).to.deep.include({ status: 'active', code: { app: 'schedules', isChanged: false } });
    const { timer } = (await s.root('backup'))!;
    expect(timer!.at).to.equal((await s.schedules.next('backup', 1))[0]);
    await s.start('scheduler');
    await until('the third has told it too', async () => (await s.root('backup'))!.verbs.length === 3);
    expect((await s.root('backup'))!.timer).to.deep.equal(timer);
  });

  it('keep what people have changed until the code changes, and a pause beyond that', async () => {
    await using s = await startSchedules({ schedules: [daily] });
    await s.start('scheduler');
    await until('it is there', () => s.schedules.show('backup'));
    const { key: _, ...options } = daily;
    await s.schedules.define('backup', { ...options, cron: '0 5 * * *' });
    await s.schedules.pause('backup', { by: 'ann' });
    await s.start('scheduler');
    await until('the code has been told again', async () => (await s.root('backup'))!.verbs.length === 4);
    expect(await s.schedules.show('backup')).to.deep.include({ status: 'paused', code: { app: 'schedules', isChanged: true } });
    s.deploy([{ ...daily, cron: '15 3 * * *' }]);
    await s.start('scheduler');
    await until('the new code holds', async () => (await s.schedules.show('backup'))?.code?.isChanged === false);
    const { definition, status } = (await s.schedules.show('backup'))!;
    expect({ timing: definition!.timing, status }).to.deep.equal({
      timing: { cron: '15 3 * * *', zone: 'Europe/Berlin' },
      status: 'paused',
    });
  });

  it('stay deleted while the code says what it said before', async () => {
    await using s = await startSchedules({ schedules: [daily] });
    await s.start('scheduler');
    await until('it is there', () => s.schedules.show('backup'));
    await s.schedules.delete('backup');
    await until('it is deleted', async () => (await s.root('backup'))!.status === 'deleted');
    await s.start('scheduler');
    await until('the code has been told again', async () => (await s.root('backup'))!.verbs.length === 3);
    expect(await s.schedules.list()).to.deep.equal([]);
    s.deploy([{ ...daily, penaltyCap: 0 }]);
    await s.start('scheduler');
    await until('the new code holds', async () => (await s.schedules.list()).length === 1);
  });

  it('are deleted when the code does not name them any more, and those of people and of other apps are not', async () => {
    await using s = await startSchedules({ schedules: [daily, { ...daily, key: 'other' }] });
    await s.start('scheduler');
    await until('both are there', async () => (await s.schedules.list()).length === 2);
    await s.schedules.define('mine', { every: '1h', task: sync });
    s.deploy([{ ...daily, key: 'other' }]);
    await s.start('scheduler');
    await until('it is deleted', async () => (await s.root('backup'))!.status === 'deleted');
    expect((await s.schedules.list()).map(({ key }) => key)).to.have.members(['other', 'mine']);
  });
});

describe('the schedules of an app that makes no sense', () => {
  const cases: [string, readonly object[]][] = [
    ['schedules.key', [{ ...daily, key: '' }]],
    ['backup', [daily, { ...daily, every: '1h', cron: undefined, zone: undefined }]],
    ['schedules.backup.execute.executor', [{ key: 'backup', every: '1h', execute: { executor: 'nobody' } }]],
    ['schedules.backup.task', [{ key: 'backup', every: '1h', task: once }]],
    ['cron.hour', [{ ...daily, cron: '0 24 * * *' }]],
  ];
  for (const [field, schedules] of cases) {
    it(`S82 is refused when it is defined, by ${field}`, () => {
      const define = () => defineApp({ name: 'x', executors: [], tasks: [sync], handlers: () => [], schedules: schedules as never });
      expect(define).to.throw().with.property('field', field);
    });
  }
});

describe('a schedule that people define', () => {
  it('is refused by its entity with the field, when it comes more often than schedulers allow', async () => {
    await using s = await startSchedules({ minimumInterval: '2s' });
    await s.start('scheduler');
    const refused = await refusal(s.schedules.define('often', { cron: '* * * * * *', task: sync }));
    expect(refused).to.include({ code: 'invalid_options', field: 'cron' });
    expect(await s.schedules.show('often')).to.equal(undefined);
  });

  it('is refused before anything is sent when it makes no sense', async () => {
    await using s = await startSchedules();
    expect(await refusal(s.schedules.define('x', { cron: '99 * * * *', task: sync }))).to.include({
      code: 'invalid_options',
      field: 'cron.minute',
    });
    expect(await refusal(s.schedules.pause('nobody'))).to.include({ code: 'unknown_schedule' });
    expect(await refusal(s.schedules.explain('nobody'))).to.include({ code: 'unknown_schedule' });
  });

  it('is stored and said to be unanswered while no scheduler runs', async () => {
    await using s = await startSchedules({ answerTimeout: '1s' });
    expect(await refusal(s.schedules.define('later', { every: '1h', task: sync }))).to.include({ code: 'unanswered' });
    await s.start('scheduler');
    await until('it is taken', () => s.schedules.show('later'));
  });

  it('is deleted, and may be defined anew', async () => {
    await using s = await startSchedules();
    await s.start('scheduler');
    await s.schedules.define('backup', { every: '1h', task: sync });
    await s.schedules.delete('backup', { by: 'ann' });
    await until('it is gone', async () => (await s.schedules.list()).length === 0);
    expect(await s.schedules.list({ deleted: true })).to.have.lengthOf(1);
    await s.schedules.define('backup', { every: '2h', task: sync });
    const [only] = await s.schedules.list();
    expect(only).to.deep.include({ key: 'backup', status: 'active' });
    expect(only!.next).to.have.lengthOf(5);
  });
});
