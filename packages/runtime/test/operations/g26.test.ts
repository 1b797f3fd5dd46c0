// needs TEST_NATS_URL
import { chain, step, wait } from '@troupe/executor';
import { Fatal } from '@troupe/task';
import { expect } from 'chai';
import { act, onThing, startOperations } from './kit.ts';

const work = onThing('work', chain(step('a', act, {}), wait('go', { signal: 'go', deadline: '1h' })));

describe('G26 uniqueness lives as long as the run, no longer and no shorter', () => {
  it('while it runs the resource is taken, whatever restarts; once it has ended it is free', async () => {
    await using all = await startOperations({ executors: [work] });
    await all.startAll();
    const ref = await all.thing('t');
    await all.client.execute({ executor: 'work', id: 'o', resource: ref });
    await all.seen('o', 'it runs', (view) => view.current.some((node) => node.name === 'go'));
    await all.stop('supervisor', 'worker');
    await all.start('supervisor', 'worker');
    const conflict = await all.client.execute({ executor: 'work', id: 'other', resource: ref });
    expect(conflict.answer).to.deep.include({ answer: 'rejected' });
    expect(JSON.stringify(conflict.answer)).to.contain('"operation":"o"');
    await all.client.signal('o', 'go');
    await all.end('o');
    expect((await all.client.execute({ executor: 'work', id: 'another', resource: ref })).answer).to.include({ answer: 'accepted' });
  }).timeout(20_000);

  it('the same id is the same operation while it is known; another command under it is refused', async () => {
    await using all = await startOperations({ executors: [work] });
    await all.startAll();
    const ref = await all.thing('t');
    const createdAt = new Date().toISOString();
    const command = { executor: 'work', id: 'o', resource: ref, createdAt };
    await all.client.execute(command);
    expect((await all.client.execute(command)).answer).to.include({ answer: 'duplicate' });
    await all.client.signal('o', 'go');
    await all.end('o');
    expect((await all.client.execute(command)).answer).to.include({ answer: 'duplicate', status: 'ended' });
    const reused = await all.client.execute({ ...command, resource: { kind: 'thing', id: 'other' } });
    expect(JSON.stringify(reused.answer)).to.contain('id_reused');
    expect(all.calls).to.deep.equal(['a']);
  });

  it('what failed blocks nothing, and its own retry is not blocked by itself', async () => {
    await using all = await startOperations({ executors: [work] });
    let broken = true;
    all.does(() => {
      if (broken) throw new Fatal('broken', { code: 'broken' });
      return null;
    });
    await all.startAll();
    const ref = await all.thing('t');
    await all.client.execute({ executor: 'work', id: 'o', resource: ref });
    expect(await all.end('o')).to.include({ outcome: 'failed' });
    broken = false;
    await all.client.retry('o');
    await all.seen('o', 'it runs again', (view) => view.current.some((node) => node.name === 'go'));
    expect((await all.client.execute({ executor: 'work', id: 'other', resource: ref })).answer).to.include({ answer: 'rejected' });
    await all.client.signal('o', 'go');
    await all.seen('o', 'it has succeeded', (view) => view.outcome === 'succeeded');
  });
});
