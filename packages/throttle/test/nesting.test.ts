import { expect } from 'chai';
import { createBench } from './bench.ts';

const held = (lease: string, scope: string, need: Record<string, number>) => [{ lease, scope, need }];
const errorOf = (sent: readonly { body: Record<string, unknown> }[]) =>
  sent[0]?.body['error'] as { code: string; data: object } | undefined;

describe('an acquire inside of a lease of the same root', () => {
  it('is granted at once, also while others wait, and takes no tokens', () => {
    const bench = createBench({ limits: { default: 4 } });
    bench.acquire('outer', { volume: 4 });
    bench.acquire('stranger', { volume: 1 });
    const sent = bench.acquire('inner', { volume: 3 }, 'cloud', { held: held('outer', 'cloud', { volume: 4 }) });
    expect(sent.map((s) => [s.type, s.lease])).to.deep.equal([['throttle.granted', 'inner']]);
    expect(bench.state.ledger.used('cloud', 'volume')).to.equal(4);
    bench.release('inner');
    expect(bench.state.ledger.used('cloud', 'volume')).to.equal(4);
    expect(bench.waiting()).to.deep.equal(['stranger']);
  });

  it('gets a fence of its own, higher than the one around it', () => {
    const bench = createBench();
    const [outer] = bench.acquire('outer', { volume: 1 });
    const [inner] = bench.acquire('inner', { volume: 1 }, 'cloud', { held: held('outer', 'cloud', { volume: 1 }) });
    expect(inner!.body['fence']).to.be.greaterThan(outer!.body['fence'] as number);
  });

  it('is refused beyond what is held there, and told how much that is', () => {
    const bench = createBench({ limits: { default: 9 } });
    bench.acquire('outer', { volume: 2 });
    const error = errorOf(bench.acquire('inner', { volume: 3 }, 'cloud', { held: held('outer', 'cloud', { volume: 2 }) }));
    expect(error).to.deep.include({ code: 'nested_need', data: { scope: 'cloud', path: 'cloud', kind: 'volume', tokens: 3, held: 2 } });
    expect(errorOf(bench.acquire('other', { disk: 1 }, 'cloud', { held: held('outer', 'cloud', { volume: 2 }) }))?.code).to.equal(
      'nested_need',
    );
    expect(bench.granted()).to.deep.equal(['outer']);
  });

  it('is not covered twice by a lease and by what that lease covers', () => {
    const bench = createBench({ limits: { default: 9 } });
    bench.acquire('outer', { volume: 2 });
    const outer = held('outer', 'cloud', { volume: 2 });
    bench.acquire('inner', { volume: 2 }, 'cloud', { held: outer });
    const both = [...outer, ...held('inner', 'cloud', { volume: 2 })];
    expect(errorOf(bench.acquire('innermost', { volume: 4 }, 'cloud', { held: both }))?.code).to.equal('nested_need');
    expect(bench.acquire('modest', { volume: 2 }, 'cloud', { held: both })[0]?.type).to.equal('throttle.granted');
  });

  it('is covered by what is left of the lease, whatever its holder remembers', () => {
    const bench = createBench({ limits: { default: 4 } });
    bench.acquire('outer', { volume: 4 });
    bench.say('giveBack', { lease: 'outer', need: { volume: 3 } }, 'outer');
    const remembered = held('outer', 'cloud', { volume: 4 });
    expect(errorOf(bench.acquire('inner', { volume: 2 }, 'cloud', { held: remembered }))?.code).to.equal('nested_need');
    expect(bench.acquire('small', { volume: 1 }, 'cloud', { held: remembered })[0]?.type).to.equal('throttle.granted');
  });

  it('waits like everybody else when the lease that it names is gone', () => {
    const bench = createBench({ limits: { default: 1 } });
    bench.acquire('outer', { volume: 1 });
    bench.release('outer');
    bench.acquire('stranger', { volume: 1 });
    expect(bench.acquire('late', { volume: 1 }, 'cloud', { held: held('outer', 'cloud', { volume: 1 }) })).to.deep.equal([]);
    expect(bench.waiting()).to.deep.equal(['late']);
    expect(bench.release('stranger').map((s) => s.lease)).to.deep.equal(['late']);
    expect(bench.state.ledger.used('cloud', 'volume')).to.equal(1);
  });

  describe('of another level', () => {
    const limits = { default: 4, scopes: { 'cloud/t1': { volume: 2 }, 'cloud/t2': { volume: 1 } } };

    it('is covered upwards: what is held of a tenant is held of its provider', () => {
      const bench = createBench({ limits });
      bench.acquire('outer', { volume: 2 }, 'cloud/t1');
      const around = held('outer', 'cloud/t1', { volume: 2 });
      expect(bench.acquire('inner', { volume: 2 }, 'cloud', { held: around })[0]?.type).to.equal('throttle.granted');
    });

    it('is not covered sideways or downwards where there is a limit', () => {
      const bench = createBench({ limits });
      bench.acquire('outer', { volume: 2 });
      const around = held('outer', 'cloud', { volume: 2 });
      for (const scope of ['cloud/t1', 'cloud/t2']) {
        const error = errorOf(bench.acquire(scope, { volume: 1 }, scope, { held: around }));
        expect(error).to.deep.include({ code: 'nested_need', data: { scope, path: scope, kind: 'volume', tokens: 1, held: 0 } });
      }
    });

    it('needs nothing at a level without a limit', () => {
      const bench = createBench({ limits });
      bench.acquire('outer', { volume: 2 });
      const around = held('outer', 'cloud', { volume: 2 });
      expect(bench.acquire('inner', { volume: 2 }, 'cloud/t3/project', { held: around })[0]?.type).to.equal('throttle.granted');
    });
  });

  it('says in its event that it has no tokens of its own', () => {
    const bench = createBench();
    const granted: unknown[] = [];
    bench.onEvent = (topic, body) => void (topic.at(-1) === 'granted' && granted.push((body as { reentrant?: true }).reentrant));
    bench.acquire('outer', { volume: 1 });
    bench.acquire('inner', { volume: 1 }, 'cloud', { held: held('outer', 'cloud', { volume: 1 }) });
    expect(granted).to.deep.equal([undefined, true]);
  });

  it('stays without tokens after a rebuild from the record', () => {
    const bench = createBench({ limits: { default: 2 } });
    bench.acquire('outer', { volume: 2 });
    bench.acquire('inner', { volume: 2 }, 'cloud', { held: held('outer', 'cloud', { volume: 2 }) });
    bench.rebuild();
    expect(bench.state.ledger.used('cloud', 'volume')).to.equal(2);
    bench.release('inner');
    bench.release('outer');
    expect(bench.state.ledger.used('cloud', 'volume')).to.equal(0);
  });
});

