import { expect } from 'chai';
import { createBench } from './bench.ts';

const four = { limits: { default: 4 } };

describe('a throttle', () => {
  it('grants up to its limit and not one more', () => {
    const bench = createBench(four);
    for (let i = 0; i < 7; i++) bench.acquire(`o${i}`, { volume: 1 });
    expect(bench.granted()).to.have.length(4);
    expect(bench.waiting()).to.deep.equal(['o4', 'o5', 'o6']);
  });

  it('hands a freed token to its next holder in the same turn, in order of arrival', () => {
    const bench = createBench(four);
    for (let i = 0; i < 6; i++) bench.acquire(`o${i}`, { volume: 1 });
    const sent = bench.release('o1');
    expect(sent.map((s) => [s.type, s.lease])).to.deep.equal([['throttle.granted', 'o4']]);
  });

  it('is all or nothing over kinds', () => {
    const bench = createBench(four);
    for (let i = 0; i < 3; i++) bench.acquire(`o${i}`, { instance: 1, volume: 2 });
    expect(bench.granted()).to.deep.equal(['o0', 'o1']);
    expect(bench.state.ledger.used('cloud', 'instance')).to.equal(2);
  });

  it('lets nobody overtake on what an earlier waiter needs', () => {
    const bench = createBench(four);
    bench.acquire('a', { volume: 3 });
    bench.acquire('b', { volume: 2 });
    bench.acquire('c', { volume: 1 });
    expect(bench.granted()).to.deep.equal(['a']);
    bench.release('a');
    expect(bench.granted()).to.deep.equal(['b', 'c']);
  });

  it('holds every level of a path, and one tenant at its own limit blocks no other', () => {
    const bench = createBench({ limits: { default: 10, scopes: { 'cloud/t1': { volume: 1 } } } });
    bench.acquire('a', { volume: 1 }, 'cloud/t1');
    bench.acquire('b', { volume: 1 }, 'cloud/t1');
    bench.acquire('c', { volume: 1 }, 'cloud/t2');
    expect(bench.granted()).to.deep.equal(['a', 'c']);
    expect(bench.state.ledger.used('cloud', 'volume')).to.equal(2);
  });

  it('serves a higher priority first and keeps order within one', () => {
    const bench = createBench({ limits: { default: 1 } });
    bench.acquire('a', { volume: 1 });
    bench.acquire('low', { volume: 1 });
    bench.acquire('high1', { volume: 1 }, 'cloud', { priority: 5 });
    bench.acquire('high2', { volume: 1 }, 'cloud', { priority: 5 });
    const order = ['a', 'high1', 'high2'].flatMap((lease) => bench.release(lease).map((s) => s.lease));
    expect(order).to.deep.equal(['high1', 'high2', 'low']);
  });

  it('answers an acquire that is asked again from its state', () => {
    const bench = createBench({ limits: { default: 1 } });
    const first = bench.acquire('a', { volume: 1 });
    expect(bench.acquire('a', { volume: 1 })).to.deep.equal(first);
    bench.acquire('b', { volume: 1 });
    expect(bench.acquire('b', { volume: 1 })).to.deep.equal([]);
    expect(bench.waiting()).to.deep.equal(['b']);
  });

  it('refuses a need that can never be granted, and waits where the limit is a pause', () => {
    const bench = createBench(four);
    expect(bench.acquire('a', { volume: 5 })[0]).to.deep.include({ type: 'throttle.refused' });
    expect(bench.sent.at(-1)?.body['error']).to.include({ code: 'need_exceeds_limit' });
    bench.limit('volume', 0);
    bench.acquire('b', { volume: 5 });
    expect(bench.waiting()).to.deep.equal(['b']);
  });

  it('follows its limit at run time: 4, 2, 8, 0, 4', () => {
    const bench = createBench(four);
    for (let i = 0; i < 20; i++) bench.acquire(`o${i}`, { volume: 1 });
    bench.limit('volume', 2);
    bench.release('o0');
    bench.release('o1');
    expect(bench.granted()).to.have.length(2);
    bench.limit('volume', 8);
    expect(bench.granted()).to.have.length(8);
    bench.limit('volume', 0);
    for (const lease of bench.granted()) bench.release(lease);
    expect(bench.granted()).to.deep.equal([]);
    bench.limit('volume', 4);
    expect(bench.granted()).to.deep.equal(['o10', 'o11', 'o12', 'o13']);
    bench.limit('volume', null);
    expect(bench.granted()).to.have.length(4);
  });

  it('takes a late, double or foreign release without harm', () => {
    const bench = createBench(four);
    bench.acquire('a', { volume: 1 });
    bench.say('release', { lease: 'a' }, 'somebody else');
    expect(bench.granted()).to.deep.equal(['a']);
    bench.release('a');
    bench.release('a');
    bench.release('never');
    expect(bench.state.ledger.used('cloud', 'volume')).to.equal(0);
  });

  it('lets a waiter withdraw, and those behind it move up', () => {
    const bench = createBench(four);
    bench.acquire('a', { volume: 3 });
    bench.acquire('b', { volume: 4 });
    bench.acquire('c', { volume: 1 });
    expect(bench.release('b').map((s) => s.lease)).to.deep.equal(['c']);
  });

  it('takes a part of a lease back early, and hands it on at once', () => {
    const bench = createBench(four);
    bench.acquire('a', { instance: 1, volume: 4 });
    bench.acquire('b', { volume: 2 });
    expect(bench.say('giveBack', { lease: 'a', need: { volume: 9 } }, 'a').map((s) => s.lease)).to.deep.equal(['b']);
    expect(bench.state.ledger.used('cloud', 'instance')).to.equal(1);
    bench.release('a');
    expect(bench.state.ledger.used('cloud', 'instance')).to.equal(0);
    expect(bench.state.ledger.used('cloud', 'volume')).to.equal(2);
  });

  it('is re-entrant up to what the operation and its ancestors hold', () => {
    const bench = createBench(four);
    bench.acquire('a', { volume: 4 });
    const held = [{ lease: 'a', scope: 'cloud', need: { volume: 4 } }];
    expect(bench.acquire('child', { volume: 2 }, 'cloud', { held })[0]?.type).to.equal('throttle.granted');
    expect(bench.state.ledger.used('cloud', 'volume')).to.equal(4);
    expect(bench.acquire('greedy', { volume: 5 }, 'cloud', { held })[0]?.body['error']).to.include({ code: 'nested_need' });
    bench.release('child');
    expect(bench.state.ledger.used('cloud', 'volume')).to.equal(4);
  });

  it('takes roots in ascending order only', () => {
    const bench = createBench(four);
    const held = [{ lease: 'z', scope: 'zebra', need: { volume: 1 } }];
    expect(bench.acquire('a', { volume: 1 }, 'cloud', { held })[0]?.body['error']).to.include({ code: 'lease_order' });
  });

  it('asks the oldest holders only while somebody waits, and reclaims on an explicit no alone', () => {
    const bench = createBench({ limits: { default: 1 } });
    bench.acquire('a', { volume: 1 });
    expect(bench.timers).to.deep.equal([]);
    bench.acquire('b', { volume: 1 });
    expect(bench.timers).to.have.length(1);
    bench.advance(30_000);
    const asked = bench.say('timer.ask', null, undefined, { sender: 'timer', timer: bench.timers[0]!.id });
    expect(asked.map((s) => [s.type, s.lease])).to.deep.equal([['throttle.asked', 'a']]);
    bench.say('holding', { lease: 'a', holds: true }, 'a');
    expect(bench.granted()).to.deep.equal(['a']);
    bench.say('holding', { lease: 'a', holds: false }, 'a');
    expect(bench.granted()).to.deep.equal(['b']);
    expect(bench.events).to.include('reclaimed');
  });

  it('gives every grant a higher fence number', () => {
    const bench = createBench({ limits: { default: 1 } });
    const fences = ['a', 'b', 'c'].map((lease) => {
      const fence = bench.acquire(lease, { volume: 1 })[0]?.body['fence'] as number;
      bench.release(lease);
      return fence;
    });
    expect(fences).to.deep.equal([...fences].sort((x, y) => x - y));
    expect(new Set(fences).size).to.equal(3);
  });

  it('names the field of an acquire that is wrong', () => {
    const bench = createBench(four);
    for (const [need, scope, field] of [
      [{}, 'cloud', 'need'],
      [{ volume: 0 }, 'cloud', 'need.volume'],
      [{ volume: 1 }, 'cloud//x', 'scope'],
      [{ volume: 1 }, 'other', 'scope'],
    ] as const) {
      expect(bench.acquire('a', need, scope)[0]?.body['error']).to.include({ code: 'malformed', field });
    }
  });

  it('looks at a bounded number of waiters in a turn, however many wait', () => {
    const bench = createBench({ limits: { default: 4 } });
    for (let i = 0; i < 10_004; i++) bench.acquire(`o${i}`, { volume: 1 });
    bench.acquire('other', { snapshot: 1 });
    expect(bench.granted()).to.include('other');
    const before = bench.state.ledger.looks;
    bench.release('o0');
    expect(bench.state.ledger.looks - before).to.be.at.most(3);
  });
});
