import type { Rate } from '@troupe/throttle';
import { expect } from 'chai';
import fc from 'fast-check';
import { createBench } from './bench.ts';
import { expectWithin, type Spending } from './budgets.ts';

type Bucket = Extract<Rate, { bucket: number }>;
type Window = Extract<Rate, { window: string }>;
const bucket = fc.record({
  bucket: fc.integer({ min: 2, max: 6 }),
  refill: fc.integer({ min: 1, max: 5 }),
  everyMs: fc.integer({ min: 1, max: 40 }),
});
const windowOf = (min: number, max: number) => fc.record({ windowMs: fc.integer({ min, max }), most: fc.integer({ min: 2, max: 6 }) });
const rate: fc.Arbitrary<Rate> = fc.oneof(
  bucket.map(({ everyMs, ...one }): Bucket => ({ ...one, every: `${everyMs}ms` })),
  windowOf(1, 700).map(({ windowMs, most }): Window => ({ window: `${windowMs}ms`, most })),
);

const scopes = ['cloud', 'cloud/t1', 'cloud/t1/p', 'cloud/t2'] as const;
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('acquire' as const),
      scope: fc.constantFrom(...scopes),
      volume: fc.nat(2),
      units: fc.integer({ min: 1, max: 2 }),
      priority: fc.nat(1),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('release' as const), nth: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'rebuild' as const }) },
);

describe('a rate', () => {
  it('is never more than its budget in any time, at any level, with tokens, priorities, releases and rebuilds between', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: 'max' }), rate, rate, (steps, root, tenant) => {
        const bench = createBench({ limits: { default: 3, rates: { kinds: { call: root }, scopes: { 'cloud/t1': { call: tenant } } } } });
        const asked = new Map<string, { scope: string; units: number }>();
        const log = new Map<string, Spending & { scope: string }>();
        const note = (sent: readonly { type: string; lease: string }[]): void => {
          for (const { type, lease } of sent)
            if (type === 'throttle.granted') log.set(lease, { ...asked.get(lease)!, at: bench.grantedAt(lease) });
          const all = [...log.values()].sort((a, b) => a.at - b.at);
          expectWithin(root, all, 'cloud');
          expectWithin(
            tenant,
            all.filter(({ scope }) => scope.startsWith('cloud/t1')),
            'cloud/t1',
          );
          expect(bench.state.ledger.used('cloud', 'volume')).to.be.at.most(3);
        };
        steps.forEach((one, n) => {
          if (one.do === 'acquire') {
            asked.set(`o${n}`, one);
            note(
              bench.acquire(`o${n}`, one.volume === 0 ? {} : { volume: one.volume }, one.scope, {
                spend: { call: one.units },
                priority: one.priority,
              }),
            );
          } else if (one.do === 'release') note(bench.release([...asked.keys()][one.nth % Math.max(1, asked.size)] ?? 'none'));
          else if (one.do === 'pass') note(bench.pass(one.ms));
          else bench.rebuild();
        });
        // nobody is forgotten: with time and tokens everybody gets what it asked for
        for (let round = 0; bench.waiting().length > 0; round++) {
          expect(round, 'rounds').to.be.lessThan(100);
          for (const lease of bench.granted()) note(bench.release(lease));
          note(bench.pass(1_000));
        }
      }),
      { numRuns: 60 },
    );
  }).timeout(20_000);

  it('is given as soon as its budget has room, to the millisecond, in order', () => {
    const exact: fc.Arbitrary<Rate> = fc.oneof(
      bucket.map(({ everyMs, ...one }): Bucket => ({ ...one, every: `${everyMs}ms` })),
      // parts of a window of up to 100 ms are 1 ms long
      windowOf(1, 100).map(({ windowMs, most }): Window => ({ window: `${windowMs}ms`, most })),
    );
    fc.assert(
      fc.property(
        exact,
        fc.array(fc.record({ after: fc.nat(20), units: fc.integer({ min: 1, max: 2 }) }), { maxLength: 20 }),
        (rate, asks) => {
          const bench = createBench({ limits: { rates: { kinds: { call: rate } } } });
          const queue: { lease: string; units: number; from: number }[] = [];
          asks.forEach(({ after, units }, n) => {
            bench.pass(after);
            queue.push({ lease: `o${n}`, units, from: bench.now });
            bench.acquire(`o${n}`, {}, 'cloud', { spend: { call: units } });
          });
          bench.pass(2_000);
          // the reference: a clock that ticks, and everything counted anew at each tick
          const log: Spending[] = [];
          let now = 0;
          for (const { lease, units, from } of queue) {
            for (now = Math.max(now, from); !fits(rate, log, units, now); now++);
            log.push({ at: now, units });
            expect(bench.grantedAt(lease), lease).to.equal(now);
          }
        },
      ),
      { numRuns: 100 },
    );
  }).timeout(20_000);
});

function fits(rate: Rate, log: readonly Spending[], units: number, now: number): boolean {
  if ('window' in rate) {
    const within = log.filter(({ at }) => at > now - Number.parseInt(rate.window));
    return within.reduce((sum, one) => sum + one.units, 0) + units <= rate.most;
  }
  // in parts of `every`, so that all numbers are whole
  const every = Number.parseInt(rate.every);
  let level = rate.bucket * every;
  let at = log[0]?.at ?? now;
  for (const one of [...log, { at: now, units }]) {
    level = Math.min(rate.bucket * every, level + (one.at - at) * rate.refill) - one.units * every;
    at = one.at;
    if (level < 0) return false;
  }
  return true;
}