describe('an acquire inside of a lease of another root', () => {
  it('waits in ascending order of roots only, so that two can never wait for each other', () => {
    const cloud = createBench({ limits: { default: 1 } }, 'cloud');
    const zone = createBench({ limits: { default: 1 } }, 'zone');
    cloud.acquire('a', { x: 1 });
    zone.acquire('b', { x: 1 }, 'zone');
    // a holds cloud and may wait for zone; b holds zone and may not wait for cloud
    expect(zone.acquire('a2', { x: 1 }, 'zone', { held: held('a', 'cloud', { x: 1 }) })).to.deep.equal([]);
    const error = errorOf(cloud.acquire('b2', { x: 1 }, 'cloud', { held: held('b', 'zone/t1', { x: 1 }) }));
    expect(error).to.deep.include({ code: 'lease_order', data: { root: 'cloud', held: 'zone' } });
    expect(cloud.waiting()).to.deep.equal([]);
    expect(zone.waiting()).to.deep.equal(['a2']);
  });

  it('looks at all that is held, not at the last', () => {
    const bench = createBench({}, 'm');
    const around = [...held('z', 'z', { x: 1 }), ...held('a', 'a', { x: 1 })];
    expect(errorOf(bench.acquire('inner', { x: 1 }, 'm', { held: around }))?.code).to.equal('lease_order');
    expect(bench.acquire('fine', { x: 1 }, 'm', { held: held('a', 'a', { x: 1 }) })[0]?.type).to.equal('throttle.granted');
  });

  it('is covered where its own root is held as well, in whatever order', () => {
    const bench = createBench({}, 'm');
    bench.acquire('mine', { x: 1 }, 'm');
    const around = [...held('mine', 'm', { x: 1 }), ...held('z', 'z', { x: 1 })];
    expect(bench.acquire('inner', { x: 1 }, 'm', { held: around })[0]?.type).to.equal('throttle.granted');
  });
});
