import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { pulls } from './app.ts';
import { startFanOut } from './installation.ts';

describe('two schedulers and a fan-out of which one object is stuck', () => {
  it('S81 S85: pass over the stuck object at the next nominal time, and run all others again', async () => {
    const objects = Array.from({ length: 150 }, (_, i) => `i${i}`);
    const calls = new Map<string, number>();
    let free = (): void => undefined;
    const stuck = new Promise<void>((resolve) => (free = resolve));
    await using f = await startFanOut({
      objects,
      async run(key) {
        calls.set(key, (calls.get(key) ?? 0) + 1);
        if (key === 'i70') await stuck;
      },
    });
    await f.serve();
    await f.serve();
    await f.runNow(pulls({ perSecond: 1_000 }));
    await until('only the stuck one lives', async () => calls.size === 150 && (await f.fanout())!.live.length === 1, 20_000);
    await f.verb('runNow');
    const [first, second] = await until(
      'the second run has ended',
      async () => {
        const outcomes = await f.outcomes();
        return outcomes[1]?.ended === undefined ? undefined : outcomes;
      },
      20_000,
    );
    expect(first!.counts).to.deep.include({ listed: 150, succeeded: 149, carriedOver: 1 });
    expect(second!.counts).to.deep.include({ listed: 150, succeeded: 149, skippedOverlap: 1, carriedOver: 0 });
    expect(calls.get('i70')).to.equal(1);
    expect([...calls].filter(([key, count]) => key !== 'i70' && count !== 2)).to.deep.equal([]);
    free();
    await until('the stuck one has ended', async () => (await f.fanout())!.live.length === 0, 20_000);
  }).timeout(90_000);
});
