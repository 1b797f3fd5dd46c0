import type { Rate } from '@troupe/throttle';
import { expect } from 'chai';
import fc from 'fast-check';
import { createBench } from './bench.ts';
import { expectWithin, type Spending } from './budgets.ts';

const RATE: Rate = { bucket: 3, refill: 1, every: '10ms' };
const AGING_MS = 200;
const LIMITS = { default: 2, scopes: { 'cloud/t1': { vm: 1 } }, aging: `${AGING_MS}ms`, rates: { kinds: { call: RATE } } } as const;

const around = (...leases: string[]) => leases.map((lease) => ({ lease, scope: 'cloud', need: {} }));

describe('a rate that is spent inside of a lease of the same root', () => {
  const setup = () => {
    const bench = createBench({ limits: LIMITS });
    bench.acquire('holder', { vm: 2 });
    bench.acquire('spent', {}, 'cloud', { spend: { call: 3 } });
    return bench;
  };
  const spendInside = (bench: ReturnType<typeof createBench>, lease: string, units: number) =>
    bench.acquire(lease, {}, 'cloud', { spend: { call: units }, held: around('holder') });

  it('waits for time alone, and goes before those who wait for the tokens that are held around it', () => {
    const bench = setup();
    bench.acquire('stranger', { vm: 1 }, 'cloud', { spend: { call: 1 }, priority: 9 });
    bench.acquire('spender', {}, 'cloud', { spend: { call: 1 }, priority: 9 });
    expect(spendInside(bench, 'inside', 2)).to.deep.equal([]);
    expect(bench.explain('inside')).to.deep.include({
      state: 'waiting',
      rates: [{ path: 'cloud', name: 'call', rate: '3 at once, 1 every 10ms', units: 2, position: 1, nextInMs: 20 }],
    });
    bench.rebuild();
    bench.pass(20);
    expect(bench.granted()).to.deep.equal(['holder', 'spent', 'inside']);
    expect(bench.state.ledger.leases.get('inside')).to.include({ reentrant: true });
    bench.release('inside');
    bench.release('holder');
    bench.pass(20);
    expect(bench.waiting()).to.deep.equal([]);
  });

  it('is spent in maintenance too: else the lease around it would never end', () => {
    const bench = setup();
    bench.order('setMaintenance', { scope: 'cloud', on: true });
    spendInside(bench, 'inside', 1);
    bench.pass(10);
    expect(bench.granted()).to.include('inside');
  });

  it('is refused where it could never be', () => {
    const [refused] = spendInside(setup(), 'inside', 4);
    expect(refused!.body['error']).to.include({ code: 'need_exceeds_limit' });
  });

  it('may come with tokens that are covered by that lease', () => {
    const bench = setup();
    bench.acquire('inside', { vm: 2 }, 'cloud', { spend: { call: 1 }, held: around('holder') });
    bench.pass(10);
    expect(bench.granted()).to.include('inside');
    expect(bench.state.ledger.used('cloud', 'vm')).to.equal(2);
  });

  it('starves nobody: who has aged and waits for time alone goes before a holder that spends again and again', () => {
    const bench = setup();
    bench.acquire('patient', { disk: 1 }, 'cloud/t2', { spend: { call: 3 } });
    const from = bench.now;
    // as much as there is, for ever
    for (let n = 0; bench.waiting().includes('patient'); n++) {
      expect(bench.now - from).to.be.lessThan(2 * AGING_MS);
      spendInside(bench, `inside${n}`, 1);
      spendInside(bench, `beside${n}`, 1);
      bench.pass(10);
    }
    expect(bench.grantedAt('patient') - from).to.be.within(AGING_MS, AGING_MS + 30);
    bench.release('patient');
    bench.pass(10_000);
    expect(bench.waiting()).to.deep.equal([]);
  });
});

const ask = fc.record({
  do: fc.constant('acquire' as const),
  scope: fc.constantFrom('cloud', 'cloud/t1', 'cloud/t2'),
  vm: fc.nat(2),
  units: fc.nat(3),
  priority: fc.nat(1),
});
const step = fc.oneof(
  { weight: 4, arbitrary: ask },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('inside' as const), nth: fc.nat(), units: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), nth: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(150) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'rebuild' as const }) },
);

describe('holders that spend inside of what they hold', () => {
  it('never come to wait for each other, nor pass the budget: with time alone, and releases of whom waits for nothing, all get what they asked for', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
        const bench = createBench({ limits: LIMITS });
        const units = new Map<string, number>();
        /** Who waits inside of which lease: that one ends only when it has got it. */
        const within = new Map<string, string>();
        const check = (): void => {
          const log: Spending[] = [...units].flatMap(([lease, n]) =>
            n > 0 && bench.grantedAt(lease) !== undefined ? [{ at: bench.grantedAt(lease), units: n }] : [],
          );
          expectWithin(
            RATE,
            log.sort((a, b) => a.at - b.at),
            'cloud',
          );
          expect(bench.state.ledger.used('cloud', 'vm')).to.be.at.most(2);
        };
        const waitsInside = (outer: string): boolean => bench.waiting().some((one) => within.get(one) === outer);
        const free = (): string[] => bench.granted().filter((one) => !waitsInside(one));
        steps.forEach((one, n) => {
          const lease = `o${n}`;
          if (one.do === 'acquire') {
            if (one.vm + one.units === 0) return;
            units.set(lease, one.units);
            const spend = one.units === 0 ? {} : { spend: { call: one.units } };
            bench.acquire(lease, one.vm === 0 ? {} : { vm: one.vm }, one.scope, { ...spend, priority: one.priority });
          } else if (one.do === 'inside') {
            const holders = bench.granted();
            if (holders.length === 0) return;
            const outer = holders[one.nth % holders.length]!;
            units.set(lease, one.units);
            within.set(lease, outer);
            bench.acquire(lease, {}, 'cloud', { spend: { call: one.units }, held: around(outer) });
          } else if (one.do === 'release') {
            const may = free();
            if (may.length > 0) bench.release(may[one.nth % may.length]!);
          } else if (one.do === 'pass') bench.pass(one.ms);
          else bench.rebuild();
          check();
        });
        for (let round = 0; bench.waiting().length > 0; round++) {
          expect(round, `rounds, ${bench.waiting().join()} wait`).to.be.lessThan(200);
          for (const lease of free()) bench.release(lease);
          bench.pass(50);
          check();
        }
      }),
      { numRuns: 150 },
    );
  }).timeout(20_000);
});
