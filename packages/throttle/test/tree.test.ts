import { expect } from 'chai';
import { createBench } from './bench.ts';

const limits = {
  default: 10,
  scopes: { 'cloud/t1': { volume: 3 }, 'cloud/t1/p1': { volume: 2 }, 'cloud/t2': { volume: 1, instance: 1 } },
};
const used = (bench: ReturnType<typeof createBench>, ...paths: string[]) => paths.map((path) => bench.state.ledger.used(path, 'volume'));

describe('a tree of limits', () => {
  it('counts a lease at every level of its path, and at no other', () => {
    const bench = createBench({ limits });
    bench.acquire('a', { volume: 2 }, 'cloud/t1/p1');
    expect(used(bench, 'cloud', 'cloud/t1', 'cloud/t1/p1', 'cloud/t1/p2', 'cloud/t2')).to.deep.equal([2, 2, 2, 0, 0]);
    bench.release('a');
    expect(used(bench, 'cloud', 'cloud/t1', 'cloud/t1/p1')).to.deep.equal([0, 0, 0]);
  });

  it('grants up to the lowest limit of the path, whichever level it stands at', () => {
    for (const [scope, most] of [
      ['cloud/t1/p1', 2],
      ['cloud/t1/p2', 3],
      ['cloud/t1', 3],
      ['cloud/t2', 1],
      ['cloud/t3/p/q', 10],
      ['cloud', 10],
    ] as const) {
      const bench = createBench({ limits });
      for (let i = 0; i < 12; i++) bench.acquire(`o${i}`, { volume: 1 }, scope);
      expect(bench.granted(), scope).to.have.length(most);
    }
  });

  it('adds up what its branches hold', () => {
    const bench = createBench({ limits });
    bench.acquire('a', { volume: 2 }, 'cloud/t1/p1');
    bench.acquire('b', { volume: 1 }, 'cloud/t1/p2');
    bench.acquire('c', { volume: 1 }, 'cloud/t1/p3');
    expect(bench.granted()).to.deep.equal(['a', 'b']);
    expect(bench.explain('c').shortages).to.have.length(1);
    expect(bench.explain('c').shortages[0]).to.include({ path: 'cloud/t1', limit: 3, used: 3 });
    expect(bench.release('a').map((s) => s.lease)).to.deep.equal(['c']);
  });

  it('lets a tenant that waits for its own limit hold up nobody else', () => {
    const bench = createBench({ limits });
    for (const lease of ['a', 'b', 'c']) bench.acquire(lease, { volume: 1 }, 'cloud/t2');
    for (let i = 0; i < 9; i++) bench.acquire(`o${i}`, { volume: 1 }, 'cloud/t3');
    expect(bench.waiting()).to.deep.equal(['b', 'c']);
    expect(used(bench, 'cloud')).to.deep.equal([10]);
  });

  it('keeps a place by arrival: whoever moves from its own limit to that of the root goes before those that came later', () => {
    const bench = createBench({ limits: { default: 2, scopes: { 'cloud/t2': { volume: 1 } } } });
    bench.acquire('own', { volume: 1 }, 'cloud/t2');
    bench.acquire('early', { volume: 1 }, 'cloud/t2');
    bench.acquire('filler', { volume: 1 }, 'cloud/t3');
    bench.acquire('late', { volume: 1 }, 'cloud/t3');
    expect(bench.waiting()).to.deep.equal(['early', 'late']);
    // the tenant is free again, the root has one token: it is for the one that came first
    expect(bench.release('own').map((s) => s.lease)).to.deep.equal(['early']);
    expect(bench.release('filler').map((s) => s.lease)).to.deep.equal(['late']);
  });

  it('takes tokens of a name that looks like a path of another for what they are', () => {
    const bench = createBench({ limits });
    bench.acquire('a', { volume: 1 }, 'cloud/t2');
    bench.acquire('b', { volume: 1 }, 'cloud/t22');
    bench.acquire('c', { volume: 1 }, 'cloud/t2x/t2');
    expect(bench.granted()).to.deep.equal(['a', 'b', 'c']);
  });
});

describe('several kinds in one need', () => {
  const four = { limits: { default: 4 } };

  it('are granted together or not at all, at all levels', () => {
    const bench = createBench({ limits });
    bench.acquire('a', { instance: 1, volume: 1 }, 'cloud/t2');
    bench.acquire('b', { instance: 1 }, 'cloud/t2');
    // its volume is short, so nothing of it is taken
    expect(bench.state.ledger.used('cloud', 'instance')).to.equal(1);
    bench.acquire('c', { instance: 1, volume: 10 }, 'cloud/t3');
    expect(bench.state.ledger.used('cloud', 'instance')).to.equal(1);
    bench.release('a');
    expect(bench.granted()).to.deep.equal(['b', 'c']);
  });

  it('cannot starve each other by halves: everybody takes all or waits with empty hands', () => {
    const bench = createBench(four);
    for (let i = 0; i < 20; i++) bench.acquire(`o${i}`, { instance: 1, volume: 2 });
    const order: string[] = [];
    while (bench.granted().length > 0) {
      const [next] = bench.granted();
      expect(bench.granted()).to.have.length(Math.min(2, 20 - order.length));
      order.push(next!);
      bench.release(next!);
    }
    expect(order).to.deep.equal(Array.from({ length: 20 }, (_, i) => `o${i}`));
  });

  it('are handed on one by one as they are given back', () => {
    const bench = createBench(four);
    bench.acquire('a', { instance: 1, volume: 2 });
    bench.acquire('b', { instance: 1, volume: 2 });
    bench.acquire('c', { instance: 1, volume: 2 });
    bench.acquire('d', { instance: 1, volume: 2 });
    const back = (lease: string, need: Record<string, number>) => bench.say('giveBack', { lease, need }, lease).map((s) => s.lease);
    expect(back('a', { volume: 1 })).to.deep.equal([]);
    expect(back('b', { volume: 1 })).to.deep.equal(['c']);
    expect(back('a', { volume: 1 })).to.deep.equal([]);
    expect(back('b', { volume: 1 })).to.deep.equal(['d']);
    expect(bench.state.ledger.used('cloud', 'instance')).to.equal(4);
  });
});
