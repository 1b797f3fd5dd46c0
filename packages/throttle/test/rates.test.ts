import type { Rate } from '@troupe/throttle';
import { expect } from 'chai';
import { createBench } from './bench.ts';

const perSecond: Rate = { bucket: 2, refill: 1, every: '1s' };

function spenders(rates: Record<string, Rate>, count: number, spend: Record<string, number> = { call: 1 }) {
  const bench = createBench({ limits: { rates: { kinds: rates } } });
  for (let i = 0; i < count; i++) bench.acquire(`o${i}`, {}, 'cloud', { spend });
  return bench;
}

describe('a rate', () => {
  it('of a bucket grants what it holds at once, and then as it refills', () => {
    const bench = spenders({ call: perSecond }, 5);
    expect(bench.granted()).to.deep.equal(['o0', 'o1']);
    expect(bench.pass(999)).to.deep.equal([]);
    expect(bench.pass(1).map((s) => s.lease)).to.deep.equal(['o2']);
    expect(bench.pass(2_000).map((s) => s.lease)).to.deep.equal(['o3', 'o4']);
  });

  it('of a window grants no more in it, wherever it begins', () => {
    const bench = spenders({ call: { window: '1s', most: 2 } }, 3);
    expect(bench.granted()).to.deep.equal(['o0', 'o1']);
    expect(bench.pass(999)).to.deep.equal([]);
    // what is spent within a hundredth of a window counts to the end of that part
    expect(bench.pass(10).map((s) => s.lease)).to.deep.equal(['o2']);
  });

  it('does not come back with the lease', () => {
    const bench = spenders({ call: perSecond }, 3);
    bench.release('o0');
    bench.release('o1');
    expect(bench.waiting()).to.deep.equal(['o2']);
  });

  it('and tokens are granted together or not at all', () => {
    const bench = createBench({ limits: { default: 1, rates: { kinds: { call: { bucket: 1, refill: 1, every: '10s' } } } } });
    bench.acquire('a', { volume: 1 }, 'cloud', { spend: { call: 1 } });
    bench.acquire('b', { volume: 1 }, 'cloud', { spend: { call: 1 } });
    // there is a token, but no call
    expect(bench.release('a')).to.deep.equal([]);
    expect(bench.state.ledger.used('cloud', 'volume')).to.equal(0);
    bench.acquire('c', { volume: 1 });
    expect(bench.pass(10_000).map((s) => s.lease)).to.deep.equal(['b']);
    // there is a call, but no token
    bench.acquire('d', { volume: 1 }, 'cloud', { spend: { call: 1 } });
    expect(bench.pass(60_000)).to.deep.equal([]);
    expect(bench.release('b').map((s) => s.lease)).to.deep.equal(['c']);
    expect(bench.release('c').map((s) => s.lease)).to.deep.equal(['d']);
  });

  it('holds at every level of a path, and a tenant at its own rate blocks no other', () => {
    const rates = { kinds: { call: { bucket: 3, refill: 1, every: '1s' } as Rate }, scopes: { 'cloud/t1': { call: perSecond } } };
    const bench = createBench({ limits: { rates } });
    for (const [lease, scope] of Object.entries({ a: 'cloud/t1', b: 'cloud/t1', c: 'cloud/t1', d: 'cloud/t2', e: 'cloud/t2' }))
      bench.acquire(lease, {}, scope, { spend: { call: 1 } });
    expect([bench.granted(), bench.waiting()]).to.deep.equal([
      ['a', 'b', 'd'],
      ['c', 'e'],
    ]);
    expect(bench.pass(1_000).map((s) => s.lease)).to.deep.equal(['c']);
    expect(bench.pass(1_000).map((s) => s.lease)).to.deep.equal(['e']);
  });

  it('that nobody configured is none', () => {
    expect(spenders({}, 100).granted()).to.have.length(100);
  });

  it('is not spent twice by who asks twice', () => {
    const bench = spenders({ call: perSecond }, 1);
    bench.acquire('o0', {}, 'cloud', { spend: { call: 1 } });
    bench.acquire('o1', {}, 'cloud', { spend: { call: 1 } });
    expect(bench.granted()).to.deep.equal(['o0', 'o1']);
  });

  it('refuses what could never be spent at once, and waits where it is paused', () => {
    const bench = createBench({ limits: { rates: { kinds: { call: perSecond, off: { window: '1s', most: 0 } } } } });
    const [refused] = bench.acquire('a', {}, 'cloud', { spend: { call: 3 } });
    expect(refused).to.deep.include({ type: 'throttle.refused' });
    expect(refused!.body['error']).to.deep.include({
      code: 'need_exceeds_limit',
      message: '3 of the rate call of cloud can never be spent at once: it is 2 at once, 1 every 1s',
    });
    expect(bench.acquire('b', {}, 'cloud', { spend: { off: 1 } })).to.deep.equal([]);
    expect(bench.explain('b').text).to.equal('number 1 for the rate off of cloud (0 in 1s): paused');
    expect(bench.timers.filter(({ type }) => type === 'timer.rate')).to.deep.equal([]);
  });

  it('is changed at run time, and back to what is configured', () => {
    const bench = spenders({ call: { bucket: 1, refill: 1, every: '1h' } }, 4);
    const granted = bench.order('setRate', { scope: 'cloud', name: 'call', rate: { window: '1m', most: 2 } });
    expect(granted.map((s) => s.lease)).to.deep.equal(['o1', 'o2']);
    // one of the other form starts anew
    expect(bench.order('setRate', { scope: 'cloud', name: 'call', rate: null }).map((s) => s.lease)).to.deep.equal(['o3']);
    bench.acquire('o4', {}, 'cloud', { spend: { call: 1 } });
    expect(bench.events.filter((what) => what === 'rateChanged')).to.have.length(2);
    // what is no rate changes nothing, nor does somebody who is no operator
    bench.order('setRate', { scope: 'cloud', name: 'call', rate: { window: '0s', most: 9 } });
    bench.say('setRate', { scope: 'cloud', name: 'call', rate: { window: '1s', most: 9 } });
    expect([bench.waiting(), bench.pass(3_599_000)]).to.deep.equal([['o4'], []]);
    expect(bench.pass(1_000).map((s) => s.lease)).to.deep.equal(['o4']);
  });

  it('is explained: what is missing, the place, and when the next one comes', () => {
    const bench = spenders({ call: perSecond }, 4);
    bench.advance(400);
    const { text, rates } = bench.explain('o3');
    expect(text).to.equal('number 2 for the rate call of cloud (2 at once, 1 every 1s): next in 600ms; about 1.6s to go');
    expect(rates).to.deep.equal([{ path: 'cloud', name: 'call', rate: '2 at once, 1 every 1s', units: 1, position: 2, nextInMs: 600 }]);
  });

  it('outlives a restart, with what is spent and with the timer', () => {
    const bench = spenders({ call: perSecond }, 3);
    bench.rebuild();
    bench.acquire('late', {}, 'cloud', { spend: { call: 1 } });
    expect(bench.granted()).to.deep.equal(['o0', 'o1']);
    expect(bench.pass(2_000).map((s) => s.lease)).to.deep.equal(['o2', 'late']);
  });

  it('is not passed by a host whose clock is behind', () => {
    const bench = spenders({ call: perSecond }, 3);
    bench.advance(-10_000);
    bench.acquire('o9', {}, 'cloud', { spend: { call: 1 } });
    expect(bench.granted()).to.deep.equal(['o0', 'o1']);
    expect(bench.pass(12_000).map((s) => s.lease)).to.deep.equal(['o2', 'o9']);
  });

  it('leaves nothing in the record of tenants that have not used it for long', () => {
    const scopes = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`cloud/t${n}`, { call: perSecond }]));
    const bench = createBench({ limits: { rates: { kinds: { call: perSecond }, scopes } } });
    for (let n = 0; n < 100; n++) {
      bench.acquire(`o${n}`, {}, `cloud/t${n}`, { spend: { call: 1 } });
      bench.release(`o${n}`);
      bench.pass(1_000);
    }
    const kept = [...bench.record().items.keys()].filter((name) => name.startsWith('r:'));
    expect(kept.length).to.be.at.most(4);
    expect(kept).to.include('r:["cloud/t99","call"]');
  });

  it('is checked when it is configured', () => {
    for (const [rate, field] of [
      [{ bucket: 1.5, refill: 1, every: '1s' }, 'limits.rates.kinds.call.bucket'],
      [{ bucket: 1, refill: -1, every: '1s' }, 'limits.rates.kinds.call.refill'],
      [{ bucket: 1, refill: 1, every: '0s' }, 'limits.rates.kinds.call.every'],
      [{ window: 'soon', most: 1 }, 'limits.rates.kinds.call.window'],
      [{ window: '1s' }, 'limits.rates.kinds.call.most'],
    ] as [Rate, string][]) {
      expect(() => createBench({ limits: { rates: { kinds: { call: rate } } } }), field)
        .to.throw()
        .that.deep.includes({ code: 'invalid_options', field });
    }
  });
});
