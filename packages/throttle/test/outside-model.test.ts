import { expect } from 'chai';
import fc from 'fast-check';
import { createOutsideBench } from './outside-bench.ts';

const LIMIT = 3;
const TTL = 10_000;

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('acquire' as const), who: fc.nat(9), tokens: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('renew' as const), who: fc.nat(9), isStale: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('release' as const), who: fc.nat(9), isStale: fc.boolean() }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(7_000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('late' as const), ms: fc.nat(15_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('limit' as const), limit: fc.option(fc.nat(5)) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'operation' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'rebuild' as const }) },
);

describe('outside holders', () => {
  it('never hold more than the limit, nor one of them longer than its time, in any order of requests, crashes, silence and limit changes', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
        const world = createOutsideBench({ limits: { default: LIMIT } });
        const { bench } = world;
        /** Until when each may believe that it holds: what it was told, counted from when it asked. */
        const believes = new Map<string, { fence: number; until: number }>();
        const last = new Map<string, number>();
        let limit = LIMIT;
        let fence = 0;
        let read = 0;
        let operations = 0;
        const hear = (asked: string): void => {
          for (const { answer, lease, fence: told } of bench.told.slice(read) as { answer: string; lease: string; fence: number }[]) {
            if (answer === 'granted') {
              if (told > fence) fence = told;
              // a grant that was told before is told again, never an older one
              expect(told).to.be.at.least(last.get(lease) ?? 0);
              last.set(lease, told);
              // told again to who asks again, else at the time of the grant, in the middle of what has passed
              const held = bench.state.ledger.leases.get(lease);
              if (held?.fence === told) believes.set(lease, { fence: told, until: (lease === asked ? bench.now : held.grantedAt) + TTL });
            }
          }
          read = bench.told.length;
        };
        for (const one of steps) {
          const before = used(bench);
          const fenceBefore = bench.state.fence;
          const name = 'who' in one ? `h${one.who}` : '';
          const mine = believes.get(name)?.fence ?? 0;
          if (one.do === 'acquire') world.acquire(name, { need: { vm: one.tokens }, ttlMs: TTL, waitMs: 1_000 });
          else if (one.do === 'renew') {
            const answer = world.renew(name, one.isStale ? mine - 1 : mine, { ttlMs: TTL });
            expect(answer!['answer']).to.equal(!one.isStale && world.fenceOf(name) === mine && mine > 0 ? 'renewed' : 'lost');
            if (answer!['answer'] === 'renewed') believes.set(name, { fence: mine, until: bench.now + TTL });
          } else if (one.do === 'release') {
            world.release(name, mine === 0 ? {} : { fence: one.isStale ? mine - 1 : mine });
            if (!one.isStale) believes.delete(name);
          } else if (one.do === 'pass') bench.pass(one.ms);
          // timers come late: nobody looks meanwhile
          else if (one.do === 'late') bench.advance(one.ms);
          else if (one.do === 'limit') {
            bench.limit('vm', one.limit);
            limit = one.limit ?? LIMIT;
          } else if (one.do === 'operation') bench.acquire(`op${operations++}`, { vm: 1 });
          else bench.rebuild();
          hear(one.do === 'acquire' ? name : '');
          expect(used(bench)).to.equal(bench.state.ledger.used('cloud', 'vm'));
          expect(used(bench)).to.be.at.most(Math.max(limit, before));
          expect(bench.state.fence).to.be.at.least(fenceBefore);
          // whoever believes in time is right: it holds by the record, under that very fence
          for (const [lease, { fence: is, until }] of believes) if (bench.now < until) expect(world.fenceOf(lease), lease).to.equal(is);
        }
        // all of them crash; operations give back what they have: nothing stays
        bench.limit('vm', 9);
        for (let n = 0; n < operations; n++) bench.release(`op${n}`);
        bench.pass(3 * TTL);
        expect(bench.granted()).to.deep.equal([]);
        expect(bench.waiting()).to.deep.equal([]);
        expect(world.left()).to.deep.equal([]);
      }),
      { numRuns: 150 },
    );
  }).timeout(30_000);
});

function used(bench: ReturnType<typeof createOutsideBench>['bench']): number {
  let sum = 0;
  for (const lease of bench.state.ledger.leases.values()) sum += lease.need['vm'] ?? 0;
  return sum;
}
