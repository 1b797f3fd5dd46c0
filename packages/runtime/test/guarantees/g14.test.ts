// needs TEST_NATS_URL
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { decided, everyTimeDecided } from '../schedules/coverage.ts';
import { once, startSchedules, sync } from '../schedules/installation.ts';

const PATTERN = ['ran', 's', 'ran', 's', 's', 'ran', 's', 's', 's'];

describe('G14 one failing schedule cannot eat its pool', () => {
  it('ten backends, one dead: C7 its penalty is run, s, run, s, s, run, s, s, s, a success resets it at once, and others keep their cadence', async () => {
    await using s = await startSchedules({
      slots: { total: 2, regular: { floor: 0, ceiling: 0 }, heavy: { floor: 0, ceiling: 0 }, background: { floor: 2, ceiling: 2 } },
    });
    let isDead = true;
    // a backend that does not answer: each attempt holds its slot for the time limit
    s.does(({ signal }, input) =>
      isDead && input === 'dead'
        ? new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
        : null,
    );
    await s.start('worker', 'scheduler', 'scheduler');
    await s.schedules.define('dead', { every: '1s', task: once, input: 'dead' });
    const others = Array.from({ length: 9 }, (_, n) => `alive-${n}`);
    for (const key of others) await s.schedules.define(key, { every: '1s', task: sync, input: key });
    const words = async (): Promise<string[]> => decided(await s.outcomes('dead')).map((what) => (what === 'skippedPenalty' ? 's' : what));
    await until('three failures in a row have been served', async () => (await words()).length >= PATTERN.length, 60_000);
    expect((await words()).slice(0, PATTERN.length)).to.deep.equal(PATTERN);
    expect((await s.schedules.explain('dead')).failures).to.be.at.least(3);
    const runs = (key: string): number => s.calls.filter((call) => call.key === key).length;
    for (const key of others) {
      expect(runs(key), key).to.be.above(runs('dead'));
      expect(
        decided(await s.outcomes(key)).every((what) => what === 'ran'),
        key,
      ).to.equal(true);
      everyTimeDecided(await s.outcomes(key), 1_000);
    }
    isDead = false;
    const after = async () => {
      const all = (await s.outcomes('dead')).filter(({ what }) => what === 'ran' || what === 'skippedPenalty');
      const at = all.findIndex((one) => one.ended === 'succeeded');
      return at < 0 ? undefined : all[at + 1];
    };
    expect(await until('it has succeeded, and the next nominal time is decided', after, 30_000)).to.include({ what: 'ran' });
  }).timeout(120_000);
});
