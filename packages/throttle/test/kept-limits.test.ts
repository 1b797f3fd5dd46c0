import { explainLease, occupancy, throttleBehaviour } from '@troupe/throttle';
import { expect } from 'chai';
import { createBench } from './bench.ts';

const limits = { default: 9, kinds: { volume: 2 }, scopes: { 'cloud/tenant': { volume: 1 }, 'other/tenant': { volume: 7 } } };

describe('the record of a throttle', () => {
  it('names the limits of its host as far as they concern its root, so that a reader needs no configuration', () => {
    const bench = createBench({ limits });
    for (const lease of ['a', 'b']) bench.acquire(lease, { volume: 1 }, 'cloud/tenant');
    expect(bench.record().items.get('limits')).to.deep.equal({
      default: 9,
      kinds: { volume: 2 },
      scopes: { 'cloud/tenant': { volume: 1 } },
    });
    const { shortages, text } = explainLease('cloud', bench.record(), 'b', 2_000);
    expect(shortages[0]).to.deep.include({ path: 'cloud/tenant', kind: 'volume', limit: 1, used: 1, position: 1 });
    expect(text).to.contain('number 1 for volume of cloud/tenant (1 of 1 in use)');
    expect(occupancy('cloud', bench.record())).to.have.deep.members([
      // it waits for the tenant's limit, not for the provider's
      { path: 'cloud', kind: 'volume', limit: 2, used: 1, waiting: 0 },
      { path: 'cloud/tenant', kind: 'volume', limit: 1, used: 1, waiting: 1 },
    ]);
  });

  it('is written anew when a host comes with other limits, and not for nothing', () => {
    const written = (record: ReturnType<ReturnType<typeof createBench>['record']> | undefined, options: object): number => {
      const behaviour = throttleBehaviour(options);
      const state = behaviour.activate('cloud', record);
      const context = { self: { kind: 'throttle', key: 'cloud' }, now: 1, newId: () => 'e', token: () => 't', random: () => 0.5 };
      const release = { id: 'm', type: 'release', body: { lease: 'x' }, sender: 'entity', context: {}, storedAt: 1 } as const;
      return [1, 2]
        .flatMap(() => behaviour.receive(state, release, context))
        .filter((effect) => effect.type === 'putItem' && effect.item === 'limits').length;
    };
    const bench = createBench({ limits });
    bench.acquire('a', { volume: 1 });
    expect(written(undefined, { limits })).to.equal(1);
    expect(written(bench.record(), { limits })).to.equal(0);
    expect(written(bench.record(), { limits: { ...limits, default: 8 } })).to.equal(1);
    // what concerns another root alone
    expect(written(bench.record(), { limits: { ...limits, scopes: { 'cloud/tenant': { volume: 1 } } } })).to.equal(0);
  });

  it('says what was set at run time besides', () => {
    const bench = createBench({ limits });
    bench.limit('volume', 0);
    bench.acquire('a', { volume: 1 });
    expect(explainLease('cloud', bench.record(), 'a', 2_000).text).to.contain('paused by a limit of 0');
    expect(bench.record().items.get('limits')).to.deep.include({ kinds: { volume: 2 } });
  });

  it('holds up nobody for whom there is room when a host comes with other limits', () => {
    const bench = createBench({ limits: { default: 1 } });
    for (const lease of ['a', 'b', 'c', 'd']) bench.acquire(lease, { volume: 1 });
    bench.rebuild({ limits: { default: 3 } });
    expect(bench.release('nobody').map((s) => s.lease)).to.deep.equal(['b', 'c']);
    expect([bench.granted(), bench.waiting()]).to.deep.equal([['a', 'b', 'c'], ['d']]);
  });
});
