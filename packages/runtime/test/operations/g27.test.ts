// needs TEST_NATS_URL
import { chain, step, throttled } from '@troupe/executor';
import { Fatal } from '@troupe/task';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { act, free, startOperations } from './kit.ts';

const COUNT = 300;

describe('G27 thousands of failures are repaired in one command', () => {
  it('filter, count without doing, retry at a rate through the throttle, audited, and safe to run again after a stop in the middle', async () => {
    const plan = chain(step('first', act, {}), throttled({ scope: 'cloud', need: { thing: 1 } }, step('second', act, {})));
    await using all = await startOperations({ executors: [free('work', plan), free('other', step('bad', act, {}))] });
    let down = true;
    let now = 0;
    let peak = 0;
    all.does(async (of) => {
      if (of === 'bad') throw new Fatal('not an outage', { code: 'other' });
      if (of === 'second' && down) throw new Fatal('backend is down', { code: 'outage' });
      if (of !== 'second') return null;
      peak = Math.max(peak, ++now);
      await Promise.resolve();
      now--;
      return null;
    });
    await all.startAll();
    const ids = Array.from({ length: COUNT }, (_, i) => `o-${i}`);
    await Promise.all(ids.map((id) => all.client.execute({ executor: 'work', id })));
    await all.client.execute({ executor: 'other', id: 'x' });
    for (const id of ids) await all.end(id);
    await all.end('x');
    down = false;
    const filter = { executor: 'work', error: 'outage' } as const;
    expect(await all.client.retryAll({ ...filter, dryRun: true })).to.deep.equal({ matched: COUNT, sent: 0 });
    // whoever runs it is stopped in the middle
    const stop = new AbortController();
    const stopped = await all.client
      .retryAll({ ...filter, perSecond: 1_000, by: 'ann', signal: stop.signal, onProgress: ({ sent }) => sent === 100 && stop.abort() })
      .catch((error: unknown) => error);
    expect(String(stopped)).to.contain('abort');
    const again = await all.client.retryAll({ ...filter, perSecond: 1_000, by: 'ann', reason: 'outage is over' });
    expect(again.sent).to.be.within(COUNT - 100, COUNT);
    await until(
      'all have succeeded',
      async () => (await all.client.operations({ executor: 'work', outcome: 'succeeded', limit: COUNT + 1 })).length === COUNT,
      60_000,
    );
    expect(
      all.calls.filter((one) => one === 'first'),
      'what was done is not done again',
    ).to.have.length(COUNT);
    expect(peak).to.equal(1);
    expect((await all.client.operation('o-299'))?.audit?.map(({ verb, by }) => `${verb} ${by}`)).to.deep.equal(['retry ann']);
    expect(await all.client.operation('x')).to.include({ outcome: 'failed' });
  }).timeout(120_000);
});
