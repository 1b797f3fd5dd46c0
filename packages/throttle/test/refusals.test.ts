import type { Json } from '@troupe/protocol';
import { expect } from 'chai';
import { createBench } from './bench.ts';

const good = { lease: 'a', scope: 'cloud/t1', need: { volume: 1 }, priority: 0, held: [] };

describe('an acquire that is wrong', () => {
  for (const [what, field, change] of [
    ['no lease', 'lease', { lease: '' }],
    ['a lease that is no text', 'lease', { lease: 7 }],
    ['no scope', 'scope', { scope: '' }],
    ['a scope with an empty part', 'scope', { scope: 'cloud//p' }],
    ['a scope that ends in the middle', 'scope', { scope: 'cloud/' }],
    ['the scope of another root', 'scope', { scope: 'other/t1' }],
    ['a root that only begins alike', 'scope', { scope: 'cloud2/t1' }],
    ['no need', 'need', { need: {} }],
    ['a list for a need', 'need', { need: [1] }],
    ['a need of nothing', 'need.volume', { need: { volume: 0 } }],
    ['a need of less than nothing', 'need.volume', { need: { volume: -1 } }],
    ['half a token', 'need.volume', { need: { volume: 1.5 } }],
    ['tokens as text', 'need.volume', { need: { volume: '1' } }],
    ['a kind without a name', 'need', { need: { '': 1 } }],
    ['a kind with a control character', 'need', { need: { 'volume\0rate': 1 } }],
    ['more tokens than are counted to the last one', 'need.volume', { need: { volume: 1e308 } }],
    ['more kinds than anybody needs', 'need', { need: Object.fromEntries(Array.from({ length: 33 }, (_none, n) => [`k${n}`, 1])) }],
    ['a path of twenty thousand levels', 'scope', { scope: `cloud${'/a'.repeat(20_000)}` }],
    ['a root that is longer than a word of subjects', 'scope', { scope: `${'r'.repeat(129)}/a` }],
    ['a priority that is none', 'priority', { priority: 'high' }],
    ['held that is no list', 'held', { held: 'all' }],
    ['held that names no lease', 'held', { held: [{ scope: 'cloud' }] }],
    ['held without a scope', 'held', { held: [{ lease: 'x' }] }],
    ['held of nothing', 'held', { held: [null] }],
  ] as const) {
    it(`is refused by the name of its field, and changes nothing: ${what}`, () => {
      const bench = createBench();
      const [sent, ...more] = bench.say('acquire', { ...good, ...change } as Json, 'a');
      expect(more).to.deep.equal([]);
      expect(sent?.type).to.equal('throttle.refused');
      expect(sent?.body['error']).to.include({ code: 'malformed', field });
      expect([bench.granted(), bench.waiting(), bench.timers]).to.deep.equal([[], [], []]);
    });
  }

  it('is refused also when it is no object at all', () => {
    const bench = createBench();
    for (const body of [null, 'acquire', 7, []] as Json[]) {
      expect(bench.say('acquire', body, 'a')[0]?.body['error']).to.include({ code: 'malformed', field: 'lease' });
    }
  });

  it('may leave out priority and what is held', () => {
    const bench = createBench();
    const { priority: _priority, held: _held, ...rest } = good;
    expect(bench.say('acquire', rest, 'a')[0]?.type).to.equal('throttle.granted');
  });

  it('without a sender has nobody who could hold, and is dropped', () => {
    const bench = createBench();
    expect(bench.say('acquire', good, null)).to.deep.equal([]);
    expect(bench.granted()).to.deep.equal([]);
  });
});

describe('a need above a limit', () => {
  const limits = { default: 9, kinds: { volume: 4 }, scopes: { 'cloud/t1': { volume: 2, instance: 0 } } };

  for (const [scope, need, path, limit] of [
    ['cloud', { volume: 5 }, 'cloud', 4],
    ['cloud/t2', { volume: 5 }, 'cloud', 4],
    ['cloud/t1', { volume: 3 }, 'cloud/t1', 2],
    ['cloud/t1/p', { volume: 3 }, 'cloud/t1', 2],
    ['cloud', { disk: 1, snapshot: 10 }, 'cloud', 9],
  ] as const) {
    it(`of any kind at any level could never be granted, and is refused: ${JSON.stringify(need)} of ${scope}`, () => {
      const bench = createBench({ limits });
      const [sent] = bench.acquire('a', need, scope);
      const { code, data } = sent!.body['error'] as { code: string; data: object };
      expect(code).to.equal('need_exceeds_limit');
      expect(data).to.deep.include({ path, limit });
      expect(bench.waiting()).to.deep.equal([]);
    });
  }

  it('of 0 is a pause, and waits for its end', () => {
    const bench = createBench({ limits });
    bench.acquire('a', { instance: 1 }, 'cloud/t1');
    expect(bench.waiting()).to.deep.equal(['a']);
    expect(bench.limit('instance', 1, 'cloud/t1').map((s) => s.lease)).to.deep.equal(['a']);
  });

  it('that was cut while it waited goes on waiting, says so, and is granted when there is room again', () => {
    const bench = createBench({ limits: { default: 4 } });
    bench.acquire('holder', { volume: 4 });
    bench.acquire('big', { volume: 3 });
    bench.limit('volume', 2);
    expect(bench.release('holder')).to.deep.equal([]);
    expect(bench.explain('big').text).to.contain('asks for 3, and waits until the limit of 2 is raised');
    // strictly: nobody of its priority goes past it meanwhile
    bench.acquire('small', { volume: 1 });
    expect(bench.granted()).to.deep.equal([]);
    expect(bench.limit('volume', null).map((s) => s.lease)).to.deep.equal(['big', 'small']);
  });
});
