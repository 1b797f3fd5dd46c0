/** A fan-out that orders operations, on a server. */
import { expect } from 'chai';
import { createExecutor, step } from '@troupe/executor';
import { defineKind } from '@troupe/resource';
import { listedPage } from '@troupe/schedule';
import { defineTask } from '@troupe/task';
import { until } from '@troupe/test-infra';
import { startSchedules, sync } from './installation.ts';

const Thing = defineKind({ kind: 'thing' });
const back = createExecutor({ name: 'thing.back', family: 'action', action: 'back', resource: Thing, plan: () => step('back', sync, {}) });
// the contract of the listing that `sync` serves as well: what a task returns is the matter of its handler
const list = defineTask({ name: sync.name, class: 'background', idempotent: 'yes', output: listedPage });

describe('a schedule that orders an operation for each of many resources', () => {
  it('S85 runs them under ids of their own, one alive for each resource, and counts their ends', async () => {
    await using s = await startSchedules({ executors: [back] });
    const keys = Array.from({ length: 8 }, (_, i) => `t${i}`);
    for (const key of keys) await s.thing(key, key === 't3' ? 'UPDATING' : 'OK');
    let free = (): void => undefined;
    const hold = new Promise<void>((resolve) => (free = resolve));
    s.does(async ({ step: name, resource }) => {
      if (name?.startsWith('list ') === true) return { items: keys.map((key) => ({ key, input: null })) };
      if (resource?.id === 't5') await hold;
      return null;
    });
    await s.start('supervisor', 'scheduler', 'scheduler', 'worker');
    await s.schedules.define('backups', { every: '1h', each: { list, execute: { executor: back, kind: 'thing' }, inFlight: 4 } });
    await s.schedules.runNow('backups');
    await until('all but one have ended', async () => (await s.fanout('backups'))?.live.length === 1 && (await s.fanout('backups'))!.all);
    await s.schedules.runNow('backups');
    const outcomes = await until('the second has ended', async () => {
      const all = await s.outcomes('backups');
      return all[1]?.ended === undefined ? undefined : all;
    });
    expect(outcomes[0]!.counts).to.deep.include({ listed: 8, succeeded: 6, conflicted: 1, carriedOver: 1 });
    expect(outcomes[1]!.counts).to.deep.include({ listed: 8, succeeded: 6, conflicted: 1, skippedOverlap: 1 });
    expect(outcomes.map(({ ended }) => ended)).to.deep.equal(['succeeded', 'succeeded']);
    free();
    await until('the one that was held has ended', async () => (await s.fanout('backups'))!.live.length === 0);
  });
});
