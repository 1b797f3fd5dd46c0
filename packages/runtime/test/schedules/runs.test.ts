import { expect } from 'chai';
import { until } from '@troupe/test-infra';
import { sync, startSchedules } from './installation.ts';

describe('the scheduler role', () => {
  it('runs what a schedule says, each nominal time once, and keeps what became of it', async () => {
    await using s = await startSchedules();
    await s.start('scheduler', 'worker');
    await s.schedules.define('backup', { every: '1s', task: sync, input: { of: 'a' } });
    await until(
      'three runs have ended',
      async () => (await s.outcomes('backup')).filter((one) => one.ended === 'succeeded').length >= 3,
      20_000,
    );
    const outcomes = await s.outcomes('backup');
    const nominal = outcomes.map((one) => one.nominal);
    expect(new Set(nominal).size).to.equal(nominal.length);
    expect(s.calls.slice(0, 3).map(({ input }) => input)).to.deep.equal([{ of: 'a' }, { of: 'a' }, { of: 'a' }]);
  });

  it('retries a run under its own name, and ends it with its last outcome', async () => {
    await using s = await startSchedules();
    let left = 2;
    s.does(() => {
      if (left-- > 0) throw new Error('not yet');
    });
    await s.start('scheduler', 'worker');
    await s.schedules.define('stubborn', { every: '30s', task: sync });
    await s.schedules.runNow('stubborn');
    const [only] = await until('the run has ended', async () => {
      const outcomes = await s.outcomes('stubborn');
      return outcomes.some((one) => one.ended !== undefined) ? outcomes : undefined;
    });
    expect(only).to.deep.include({ what: 'ran', ended: 'succeeded' });
    expect(s.calls.map(({ attempt }) => attempt)).to.deep.equal([1, 2, 3]);
    expect(new Set(s.calls.map(({ token }) => token)).size).to.equal(1);
  });

  it('runs nothing while it is paused, and tells why', async () => {
    await using s = await startSchedules();
    await s.start('scheduler', 'worker');
    await s.schedules.define('backup', { every: '1s', task: sync });
    await until('it has run', () => s.calls.length > 0, 10_000);
    await s.schedules.pause('backup', { by: 'ann', reason: 'the cloud is down' });
    const info = await until('it is paused', async () => {
      const found = await s.schedules.show('backup');
      return found?.status === 'paused' ? found : undefined;
    });
    expect(info.text).to.match(/^paused by ann for .*: the cloud is down$/);
    expect(await s.root('backup')).not.to.have.property('timer');
    const before = (await s.root('backup'))!.outcomes.at(-1)!.nominal!;
    await s.schedules.resume('backup');
    await until('it runs again', async () => (await s.outcomes('backup')).at(-1)!.nominal! > before + 1_000);
  });
});

describe('an attempt of a run', () => {
  it('is not begun when its schedule does not wait for it any more', async () => {
    await using s = await startSchedules();
    await s.start('scheduler');
    await s.schedules.define('backup', { every: '1h', task: sync });
    await s.schedules.runNow('backup');
    const run = await until('it is ordered', async () => (await s.root('backup'))?.run);
    // in hand of a worker that died; its schedule has been told in the meantime that it ended
    await s.ended('backup', run);
    await until('the run is over', async () => (await s.root('backup'))?.run === undefined);
    await s.start('worker');
    await until('the attempt is taken off the queue', async () => (await s.queued()) === 0);
    expect(s.calls).to.deep.equal([]);
  });
});
