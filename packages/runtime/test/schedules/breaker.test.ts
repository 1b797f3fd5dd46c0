import { expect } from 'chai';
import type { ScheduleOptions } from '@troupe/schedule';
import { until } from '@troupe/test-infra';
import { startSchedules, sync } from './installation.ts';

describe('schedules of one scope whose backend is dead', () => {
  it('G14: are held up together by their breaker, and those of another scope keep their cadence', async () => {
    await using s = await startSchedules();
    s.does((_, input) => {
      if ((input as { of: string }).of !== 'alive') throw new Error('the backend is dead');
    });
    await s.start('scheduler', 'worker');
    const of = (scope: string): ScheduleOptions => ({
      every: '1s',
      task: { ...sync, retry: { attempts: 1, delaysMs: [] } },
      input: { of: scope },
      penaltyCap: 0,
      breaker: { failures: 3, pause: '1h', scope },
    });
    for (const key of ['a', 'b', 'c']) await s.schedules.define(key, of('dead'));
    await s.schedules.define('other', of('alive'));
    const whats = async (key: string): Promise<string[]> => (await s.outcomes(key)).map(({ what }) => what);
    for (const key of ['a', 'b', 'c']) {
      await until(`${key} is held up`, async () => (await whats(key)).includes('skippedBreaker'), 20_000);
    }
    const calls = (scope: string): number => s.calls.filter(({ input }) => (input as { of: string }).of === scope).length;
    const alive = calls('alive');
    const dead = calls('dead');
    await until('the other goes on', () => calls('alive') >= alive + 2, 20_000);
    expect(calls('dead'), 'while it is open').to.equal(dead);
    expect(await whats('other')).not.to.include('skippedBreaker');
  }).timeout(60_000);
});
