// needs TEST_NATS_URL
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { everyTimeDecided } from '../schedules/coverage.ts';
import { startSchedules, stubborn } from '../schedules/installation.ts';

describe('G12 no two live runs of one key', () => {
  it('while a run is slow, its scheduler is killed and its retry waits: what comes meanwhile is skipped for it, and recorded', async () => {
    await using s = await startSchedules();
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    s.does(async ({ attempt }) => {
      if (attempt === 1 && s.calls.length === 1) {
        await released;
        throw new Error('not yet');
      }
    });
    await s.start('worker');
    const victim = await s.spawn();
    await s.schedules.define('slow', { every: '1s', task: stubborn });
    const first = await until('the first run has begun', () => s.calls[0], 20_000);
    await s.start('scheduler');
    await s.kill(victim);
    const kept = await until(
      'three more nominal times are decided',
      async () => {
        const all = (await s.outcomes('slow')).filter(({ what }) => what !== 'coalesced');
        return all.length >= 4 ? all : undefined;
      },
      30_000,
    );
    expect(kept.map(({ what }) => what)).to.deep.equal(['ran', ...kept.slice(1).map(() => 'skippedOverlap')]);
    const skipped = async () => (await s.outcomes('slow')).filter((one) => one.what === 'skippedOverlap');
    expect(await s.queued()).to.equal(1);
    const before = (await skipped()).length;
    release();
    await until('its retry has run', () => s.calls.length >= 2, 30_000);
    expect((await skipped()).length, 'skipped while it waited for its retry').to.be.above(before);
    const third = await until('the next run has begun', () => s.calls[2], 20_000);
    expect(s.calls.slice(0, 2).map(({ run, attempt }) => ({ run, attempt }))).to.deep.equal([
      { run: first.run, attempt: 1 },
      { run: first.run, attempt: 2 },
    ]);
    expect(third.run).not.to.equal(first.run);
    const outcomes = await s.outcomes('slow');
    for (const { what, run, nominal } of outcomes) {
      if (what === 'skippedOverlap' && nominal! < Date.parse(third.run)) expect(run).to.equal(first.run);
    }
    everyTimeDecided(outcomes, 1_000);
    expect(s.ledger.mostAlive).to.equal(1);
  }).timeout(120_000);
});
