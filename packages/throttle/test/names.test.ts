import { createLocalThrottle, throttleBehaviour } from '@troupe/throttle';
import { expect } from 'chai';
import { createBench } from './bench.ts';

/** Names that every object of JavaScript knows: looked up without care they have values that nobody set. */
const inherited = ['constructor', 'toString', 'valueOf', 'hasOwnProperty', '__proto__'];
/** As JSON makes it: `{ ['__proto__']: 1 }` in code is such an entry too. */
const named = <T>(name: string, value: T): Record<string, T> => ({ [name]: value });

describe('a name that every object has', () => {
  for (const name of inherited) {
    it(`is limited as any other: the kind ${name}`, () => {
      const bench = createBench({ limits: { default: 2, scopes: { 'cloud/t1': { volume: 1 } } } });
      for (let i = 0; i < 4; i++) bench.acquire(`l${i}`, named(name, 1), 'cloud/t1');
      expect(bench.granted()).to.deep.equal(['l0', 'l1']);
      expect(bench.explain('l2').text).to.include(`${name} of cloud (2 of 2 in use)`);
      expect(bench.acquire('l9', named(name, 3))[0]?.type).to.equal('throttle.refused');
      bench.rebuild();
      bench.limit(name, 3);
      expect(bench.granted()).to.deep.equal(['l0', 'l1', 'l2']);
      bench.say('giveBack', { lease: 'l0', need: named(name, 1) }, 'l0');
      expect(bench.waiting()).to.deep.equal([]);
      bench.rebuild();
      expect(bench.state.ledger.used('cloud', name)).to.equal(3);
    });

    it(`covers nothing that is not held: the kind ${name} nested`, () => {
      const bench = createBench();
      bench.acquire('outer', { volume: 1 });
      const held = [{ lease: 'outer', scope: 'cloud', need: { volume: 1 } }];
      expect(bench.acquire('inner', named(name, 1), 'cloud', { held })[0]?.body).to.have.nested.property('error.code', 'nested_need');
    });

    it(`is no path in maintenance, and none with limits: the root ${name}`, () => {
      const bench = createBench({ limits: { default: 1, scopes: { cloud: { name: 7 } } } }, name);
      for (const kind of ['length', 'name', 'volume']) {
        expect(bench.acquire(`${kind}-a`, { [kind]: 1 }, name)[0]?.type).to.equal('throttle.granted');
        expect(bench.acquire(`${kind}-b`, { [kind]: 1 }, name)).to.deep.equal([]);
      }
    });

    it(`is a rate and a share as any other: ${name}`, () => {
      const bench = createBench({
        limits: { default: 1, rates: { kinds: named(name, { bucket: 1, refill: 1, every: '1s' }) }, shares: { a: 2 } },
      });
      bench.acquire('first', { x: 1 }, 'cloud', { spend: named(name, 1), share: name });
      bench.acquire('second', { y: 1 }, 'cloud', { spend: named(name, 1), share: name });
      expect(bench.waiting()).to.deep.equal(['second']);
      bench.pass(1_000);
      expect(bench.granted()).to.deep.equal(['first', 'second']);
      for (const item of bench.record().items.values()) expect(JSON.stringify(item)).to.not.include('null');
    });
  }
});

describe('limits that are misspelt', () => {
  for (const [field, limits] of [
    ['limits.kind', { kind: { vm: 1 } }],
    ['limits', []],
    ['limits.kinds', { kinds: null }],
    ['limits.scopes.cloud', { scopes: { cloud: 3 } }],
    ['limits.scopes.cloud/', { scopes: { 'cloud/': { vm: 1 } } }],
    ['limits.scopes.a//b', { scopes: { 'a//b': { vm: 1 } } }],
    ['limits.rates.call', { rates: { call: { bucket: 1, refill: 1, every: '1s' } } }],
    ['limits.rates.kinds.call', { rates: { kinds: { call: 5 } } }],
    ['limits.rates.kinds.call.bucket', { rates: { kinds: { call: { bucket: 1e9, refill: 1, every: '365d' } } } }],
    ['limits.adaptive.call', { adaptive: { call: { least: 1, most: 2 } } }],
    ['limits.shares.a', { shares: { a: 1e308 } }],
    ['limits.kinds.vm', { kinds: { vm: 1e308 } }],
  ] as const) {
    it(`are refused by the name of the field, not passed over: ${JSON.stringify(limits)}`, () => {
      for (const make of [() => throttleBehaviour({ limits: limits as never }), () => createLocalThrottle({ limits: limits as never })])
        expect(make, field).to.throw().that.includes({ code: 'invalid_options', field });
    });
  }

  it('are refused at run time too: a scope that is no path changes nothing, and is told', async () => {
    const throttle = createLocalThrottle();
    for (const wrong of ['', 'a//b', 'a/', 'a\0b']) {
      for (const call of [() => throttle.setLimit(wrong, 'vm', 1), () => throttle.setRate(wrong, 'call', null), () => throttle.open(wrong)])
        expect(call).to.throw().that.includes({ code: 'malformed', field: 'scope' });
      expect(await throttle.drain(wrong).catch((error: unknown) => error)).to.include({ code: 'malformed', field: 'scope' });
    }
    expect(() => throttle.setLimit('a', '', 1))
      .to.throw()
      .that.includes({ field: 'kind' });
  });
});

describe('a local throttle', () => {
  it('tells who waits the name of the lease in its way', async () => {
    const throttle = createLocalThrottle({ limits: { default: 1 } });
    const first = await throttle.acquire('cloud', { vm: 1 }, { lease: 'first' });
    const second = throttle.acquire('cloud', { vm: 1 }, { lease: 'second' });
    expect(throttle.explain('cloud', 'second').text).to.include('longest held by local/first');
    first.release();
    (await second).release();
    expect(throttle.occupancy()).to.deep.equal([]);
  });
});
