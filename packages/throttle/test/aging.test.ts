import { expect } from 'chai';
import fc from 'fast-check';
import { createBench } from './bench.ts';

const AGING_MS = 1_000;

interface One {
  readonly lease: string;
  readonly priority: number;
  readonly at: number;
  readonly n: number;
}

const limits = { default: 1, aging: '1s' } as const;

describe('the aging bound', () => {
  it('lets whoever has waited so long go first, the oldest first, whatever the priorities', () => {
    const bench = createBench({ limits });
    bench.acquire('h', { volume: 1 });
    bench.acquire('low', { volume: 1 }, 'cloud', { priority: -5 });
    bench.pass(600);
    bench.acquire('early', { volume: 1 });
    bench.acquire('high', { volume: 1 }, 'cloud', { priority: 9 });
    expect(bench.release('h').map((s) => s.lease)).to.deep.equal(['high']);
    bench.pass(400);
    bench.acquire('late', { volume: 1 }, 'cloud', { priority: 9 });
    expect(bench.explain('low').shortages[0]!.position).to.equal(1);
    expect(bench.release('high').map((s) => s.lease)).to.deep.equal(['low']);
    expect(bench.release('low').map((s) => s.lease)).to.deep.equal(['late']);
  });

  it('is an hour where nobody says otherwise', () => {
    const bench = createBench({ limits: { default: 1 } });
    bench.acquire('h', { volume: 1 });
    bench.acquire('low', { volume: 1 });
    bench.pass(3_599_999);
    bench.acquire('high', { volume: 1 }, 'cloud', { priority: 1 });
    expect(bench.explain('high').shortages[0]!.position).to.equal(1);
    bench.pass(1);
    expect(bench.explain('high').shortages[0]!.position).to.equal(2);
  });

  it('grants by itself what becomes possible when another one is first', () => {
    const bench = createBench({ limits: { default: 2, aging: '1s' } });
    bench.acquire('h', { volume: 1 });
    bench.acquire('both', { volume: 2 });
    bench.acquire('one', { volume: 1 });
    bench.acquire('large', { volume: 2 }, 'cloud', { priority: 1 });
    // the first two wait for two tokens; nobody is passed by a timer
    expect(bench.pass(999)).to.deep.equal([]);
    expect(bench.release('both')).to.deep.equal([]);
    expect(bench.pass(1).map((s) => s.lease)).to.deep.equal(['one']);
  });

  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('acquire' as const),
        priority: fc.integer({ min: -3, max: 9 }),
        share: fc.constantFrom('a', 'b', undefined),
      }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('release' as const) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(500) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('rebuild' as const) }) },
  );

  it('holds: nobody is passed by somebody who came later than it, with any priorities, shares and rebuilds', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100, size: 'max' }), (steps) => {
        const bench = createBench({ limits });
        const waiting = new Map<string, One>();
        steps.forEach((one, n) => {
          let sent: readonly { lease: string }[] = [];
          if (one.do === 'acquire') {
            waiting.set(`o${n}`, { lease: `o${n}`, priority: one.priority, at: bench.now, n });
            const more = one.share === undefined ? {} : { share: one.share };
            sent = bench.acquire(`o${n}`, { volume: 1 }, 'cloud', { priority: one.priority, ...more });
          } else if (one.do === 'release') sent = bench.release(bench.granted()[0] ?? 'none');
          else if (one.do === 'pass') sent = bench.pass(one.ms);
          else bench.rebuild();
          for (const { lease } of sent) {
            const winner = waiting.get(lease)!;
            waiting.delete(lease);
            for (const loser of waiting.values()) {
              if (loser.n > winner.n) continue;
              expect(winner.at - loser.at, `${lease} passes ${loser.lease}`).to.be.lessThan(AGING_MS);
              expect(bench.now - loser.at, `${lease} passes ${loser.lease}, which is old`).to.be.lessThan(AGING_MS);
            }
            // nor is a priority worth nothing before that
            for (const loser of waiting.values()) {
              if (bench.now - winner.at < AGING_MS) expect(loser.priority, `${loser.lease} after ${lease}`).to.be.at.most(winner.priority);
            }
          }
        });
        // so whoever waits is served after those that were there when it became old, and no others: everybody is in the end
        for (let [lease] = bench.granted(); lease !== undefined; [lease] = bench.granted()) bench.release(lease);
        expect(bench.waiting()).to.deep.equal([]);
      }),
      { numRuns: 100 },
    );
  }).timeout(30_000);

  it('holds on a tree of limits with needs of several kinds: who is old is passed only where it is held up below', () => {
    const kinds = ['x', 'y'] as const;
    const needs = fc.constantFrom<Record<string, number>>({ x: 1 }, { y: 1 }, { x: 1, y: 1 }, { x: 2 });
    const tree = fc.oneof(
      { weight: 5, arbitrary: fc.record({ do: fc.constant('acquire' as const), priority: fc.nat(3), need: needs }) },
      { weight: 4, arbitrary: fc.record({ do: fc.constant('release' as const), nth: fc.nat() }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(700) }) },
    );
    fc.assert(
      fc.property(fc.array(tree, { maxLength: 80, size: 'max' }), (steps) => {
        const bench = createBench({ limits: { default: 2, aging: '1s' } });
        const waiting = new Map<string, { need: Record<string, number>; at: number; n: number }>();
        const held = new Map<string, Record<string, number>>();
        steps.forEach((one, n) => {
          let sent: readonly { lease: string }[] = [];
          if (one.do === 'acquire') {
            waiting.set(`o${n}`, { need: one.need, at: bench.now, n });
            sent = bench.acquire(`o${n}`, one.need, 'cloud', { priority: one.priority });
          } else if (one.do === 'release') {
            const lease = [...held.keys()][one.nth % Math.max(1, held.size)] ?? 'none';
            held.delete(lease);
            sent = bench.release(lease);
          } else sent = bench.pass(one.ms);
          for (const { lease } of sent) {
            const winner = waiting.get(lease)!;
            waiting.delete(lease);
            held.set(lease, winner.need);
            for (const loser of waiting.values()) {
              if (loser.n > winner.n || bench.now - loser.at < AGING_MS) continue;
              expect(
                Object.keys(loser.need).some((kind) => kind in winner.need),
                `${lease} passes somebody old`,
              ).to.equal(false);
            }
          }
          for (const kind of kinds) {
            const used = [...held.values()].reduce((sum, need) => sum + (need[kind] ?? 0), 0);
            expect(used, kind).to.be.at.most(2);
          }
          // tokens are not kept for nobody: whoever waits is short of something, or behind somebody who needs the same
          for (const [lease, one] of waiting) {
            const cause = Object.entries(one.need).some(
              ([kind, tokens]) =>
                [...held.values()].reduce((sum, need) => sum + (need[kind] ?? 0), 0) + tokens > 2 ||
                [...waiting].some(([other, { need }]) => other !== lease && kind in need),
            );
            expect(cause, `${lease} waits`).to.equal(true);
          }
        });
        for (let [lease] = bench.granted(); lease !== undefined; [lease] = bench.granted()) bench.release(lease);
        expect(bench.waiting()).to.deep.equal([]);
      }),
      { numRuns: 100 },
    );
  }).timeout(30_000);
});
