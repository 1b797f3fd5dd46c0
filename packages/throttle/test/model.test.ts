import { expect } from 'chai';
import fc from 'fast-check';
import { createBench } from './bench.ts';

const kinds = ['instance', 'volume'] as const;
const scopes = ['cloud', 'cloud/t1', 'cloud/t2', 'cloud/t1/p'] as const;
const limits = { default: 3, scopes: { 'cloud/t1': { volume: 2 }, 'cloud/t2': { instance: 1 } } };

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('acquire' as const),
      lease: fc.nat(25),
      scope: fc.constantFrom(...scopes),
      instance: fc.nat(2),
      volume: fc.nat(2),
      priority: fc.nat(1),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('release' as const), lease: fc.nat(25) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('giveBack' as const), lease: fc.nat(25), kind: fc.constantFrom(...kinds) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('limit' as const),
      kind: fc.constantFrom(...kinds),
      limit: fc.nat(5),
      scope: fc.constantFrom(...scopes),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'rebuild' as const }) },
);

/** Everything counted anew from the leases alone: no index, no memory of what happened. */
function usedAnew(bench: ReturnType<typeof createBench>, path: string, kind: string): number {
  let used = 0;
  for (const lease of bench.state.ledger.leases.values()) {
    if (lease.scope === path || lease.scope.startsWith(`${path}/`)) used += lease.need[kind] ?? 0;
  }
  return used;
}

describe('granted = live leases <= limit', () => {
  it('at every turn and every level, in every order of acquire, release, give back, limit change and rebuild', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), fc.boolean(), (steps, twice) => {
        const bench = createBench({ limits });
        const limitOf = new Map<string, number>();
        const limit = (path: string, kind: string): number =>
          limitOf.get(`${path} ${kind}`) ??
          (limits.scopes as Record<string, Record<string, number>>)[path]?.[kind] ??
          (path === 'cloud' ? 3 : Infinity);
        for (const one of steps) {
          const usedBefore = new Map(scopes.flatMap((p) => kinds.map((k) => [`${p} ${k}`, usedAnew(bench, p, k)])));
          for (let n = 0; n < (twice && one.do !== 'rebuild' ? 2 : 1); n++) {
            if (one.do === 'acquire') {
              const need = { ...(one.instance > 0 ? { instance: one.instance } : {}), ...(one.volume > 0 ? { volume: one.volume } : {}) };
              bench.acquire(`o${one.lease}`, need, one.scope, { priority: one.priority });
            } else if (one.do === 'release') bench.release(`o${one.lease}`);
            else if (one.do === 'giveBack') bench.say('giveBack', { lease: `o${one.lease}`, need: { [one.kind]: 1 } }, `o${one.lease}`);
            else if (one.do === 'limit') {
              bench.limit(one.kind, one.limit, one.scope);
              limitOf.set(`${one.scope} ${one.kind}`, one.limit);
            } else bench.rebuild();
          }
          for (const path of scopes) {
            for (const kind of kinds) {
              const used = usedAnew(bench, path, kind);
              expect(bench.state.ledger.used(path, kind), `${path} ${kind}`).to.equal(used);
              // a limit cut below use stops grants; it is never passed by a new one
              expect(used).to.be.at.most(Math.max(limit(path, kind), usedBefore.get(`${path} ${kind}`)!));
            }
          }
          // no grant is lost: whoever waits is blocked by a full limit or by somebody before it
          for (const waiter of bench.state.ledger.waiters()) expect(bench.state.ledger.blockers(waiter, bench.now)).not.to.deep.equal([]);
        }
        // the state is the record: rebuilt, it decides the same
        const before = [bench.granted().sort(), bench.waiting()];
        bench.rebuild();
        expect([bench.granted().sort(), bench.waiting()]).to.deep.equal(before);
        for (const lease of [...bench.granted(), ...bench.waiting()]) bench.release(lease);
        for (const lease of bench.granted()) bench.release(lease);
        // nothing is left of them; the limits of the host stay
        expect([...bench.record().items.keys()].filter((name) => name !== 'limits')).to.deep.equal([]);
      }),
      { numRuns: 100 },
    );
  }).timeout(30_000);

  it('serves one queue strictly in order of arrival', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 100, size: 'max' }), (steps) => {
        const bench = createBench({ limits: { default: 2 } });
        let next = 0;
        const order: number[] = [];
        for (const arrives of steps) {
          const sent = arrives ? bench.acquire(String(next++), { volume: 1 }) : bench.release(bench.granted()[0] ?? 'none');
          order.push(...sent.filter((s) => s.type === 'throttle.granted').map((s) => Number(s.lease)));
        }
        expect(order).to.deep.equal([...order].sort((a, b) => a - b));
      }),
    );
  });
});
