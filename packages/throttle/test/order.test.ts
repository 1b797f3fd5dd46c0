import { expect } from 'chai';
import { createBench } from './bench.ts';

/** Releases whoever holds, until nobody waits any more; the order of all grants. */
function drain(bench: ReturnType<typeof createBench>): string[] {
  const order: string[] = [];
  for (let [lease] = bench.granted(); lease !== undefined; [lease] = bench.granted()) {
    order.push(lease);
    bench.release(lease);
  }
  return order;
}

describe('the order of grants', () => {
  it('is that of arrival, across scopes that share a limit', () => {
    const bench = createBench({ limits: { default: 1 } });
    for (let i = 0; i < 6; i++) bench.acquire(`o${i}`, { volume: 1 }, `cloud/t${i % 3}`);
    expect(drain(bench)).to.deep.equal(['o0', 'o1', 'o2', 'o3', 'o4', 'o5']);
  });

  it('is by priority first, also for who comes last', () => {
    const bench = createBench({ limits: { default: 1 } });
    for (const [lease, priority] of [
      ['h', 0],
      ['a', 0],
      ['b', 2],
      ['c', -1],
      ['d', 2],
      ['e', 0],
      ['f', 0.5],
    ] as const) {
      bench.acquire(lease, { volume: 1 }, 'cloud', { priority });
    }
    expect(drain(bench)).to.deep.equal(['h', 'b', 'd', 'f', 'a', 'e', 'c']);
  });

  it('takes nothing from who holds: a higher priority only goes first', () => {
    const bench = createBench({ limits: { default: 1 } });
    bench.acquire('low', { volume: 1 });
    bench.acquire('high', { volume: 1 }, 'cloud', { priority: 100 });
    expect(bench.granted()).to.deep.equal(['low']);
  });

  it('keeps the place of a large need: small ones that came later do not starve it', () => {
    const bench = createBench({ limits: { default: 4 } });
    bench.acquire('a', { volume: 2 });
    bench.acquire('b', { volume: 2 });
    bench.acquire('large', { volume: 4 });
    for (let i = 0; i < 5; i++) bench.acquire(`small${i}`, { volume: 1 });
    expect(bench.release('a')).to.deep.equal([]);
    expect(bench.release('b').map((s) => s.lease)).to.deep.equal(['large']);
    expect(bench.release('large').map((s) => s.lease)).to.deep.equal(['small0', 'small1', 'small2', 'small3']);
  });

  it('keeps the place on every kind of a need, also where there are tokens left', () => {
    const bench = createBench({ limits: { default: 2 } });
    bench.acquire('volumes', { volume: 2 });
    bench.acquire('both', { volume: 1, instance: 1 });
    bench.acquire('instances', { instance: 2 });
    // there are two instances; one of them is reserved for who came first
    expect(bench.waiting()).to.deep.equal(['both', 'instances']);
    expect(bench.explain('instances').shortages[0]).to.include({ kind: 'instance', used: 0, limit: 2, position: 2 });
    bench.acquire('snapshot', { snapshot: 2 });
    expect(bench.granted()).to.deep.equal(['volumes', 'snapshot']);
  });

  it('lets those behind go on when who was before them gives up', () => {
    const bench = createBench({ limits: { default: 2 } });
    bench.acquire('volumes', { volume: 2 });
    bench.acquire('both', { volume: 1, instance: 1 });
    bench.acquire('instances', { instance: 2 });
    expect(bench.release('both').map((s) => s.lease)).to.deep.equal(['instances']);
    expect(bench.events).to.include('withdrawn');
  });

  it('survives a rebuild from the record, priorities and places as they were', () => {
    const order = (rebuilt: boolean): string[] => {
      const bench = createBench({ limits: { default: 2, scopes: { 'cloud/t1': { volume: 1 } } } });
      for (let i = 0; i < 12; i++) {
        bench.acquire(`o${i}`, { volume: 1 + (i % 2) }, i % 2 === 0 ? 'cloud/t1' : 'cloud', { priority: i % 3 });
        if (rebuilt) bench.rebuild();
      }
      return drain(bench);
    };
    expect(order(true)).to.deep.equal(order(false));
    expect(order(true)).to.have.length(12);
  });

  it('gives a place that was left up to nobody: who asks again stands at the end', () => {
    const bench = createBench({ limits: { default: 1 } });
    for (const lease of ['h', 'a', 'b']) bench.acquire(lease, { volume: 1 });
    bench.release('a');
    bench.acquire('a', { volume: 1 });
    expect(drain(bench)).to.deep.equal(['h', 'b', 'a']);
  });
});

describe('asking again', () => {
  it('for a lease that is held is answered with the same grant, fence and all', () => {
    const bench = createBench({ limits: { default: 1 } });
    const first = bench.acquire('a', { volume: 1 });
    bench.rebuild();
    expect(bench.acquire('a', { volume: 1 })).to.deep.equal(first);
    expect(bench.state.ledger.used('cloud', 'volume')).to.equal(1);
  });

  it('while waiting keeps the place and says nothing', () => {
    const bench = createBench({ limits: { default: 1 } });
    for (const lease of ['h', 'a', 'b', 'a', 'b']) bench.acquire(lease, { volume: 1 });
    expect(drain(bench)).to.deep.equal(['h', 'a', 'b']);
    expect(bench.events.filter((what) => what === 'queued')).to.have.length(2);
  });

  it('with another need is answered with what was asked for first: a lease is known by its id', () => {
    const bench = createBench({ limits: { default: 4 } });
    bench.acquire('a', { volume: 1 });
    expect(bench.acquire('a', { volume: 3 })[0]?.body['need']).to.deep.equal({ volume: 1 });
    expect(bench.state.ledger.used('cloud', 'volume')).to.equal(1);
  });

  it('after its end is a new lease with a higher fence', () => {
    const bench = createBench({ limits: { default: 1 } });
    const fence = () => bench.acquire('a', { volume: 1 })[0]!.body['fence'] as number;
    const first = fence();
    bench.release('a');
    expect(fence()).to.be.greaterThan(first);
  });
});
