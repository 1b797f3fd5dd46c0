// needs TEST_NATS_URL
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { everyTimeDecided } from '../schedules/coverage.ts';
import { startSchedules, sync } from '../schedules/installation.ts';

const AWAY_MS = 5_000;
const policies = { skip: 'skip', latest: 'latest', all: { all: 2 } } as const;
const keys = ['skip', 'latest', 'all'] as const;

describe('G13 missed ticks follow a stated policy', () => {
  it('after all schedulers were away: skip, the latest for all, or the last of them, and nothing vanishes', async () => {
    await using s = await startSchedules();
    await s.start('worker', 'scheduler');
    for (const key of keys) await s.schedules.define(key, { every: '1s', task: sync, missed: policies[key], lateAfter: '1s' });
    const begun = (key: string): Promise<boolean> => s.outcomes(key).then((all) => all.some((one) => one.ended !== undefined));
    for (const key of keys) await until(`${key} has run`, () => begun(key), 20_000);
    await s.stop('scheduler');
    const left = s.runtime.serverNow();
    await s.passes(AWAY_MS);
    await s.start('scheduler');
    const back = s.runtime.serverNow();
    /** What was decided after they came back. */
    const decided = async (key: string) => (await s.outcomes(key)).filter(({ at }) => at > left + AWAY_MS / 2);
    for (const key of keys) {
      const isPast = async (): Promise<boolean> => (await s.outcomes(key)).some(({ nominal }) => nominal! > back + 1_000);
      await until(`${key} has decided what it missed`, isPast, 30_000);
      everyTimeDecided(await s.outcomes(key), 1_000);
    }
    // a machine that is slow skips for a run that it has just caught up
    const caught = async (key: string) => (await decided(key)).filter(({ what }) => what !== 'skippedOverlap');
    const whats = async (key: string, n: number): Promise<string[]> => (await caught(key)).slice(0, n).map(({ what }) => what);
    expect(await whats('skip', 1)).to.deep.equal(['missed']);
    // its wake-up was stored in time, and waited for a scheduler
    const late = (await s.outcomes('skip')).filter(({ what, nominal }) => what === 'ran' && nominal! > left && nominal! < back - 1_000);
    expect(late).to.deep.equal([]);
    expect(await whats('latest', 2)).to.deep.equal(['coalesced', 'ran']);
    expect(await whats('all', 3)).to.deep.equal(['missed', 'ran', 'ran']);
    // the earlier ones are one entry
    for (const key of keys) expect((await decided(key))[0]!.count, key).to.be.at.least(AWAY_MS / 1_000 - 3);
    const caughtUp = async (key: string) => (await caught(key)).map((one) => one.caughtUp === true);
    expect(await caughtUp('skip')).not.to.include(true);
    expect((await caughtUp('latest')).slice(0, 2)).to.deep.equal([false, true]);
    expect((await caughtUp('all')).slice(0, 3)).to.deep.equal([false, true, true]);
    expect(s.ledger.mostAlive, 'one after the other').to.equal(1);
  }).timeout(120_000);
});
