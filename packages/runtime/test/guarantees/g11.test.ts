// needs TEST_NATS_URL
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { everyTimeDecided } from '../schedules/coverage.ts';
import { type Schedules, startSchedules, sync } from '../schedules/installation.ts';

const POINTS = ['turn.committed', 'turn.emitted'];

/** Each nominal time has one outcome, and each that ran one run, whose task was started once. */
async function everyTimeOnce(s: Schedules, key: string, everyMs: number): Promise<void> {
  const outcomes = await s.outcomes(key);
  everyTimeDecided(outcomes, everyMs);
  const ran = outcomes.flatMap(({ what, run }) => (what === 'ran' ? [run!] : []));
  const started = s.calls.filter((call) => call.key === key).map(({ run }) => run);
  expect(new Set(started).size, `started: ${started.join()}`).to.equal(started.length);
  // the last one may be on its way
  expect(started).to.include.members(ran.slice(0, -1));
}

describe('G11 one nominal time, one run, however many schedulers', () => {
  it('of two, with kill -9 at each point of a turn, one after the other', async () => {
    await using s = await startSchedules();
    await s.start('worker');
    let other = await s.spawn();
    await s.schedules.define('tick', { every: '1s', task: sync });
    for (const point of POINTS) {
      const victim = await s.spawn({ point, nth: 2 });
      await s.kill(other);
      // only now it has every partition; a third one, quick to start, might be the first for this schedule
      await until(`the victim dies at ${point}`, () => victim.signalCode === 'SIGKILL', 30_000);
      other = await s.spawn();
      const before = s.calls.length;
      await until('the other goes on', () => s.calls.length >= before + 2, 30_000);
    }
    await everyTimeOnce(s, 'tick', 1_000);
  }).timeout(180_000);

  it('also where schedulers are restarted more often than it comes', async () => {
    await using s = await startSchedules();
    await s.start('worker', 'scheduler');
    await s.schedules.define('slow', { every: '2s', task: sync });
    while (s.calls.length < 2) {
      await s.start('scheduler');
      await s.stop('scheduler', 'oldest');
      await s.passes(700);
    }
    await everyTimeOnce(s, 'slow', 2_000);
  }).timeout(60_000);
});
