// needs TEST_NATS_URL
import { chain, createPlanner, expand, step, wait } from '@troupe/executor';
import { defineTask } from '@troupe/task';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { act, free, quick, startOperations } from './kit.ts';

const s = (id: string) => step(id, act, {});
const approval = wait('approval', { signal: 'go', deadline: '1h' });
const v1 = chain(s('one'), s('two'), approval, s('four'), s('five'));

describe('G21 a deploy breaks no running operation', () => {
  for (const [what, plan] of [
    ['inserted', chain(s('one'), s('inserted'), s('two'), approval, s('four'), s('five'))],
    ['renamed', chain(s('first'), s('second'), approval, s('fourth'), s('fifth'))],
    ['removed', chain(s('one'), approval)],
  ] as const) {
    it(`one that is at step 3 of 5 ends under the plan that it has, when steps were ${what}`, async () => {
      await using all = await startOperations({ executors: [free('work', v1)] });
      await all.startAll();
      await all.client.execute({ executor: 'work', id: 'o-1' });
      await all.seen('o-1', 'it waits', (view) => view.current[0]?.name === 'approval');
      await all.stop('supervisor', 'worker');
      all.deploy({ executors: [free('work', plan)] });
      await all.start('supervisor', 'worker');
      await all.client.signal('o-1', 'go');
      expect(await all.end('o-1')).to.include({ outcome: 'succeeded' });
      expect(all.calls).to.deep.equal(['one', 'two', 'four', 'five']);
      // one that begins after the deploy has the new plan
      await all.client.execute({ executor: 'work', id: 'o-2' });
      await all.client.signal('o-2', 'go');
      expect(await all.end('o-2')).to.include({ outcome: 'succeeded' });
      expect(all.calls.slice(4)).not.to.deep.equal(['one', 'two', 'four', 'five']);
    });
  }

  it('one whose executor is gone ends all the same, and new commands are refused by name', async () => {
    await using all = await startOperations({ executors: [free('work', v1)] });
    await all.startAll();
    await all.client.execute({ executor: 'work', id: 'o-1' });
    await all.seen('o-1', 'it waits', (view) => view.current[0]?.name === 'approval');
    await all.stop('supervisor');
    all.deploy({ executors: [] });
    await all.start('supervisor');
    await all.client.signal('o-1', 'go');
    expect(await all.end('o-1')).to.include({ outcome: 'succeeded' });
    const { answer } = await all.client.execute({ executor: 'work' });
    expect(answer).to.deep.include({ answer: 'rejected' });
    expect(JSON.stringify(answer)).to.contain('unknown_executor').and.contain('"field":"executor"');
  });

  it('one whose planner is gone parks, says why, and goes on when it is back', async () => {
    const planner = createPlanner({ name: 'rest', plan: () => chain(s('four'), s('five')) });
    const executors = [free('work', chain(s('one'), approval, expand('rest', 'rest')))];
    await using all = await startOperations({ executors, planners: [planner] });
    await all.startAll();
    await all.client.execute({ executor: 'work', id: 'o-1' });
    await all.seen('o-1', 'it waits', (view) => view.current[0]?.name === 'approval');
    await all.stop('supervisor');
    all.deploy({ executors: [] });
    await all.start('supervisor');
    await all.client.signal('o-1', 'go');
    await all.seen('o-1', 'it is parked', (view) => view.status === 'parked');
    expect((await all.client.explain('o-1')).summary).to.contain('no host here knows the planner rest');
    await all.stop('supervisor');
    all.deploy({ executors, planners: [planner] });
    await all.start('supervisor');
    await all.client.resume('o-1');
    expect(await all.end('o-1')).to.include({ outcome: 'succeeded' });
    expect(all.calls).to.deep.equal(['one', 'rest/four', 'rest/five']);
  });

  it('one whose task no worker knows any more waits, with an alarm, and goes on when one does', async () => {
    const old = defineTask({ name: 'old', idempotent: 'yes' });
    const executors = [free('work', chain(step('one', act, {}), approval, step('two', old, {})))];
    await using all = await startOperations({ executors, tasks: [act, old] });
    await all.startAll();
    await all.client.execute({ executor: 'work', id: 'o-1' });
    await all.seen('o-1', 'it waits', (view) => view.current[0]?.name === 'approval');
    await all.stop('worker');
    all.deploy({ executors, tasks: [act, quick] });
    await all.start('worker');
    await all.client.signal('o-1', 'go');
    await until('the worker raises the alarm', () => all.workerEvents.some((event) => event.type === 'unknownTask'), 10_000);
    expect((await all.client.operation('o-1'))?.status).to.equal('running');
    expect((await all.client.explain('o-1')).summary).to.contain('two is queued or running as task old');
    await all.stop('worker');
    all.deploy({ executors, tasks: [act, old] });
    await all.start('worker');
    expect(await all.end('o-1')).to.include({ outcome: 'succeeded' });
  }).timeout(60_000);
});
