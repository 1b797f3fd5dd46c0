import { expect } from 'chai';
import fc from 'fast-check';
import { createBench } from './bench.ts';

const many = (bench: ReturnType<typeof createBench>, share: string, count: number, more: object = {}): void => {
  for (let i = 0; i < count; i++) bench.acquire(`${share}${i}`, { volume: 1 }, 'cloud', { share, ...more });
};

/** The shares of the next grants, one token at a time. */
function serve(bench: ReturnType<typeof createBench>, count: number): string {
  let served = '';
  for (let n = 0; n < count; n++) served += bench.release(bench.granted()[0] ?? 'none').map((s) => s.lease[0])[0] ?? '-';
  return served;
}

describe('shares', () => {
  it('that wait get equal turns, however many wait for one of them', () => {
    const bench = createBench({ limits: { default: 1 } });
    many(bench, 'a', 20);
    many(bench, 'b', 3);
    many(bench, 'c', 2);
    // the first one of a had its turn before the others came
    expect(serve(bench, 9)).to.equal('bcabcabaa');
  });

  it('that were served alone owe nothing to those that come later', () => {
    const bench = createBench({ limits: { default: 1 } });
    many(bench, 'a', 40);
    serve(bench, 20);
    many(bench, 'b', 10);
    expect(serve(bench, 8)).to.match(/^(ab){4}$|^(ba){4}$/);
  });

  it('that come one at a time go before the queue of a greedy one, and not before each other', () => {
    const bench = createBench({ limits: { default: 1 } });
    many(bench, 'a', 1);
    many(bench, 'b', 10);
    let served = '';
    for (let n = 1; n < 8; n++) {
      bench.acquire(`a${n}`, { volume: 1 }, 'cloud', { share: 'a' });
      served += serve(bench, 1);
    }
    expect(served).to.equal('bbababa');
  });

  it('count as much as their weights say', () => {
    const bench = createBench({ limits: { default: 1, shares: { a: 3 } } });
    many(bench, 'a', 30);
    many(bench, 'b', 30);
    expect([...serve(bench, 20)].filter((share) => share === 'a')).to.have.length(15);
    expect(() => createBench({ limits: { shares: { a: 0 } } }))
      .to.throw()
      .that.deep.includes({ code: 'invalid_options', field: 'limits.shares.a' });
  });

  it('pay for the size of their needs', () => {
    const bench = createBench({ limits: { default: 2 } });
    bench.acquire('h', { volume: 2 });
    for (let i = 0; i < 4; i++) bench.acquire(`a${i}`, { volume: 2 }, 'cloud', { share: 'a' });
    many(bench, 'b', 8);
    const order: string[] = [];
    let open = ['h'];
    while (open.length > 0) {
      open = open.flatMap((lease) => bench.release(lease).map((s) => s.lease));
      order.push(...open.map((lease) => lease[0]!));
    }
    expect(order.join('')).to.equal('abbabbabbabb');
  });

  it('come after priorities, and those without a share go in order of arrival among them', () => {
    const bench = createBench({ limits: { default: 1 } });
    many(bench, 'h', 1);
    many(bench, 'a', 3);
    bench.acquire('x', { volume: 1 });
    many(bench, 'p', 1, { priority: 1 });
    expect(serve(bench, 5)).to.equal('paxaa');
  });

  it('are wrong where they are no text', () => {
    const bench = createBench();
    for (const share of ['', 7, 'x'.repeat(256)])
      expect(bench.acquire('a', { volume: 1 }, 'cloud', { share })[0]!.body['error']).to.deep.include({
        code: 'malformed',
        field: 'share',
      });
  });

  it('leave nothing in the record for ever', () => {
    const bench = createBench({ limits: { default: 1 } });
    for (let i = 0; i < 100; i++) {
      bench.acquire(`t${i}`, { volume: 1 }, 'cloud', { share: `t${i}` });
      bench.acquire('a', { volume: 1 }, 'cloud', { share: 'a' });
      for (const lease of [`t${i}`, 'a']) bench.release(lease);
    }
    expect([...bench.record().items.keys()].filter((name) => name.startsWith('s:')).length).to.be.at.most(5);
  });

  it('get what is theirs: while two wait all the time, what they got differs by one turn each at the most, with rebuilds between', () => {
    const names = ['a', 'b', 'c'] as const;
    fc.assert(
      fc.property(
        fc.record({ a: fc.integer({ min: 1, max: 3 }), b: fc.integer({ min: 1, max: 3 }), c: fc.integer({ min: 1, max: 3 }) }),
        fc.array(
          fc.oneof(
            {
              weight: 4,
              arbitrary: fc.record({
                do: fc.constant('acquire' as const),
                share: fc.constantFrom(...names),
                tokens: fc.integer({ min: 1, max: 2 }),
              }),
            },
            { weight: 4, arbitrary: fc.record({ do: fc.constant('release' as const) }) },
            { weight: 1, arbitrary: fc.record({ do: fc.constant('rebuild' as const) }) },
          ),
          { maxLength: 120, size: 'max' },
        ),
        (weights, steps) => {
          const bench = createBench({ limits: { default: 2, shares: weights } });
          const waiting = new Map<string, { share: (typeof names)[number]; tokens: number }>();
          /** What each got since a moment from which both have waited without a break. */
          const since = new Map<string, Record<string, number>>();
          steps.forEach((one, n) => {
            let sent: readonly { lease: string }[] = [];
            if (one.do === 'acquire') {
              waiting.set(`o${n}`, one);
              sent = bench.acquire(`o${n}`, { volume: one.tokens }, 'cloud', { share: one.share });
            } else if (one.do === 'release') sent = bench.release(bench.granted()[0] ?? 'none');
            else bench.rebuild();
            for (const { lease } of sent) {
              const { share, tokens } = waiting.get(lease)!;
              waiting.delete(lease);
              for (const got of since.values()) got[share] = (got[share] ?? 0) + tokens / weights[share];
            }
            const isWaiting = (share: string): boolean => [...waiting.values()].some((w) => w.share === share);
            for (const [x, y] of [
              ['a', 'b'],
              ['a', 'c'],
              ['b', 'c'],
            ] as const) {
              if (!isWaiting(x) || !isWaiting(y)) since.delete(x + y);
              else {
                const got = since.get(x + y) ?? {};
                since.set(x + y, got);
                // the bound of the paper: the largest request of each over its weight
                expect(Math.abs((got[x] ?? 0) - (got[y] ?? 0)), `${x} and ${y}`).to.be.at.most(2 / weights[x] + 2 / weights[y] + 1e-9);
              }
            }
          });
          for (let [lease] = bench.granted(); lease !== undefined; [lease] = bench.granted()) bench.release(lease);
          expect(bench.waiting()).to.deep.equal([]);
        },
      ),
      { numRuns: 100 },
    );
  }).timeout(30_000);
});
