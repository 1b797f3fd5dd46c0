// needs TEST_NATS_URL
import { attempt, chain, child, step, throttled, undoable, wait } from '@troupe/executor';
import { Fatal } from '@troupe/task';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { act, free, hang, onThing, startOperations } from './kit.ts';

const s = (id: string) => step(id, act, {});
const lease = { scope: 'cloud', need: { thing: 1 } } as const;

/** Each begins with something that can be taken back, and then is where it is to be cancelled. */
const places = {
  'while it is delayed': wait('there', { for: '1h' }),
  'while it waits for a throttle': throttled(lease, s('never')),
  'while a handler runs': s('there'),
  'while a child of it runs': child('there', 'child'),
  'in the error branch': attempt({ body: s('bad'), catch: [{ code: 'any', do: chain(s('there'), s('handled')) }] }),
} as const;

describe('G23 a cancel is durable and reaches the code', () => {
  for (const [what, place] of Object.entries(places)) {
    it(`${what}, with everything restarted in between: leases are freed, children end, what was done is taken back`, async () => {
      const executors = [
        onThing('work', chain(undoable(s('done'), s('un-done')), place)),
        free('child', s('inner')),
        free('holder', throttled(lease, wait('hold', { for: '1h' }))),
      ];
      await using all = await startOperations({ executors });
      let letGo = (): void => undefined;
      const gate = new Promise<void>((resolve) => (letGo = resolve));
      all.does(async (of, context) => {
        if (of === 'bad') throw new Fatal('broken', { code: 'broken' });
        if (what === 'in the error branch' && of === 'there') return Promise.race([gate, hang(context)]);
        return of === 'there' || of === 'inner' ? hang(context) : null;
      });
      await all.startAll();
      await all.client.execute({ executor: 'holder', id: 'holder' });
      await all.seen('holder', 'the scope is full', (view) => view.current.some((node) => node.name === 'hold'));
      const ref = await all.thing('t');
      await all.client.execute({ executor: 'work', id: 'o-1', resource: ref });
      await all.seen('o-1', 'it waits there', (view) => view.current.some((node) => node.name === 'there' || node.type === 'throttled'));
      if (what.includes('runs') || what.includes('branch')) await all.called(what.includes('child') ? 'inner' : 'there');
      // ordered while nobody is there to do it
      await all.stop('supervisor', 'worker', 'throttle');
      await all.client.cancel('o-1', { by: 'ann', reason: 'not needed' });
      await all.startAll();
      letGo();
      const end = await all.end('o-1');
      expect(end.outcome).to.equal('cancelled');
      expect(end.error?.message).to.equal('cancelled by ann: not needed');
      expect(all.calls.filter((one) => one.startsWith('un-'))).to.deep.equal(['un-done']);
      if (what.includes('branch')) expect(all.calls).to.include('handled');
      expect(all.calls).not.to.include('never');
      expect(await all.store.get(ref)).to.deep.include({ state: 'ERRED', currentOperation: null });
      if (what.includes('child')) expect((await all.client.operation('o-1.0.1'))?.status).to.equal('ended');
      await all.client.cancel('holder');
      await all.end('holder');
      // the throttle hears of an end a moment after it
      await until('no lease is left', async () => (await all.tokens()) === 0);
    }).timeout(40_000);
  }

  it('while it is queued, with all workers down: no worker runs it when they are back', async () => {
    const plan = chain(undoable(s('done'), s('un-done')), wait('go', { signal: 'go', deadline: '1h' }), s('queued'));
    await using all = await startOperations({ executors: [onThing('work', plan)] });
    await all.startAll();
    const ref = await all.thing('t');
    await all.client.execute({ executor: 'work', id: 'o-1', resource: ref });
    await all.seen('o-1', 'it waits', (view) => view.current[0]?.name === 'go');
    await all.stop('worker');
    await all.client.signal('o-1', 'go');
    await all.seen('o-1', 'it is queued', (view) => view.current[0]?.name === 'queued');
    await all.stop('supervisor');
    await all.client.cancel('o-1');
    await all.start('supervisor', 'worker');
    expect(await all.end('o-1')).to.include({ outcome: 'cancelled' });
    expect(all.calls).to.deep.equal(['done', 'un-done']);
  }).timeout(40_000);
});
