import { expect } from 'chai';
import fc from 'fast-check';
import { createBench } from './bench.ts';

/** Everybody holds for the same time: releases and grants happen as they would, until nobody waits. */
function play(bench: ReturnType<typeof createBench>, holdMs: number): void {
  for (let guard = 0; bench.waiting().length > 0; guard++) {
    expect(guard).to.be.lessThan(1_000);
    const next = bench.granted().map((lease) => ({ lease, at: bench.grantedAt(lease) + holdMs }));
    const first = next.reduce((a, b) => (b.at < a.at ? b : a));
    bench.pass(Math.max(0, first.at - bench.now));
    for (const { lease, at } of next) if (at <= bench.now) bench.release(lease);
  }
}

describe('how long somebody has to wait yet', () => {
  it('is told from how long the last ones held, and from who is before it', () => {
    const bench = createBench({ limits: { default: 1 } });
    for (const lease of ['a', 'b', 'c', 'd']) bench.acquire(lease, { volume: 1 });
    // nobody has released anything: nobody can know
    expect(bench.explain('c').expectedInMs).to.equal(undefined);
    bench.pass(60_000);
    bench.release('a');
    bench.pass(15_000);
    expect(['c', 'd'].map((lease) => bench.explain(lease).expectedInMs)).to.deep.equal([45_000, 105_000]);
    expect(bench.explain('d').text).to.match(
      /^number 2 for volume of cloud \(1 of 1 in use\); longest held by operation\/b for 15s; about 1m45 to go$/,
    );
    // whoever holds for longer than the others is expected at any moment
    bench.pass(100_000);
    expect(bench.explain('c').expectedInMs).to.equal(0);
    expect(bench.explain('c').text).to.include('later than usual already').and.not.include('0ms');
    bench.rebuild();
    expect(bench.explain('d').expectedInMs).to.equal(60_000);
  });

  it('is not told where only somebody can end it: a limit of 0, one that is too low, maintenance', () => {
    const bench = createBench({ limits: { default: 2 } });
    for (const lease of ['a', 'b', 'c']) bench.acquire(lease, { volume: 2 });
    bench.pass(1_000);
    bench.release('a');
    expect(bench.explain('c').expectedInMs).to.equal(1_000);
    for (const limit of [0, 1]) {
      bench.limit('volume', limit);
      expect(bench.explain('c').expectedInMs, `limit ${limit}`).to.equal(undefined);
    }
    bench.limit('volume', null);
    bench.order('setMaintenance', { scope: 'cloud', on: true });
    expect(bench.explain('c').expectedInMs).to.equal(undefined);
  });

  it('counts parts that were given back for as long as they were held', () => {
    const bench = createBench({ limits: { default: 1 } });
    for (const lease of ['a', 'b', 'c']) bench.acquire(lease, { volume: 1, machine: 1 });
    bench.pass(1_000);
    bench.say('giveBack', { lease: 'a', need: { volume: 1 } }, 'a');
    bench.pass(9_000);
    bench.release('a');
    expect(bench.state.holds).to.deep.equal({ volume: 1_000, machine: 10_000 });
  });

  it('is told of a rate from its budget, for everybody who waits for it', () => {
    const bench = createBench({ limits: { rates: { kinds: { call: { bucket: 1, refill: 1, every: '10s' } } } } });
    for (const lease of ['a', 'b', 'c', 'd']) bench.acquire(lease, {}, 'cloud', { spend: { call: 1 } });
    expect(['b', 'c', 'd'].map((lease) => bench.explain(lease).expectedInMs)).to.deep.equal([10_000, 20_000, 30_000]);
  });

  it('forgets no kind of the record, and remembers only so many', () => {
    const bench = createBench();
    for (let i = 0; i < 50; i++) {
      bench.acquire(`o${i}`, { [`kind${i}`]: 1 });
      bench.release(`o${i}`);
    }
    expect(Object.keys(bench.state.holds)).to.have.length(32);
  });

  it('comes true to the millisecond where everybody holds equally long and nobody comes later', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 1_000 }),
        fc.array(fc.record({ tokens: fc.integer({ min: 1, max: 4 }), priority: fc.nat(2) }), { minLength: 2, maxLength: 20 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (limit, holdMs, needs, part) => {
          const bench = createBench({ limits: { default: limit } });
          // a first one, so that it is known how long they hold
          bench.acquire('first', { volume: 1 });
          bench.pass(holdMs);
          bench.release('first');
          needs.forEach(({ tokens, priority }, n) => bench.acquire(`o${n}`, { volume: Math.min(tokens, limit) }, 'cloud', { priority }));
          bench.pass(Math.floor(part * (holdMs - 1)));
          const expected = new Map(bench.waiting().map((lease) => [lease, bench.now + bench.explain(lease).expectedInMs!]));
          play(bench, holdMs);
          for (const [lease, at] of expected) expect(bench.grantedAt(lease), lease).to.equal(at);
        },
      ),
      { numRuns: 100 },
    );
  }).timeout(30_000);
});
