import { explainLease, occupancy } from '@troupe/throttle';
import { expect } from 'chai';
import { createBench } from './bench.ts';

describe('why a lease waits', () => {
  it('is told with what is missing, the position, and who holds it since when, the longest first', () => {
    const bench = createBench({ limits: { default: 4 } });
    bench.acquire('old', { volume: 3 }, 'cloud/t1');
    bench.advance(60_000);
    bench.acquire('young', { volume: 1 });
    bench.acquire('first', { volume: 1 });
    bench.acquire('second', { volume: 2 }, 'cloud/t2');
    bench.advance(1_000);
    const { state, sinceMs, shortages, text } = bench.explain('second');
    expect([state, sinceMs]).to.deep.equal(['waiting', 1_000]);
    expect(shortages).to.deep.equal([
      {
        path: 'cloud',
        kind: 'volume',
        limit: 4,
        used: 4,
        tokens: 2,
        position: 2,
        holders: [
          { lease: 'old', holder: 'operation/old', tokens: 3, sinceMs: 61_000 },
          { lease: 'young', holder: 'operation/young', tokens: 1, sinceMs: 1_000 },
        ],
      },
    ]);
    expect(text).to.equal('number 2 for volume of cloud (4 of 4 in use); longest held by operation/old for 1m01');
  });

  it('names every kind that is short, at the level that refuses it', () => {
    const bench = createBench({ limits: { default: 1, scopes: { 'cloud/t1': { disk: 1 } } } });
    bench.acquire('a', { volume: 1, instance: 1, disk: 1 }, 'cloud/t1');
    bench.acquire('b', { volume: 1, instance: 1, snapshot: 1 }, 'cloud/t1');
    expect(bench.explain('b').shortages.map((s) => `${s.kind} of ${s.path}`)).to.deep.equal(['volume of cloud', 'instance of cloud']);
  });

  it('counts positions anew as others leave', () => {
    const bench = createBench({ limits: { default: 1 } });
    for (const lease of ['h', 'a', 'b', 'c']) bench.acquire(lease, { volume: 1 });
    const positions = () => ['a', 'b', 'c'].map((lease) => bench.explain(lease).shortages[0]?.position);
    expect(positions()).to.deep.equal([1, 2, 3]);
    bench.release('a');
    expect(positions()).to.deep.equal([undefined, 1, 2]);
    bench.release('h');
    expect(positions()).to.deep.equal([undefined, undefined, 1]);
  });

  it('does not count leases without tokens of their own among the holders', () => {
    const bench = createBench({ limits: { default: 1 } });
    bench.acquire('a', { volume: 1 });
    bench.acquire('inner', { volume: 1 }, 'cloud', { held: [{ lease: 'a', scope: 'cloud', need: { volume: 1 } }] });
    bench.acquire('b', { volume: 1 });
    expect(bench.explain('b').shortages[0]!.holders.map((one) => one.lease)).to.deep.equal(['a']);
  });

  it('is a pause where the limit is 0', () => {
    const bench = createBench({ limits: { kinds: { volume: 0 } } });
    bench.acquire('a', { volume: 2 });
    expect(bench.explain('a').text).to.equal('number 1 for volume of cloud (0 of 0 in use): paused by a limit of 0');
  });

  it('is not asked of who holds, or of nobody', () => {
    const bench = createBench();
    bench.acquire('a', { instance: 1, volume: 2 }, 'cloud/t1');
    bench.advance(3_000);
    expect(bench.explain('a')).to.deep.equal({
      lease: 'a',
      state: 'held',
      sinceMs: 3_000,
      shortages: [],
      text: 'holds 1 instance, 2 volume of cloud/t1 for 3s',
    });
    expect(bench.explain('x')).to.deep.include({ state: 'unknown', text: 'lease x is not known to cloud' });
    expect(explainLease('cloud', undefined, 'x', 0).state).to.equal('unknown');
  });
});

describe('how full a root is', () => {
  it('is told for every limit that is used or waited for, and for no other', () => {
    const bench = createBench({ limits: { default: 2, scopes: { 'cloud/t1': { volume: 1 } } } });
    bench.acquire('a', { volume: 1 }, 'cloud/t1');
    bench.acquire('b', { volume: 1 }, 'cloud/t1');
    bench.acquire('c', { disk: 2 });
    bench.acquire('d', { disk: 1 });
    bench.acquire('gone', { snapshot: 1 });
    bench.release('gone');
    expect(occupancy('cloud', bench.record())).to.have.deep.members([
      { path: 'cloud', kind: 'volume', limit: 2, used: 1, waiting: 0 },
      { path: 'cloud/t1', kind: 'volume', limit: 1, used: 1, waiting: 1 },
      { path: 'cloud', kind: 'disk', limit: 2, used: 2, waiting: 1 },
    ]);
    expect(occupancy('cloud', undefined)).to.deep.equal([]);
  });
});
