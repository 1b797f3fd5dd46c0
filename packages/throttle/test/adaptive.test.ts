import { type AdaptiveLimit, createLocalThrottle } from '@troupe/throttle';
import { expect } from 'chai';
import fc from 'fast-check';
import { createBench } from './bench.ts';

const adapting = (limit: AdaptiveLimit) => createBench({ limits: { adaptive: { kinds: { call: limit } } } });
const limitOf = (bench: ReturnType<typeof createBench>): number => bench.state.limitOf('cloud', 'call');

function fill(bench: ReturnType<typeof createBench>, count: number): void {
  for (let i = 0; i < count; i++) bench.acquire(`o${i}`, { call: 1 });
}
const observe = (bench: ReturnType<typeof createBench>, lease: string, seen: object) => bench.say('observed', { lease, ...seen }, lease);

describe('a limit that adapts itself', () => {
  it('grows by one for as many good answers as it is large, and grants what it gained in that turn', () => {
    const bench = adapting({ least: 2, most: 9 });
    fill(bench, 6);
    expect(bench.granted()).to.deep.equal(['o0', 'o1']);
    expect(observe(bench, 'o0', { latencyMs: 5 })).to.deep.equal([]);
    expect(observe(bench, 'o1', {}).map((s) => s.lease)).to.deep.equal(['o2']);
    for (const lease of ['o0', 'o1', 'o2']) observe(bench, lease, {});
    expect([limitOf(bench), bench.granted().length]).to.deep.equal([4, 4]);
    expect(bench.events.filter((what) => what === 'limitAdapted')).to.have.length(2);
  });

  it('is cut by a refusal, once for all that were under way', () => {
    const bench = adapting({ least: 1, most: 9, start: 8, pause: '10s' });
    fill(bench, 9);
    for (let i = 0; i < 4; i++) observe(bench, `o${i}`, { refused: true });
    expect([limitOf(bench), bench.granted().length]).to.deep.equal([4, 8]);
    // nobody gets a token until it is below the new limit
    for (let i = 0; i < 4; i++) expect(bench.release(`o${i}`)).to.deep.equal([]);
    bench.pass(10_000);
    observe(bench, 'o4', { refused: true });
    expect(limitOf(bench)).to.equal(2);
  });

  it('is cut by slow answers where it is said what slow is', () => {
    const bench = adapting({ least: 1, most: 9, start: 8, slow: '2s', decrease: 0.75 });
    fill(bench, 8);
    observe(bench, 'o0', { latencyMs: 2_000 });
    expect(limitOf(bench)).to.equal(8);
    observe(bench, 'o0', { latencyMs: 2_001 });
    expect(limitOf(bench)).to.equal(6);
  });

  it('does not grow while it holds nobody up', () => {
    const bench = adapting({ least: 2, most: 9 });
    fill(bench, 1);
    for (let i = 0; i < 20; i++) observe(bench, 'o0', {});
    expect(limitOf(bench)).to.equal(2);
  });

  it('gives way to what is set at run time, and refuses only what is above all that it can be', () => {
    const bench = adapting({ least: 1, most: 5 });
    bench.limit('call', 3);
    expect(limitOf(bench)).to.equal(3);
    bench.limit('call', null);
    expect(limitOf(bench)).to.equal(1);
    expect(bench.acquire('large', { call: 5 })).to.deep.equal([]);
    expect(bench.acquire('larger', { call: 6 })[0]!.body['error']).to.deep.include({ code: 'need_exceeds_limit' });
  });

  it('listens to who holds, and to nobody else', () => {
    const bench = adapting({ least: 1, most: 9, start: 8 });
    fill(bench, 8);
    bench.say('observed', { lease: 'o0', refused: true }, 'somebody');
    bench.say('observed', { lease: 'unknown', refused: true }, 'unknown');
    for (const wrong of [{ refused: 'yes' }, { latencyMs: -1 }, { latencyMs: 'long' }]) observe(bench, 'o0', wrong);
    expect(limitOf(bench)).to.equal(8);
  });

  it('is checked when it is configured', () => {
    for (const [limit, field] of [
      [{ least: 0, most: 2 }, 'least'],
      [{ least: 3, most: 2 }, 'most'],
      [{ least: 1, most: 2, start: 3 }, 'start'],
      [{ least: 1, most: 2, increase: 0 }, 'increase'],
      [{ least: 1, most: 2, decrease: 1 }, 'decrease'],
      [{ least: 1, most: 2, slow: 'soon' }, 'slow'],
    ] as [AdaptiveLimit, string][]) {
      expect(() => adapting(limit), field)
        .to.throw()
        .that.deep.includes({ code: 'invalid_options', field: `limits.adaptive.kinds.call.${field}` });
    }
  });

  it('finds what a backend bears, in one process', async () => {
    const throttle = createLocalThrottle({ limits: { adaptive: { kinds: { call: { least: 1, most: 50, pause: '1ms' } } } } });
    let running = 0;
    let refused = 0;
    const call = () =>
      throttle.withTokens('cloud', { call: 1 }, async (lease) => {
        const isTooMuch = ++running > 10;
        await new Promise<void>((resolve) => setImmediate(resolve));
        running--;
        if (isTooMuch) refused++;
        lease.observe({ refused: isTooMuch });
      });
    await Promise.all(Array.from({ length: 2_000 }, call));
    // without adapting, forty of fifty would be refused all the time
    expect(refused).to.be.lessThan(1_000);
  });

  it('is what the reference says, between its bounds, in any order of answers, with rebuilds between, and never granted above', () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ do: fc.constant('acquire' as const), scope: fc.constantFrom('cloud', 'cloud/t1') }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('release' as const), nth: fc.nat() }) },
      {
        weight: 6,
        arbitrary: fc.record({ do: fc.constant('observe' as const), nth: fc.nat(), refused: fc.boolean(), latencyMs: fc.nat(150) }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(900) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('rebuild' as const) }) },
    );
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 100, size: 'max' }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 0, max: 5 }),
        fc.constantFrom(0.3, 0.5, 0.9),
        (steps, least, more, decrease) => {
          const most = least + more;
          const bench = adapting({ least, most, decrease, increase: 2, slow: '100ms', pause: '1s' });
          let value = least;
          let cutAt = -Infinity;
          steps.forEach((one, n) => {
            const usedBefore = bench.granted().length;
            const [waitedBefore, held] = [bench.waiting().length, bench.granted()];
            if (one.do === 'acquire') bench.acquire(`o${n}`, { call: 1 }, one.scope);
            else if (one.do === 'release') bench.release(held[one.nth % Math.max(1, held.length)] ?? 'none');
            else if (one.do === 'pass') bench.pass(one.ms);
            else if (one.do === 'rebuild') bench.rebuild();
            else if (held.length > 0) {
              observe(bench, held[one.nth % held.length]!, { refused: one.refused, latencyMs: one.latencyMs });
              if (one.refused || one.latencyMs > 100) {
                if (bench.now - cutAt >= 1_000) {
                  value = Math.max(least, value * decrease);
                  cutAt = bench.now;
                }
              } else if (usedBefore >= Math.floor(value) || waitedBefore > 0) value = Math.min(most, value + 2 / Math.floor(value));
            }
            expect(limitOf(bench)).to.equal(Math.floor(value));
            expect(limitOf(bench)).to.be.within(least, most);
            expect(bench.granted().length).to.be.at.most(Math.max(usedBefore, Math.floor(value)));
            // a limit that grew is used in that turn
            if (bench.waiting().length > 0) expect(bench.granted().length).to.be.at.least(Math.floor(value));
          });
        },
      ),
      { numRuns: 100 },
    );
  }).timeout(30_000);
});
