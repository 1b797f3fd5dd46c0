// needs TEST_NATS_URL
import { chain, step } from '@troupe/executor';
import { expect } from 'chai';
import { act, hang, onThing, quick, startOperations } from './kit.ts';

describe('G25 a stuck operation blocks its resource only as long as its policy says', () => {
  it('a handler that never answers is ended by its limit, and the resource is free', async () => {
    await using all = await startOperations({
      executors: [onThing('work', step('stuck', quick, {})), onThing('next', step('a', act, {}))],
    });
    // it does not even hear that it is to stop
    all.does((of) => (of === 'stuck' ? new Promise(() => undefined) : null));
    await all.startAll();
    const ref = await all.thing('t');
    await all.client.execute({ executor: 'work', id: 'o', resource: ref });
    expect((await all.client.execute({ executor: 'next', id: 'too-early', resource: ref })).answer).to.include({ answer: 'rejected' });
    const end = await all.end('o');
    expect(end.error?.code).to.equal('step_timeout');
    await all.client.execute({ executor: 'next', id: 'n', resource: ref });
    expect(await all.end('n')).to.include({ outcome: 'succeeded' });
  }).timeout(20_000);

  for (const [verb, order, outcome] of [
    ['skip', (all: Started) => all.client.skip('o', 'stuck'), 'succeeded'],
    ['kill', (all: Started) => all.client.kill('o'), 'failed'],
    ['cancel', (all: Started) => all.client.cancel('o'), 'cancelled'],
  ] as const) {
    it(`somebody can end it by ${verb}, and the resource is free`, async () => {
      await using all = await startOperations({ executors: [onThing('work', chain(step('stuck', act, {}), step('after', act, {})))] });
      all.does((of, context) => (of === 'stuck' ? hang(context) : null));
      await all.startAll();
      const ref = await all.thing('t');
      await all.client.execute({ executor: 'work', id: 'o', resource: ref });
      await all.called('stuck');
      await order(all);
      expect(await all.end('o')).to.include({ outcome });
      expect(await all.store.get(ref)).to.deep.include({ currentOperation: null });
    }).timeout(20_000);
  }

  it('paused, it starts nothing more; retried after its failure, it goes on from the step that was stuck', async () => {
    await using all = await startOperations({
      executors: [onThing('work', chain(step('first', act, {}), step('stuck', quick, {}), step('after', act, {})))],
    });
    let broken = true;
    all.does((of, context) => (of === 'stuck' && broken ? hang(context) : null));
    await all.startAll();
    const ref = await all.thing('t');
    await all.client.execute({ executor: 'work', id: 'o', resource: ref });
    expect(await all.end('o')).to.include({ outcome: 'failed' });
    broken = false;
    await all.client.retry('o');
    await all.seen('o', 'it has gone on', (view) => view.outcome === 'succeeded');
    expect(all.calls).to.deep.equal(['first', 'stuck', 'stuck', 'after']);
    expect(await all.store.get(ref)).to.deep.include({ state: 'OK', error: null, currentOperation: null });
  }).timeout(20_000);
});

type Started = Awaited<ReturnType<typeof startOperations>>;
