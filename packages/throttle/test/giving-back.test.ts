import type { Json } from '@troupe/protocol';
import { expect } from 'chai';
import { createBench } from './bench.ts';

const setup = () => {
  const bench = createBench({ limits: { default: 4 } });
  bench.acquire('a', { instance: 1, volume: 3 });
  return bench;
};
const used = (bench: ReturnType<typeof createBench>) => [
  bench.state.ledger.used('cloud', 'instance'),
  bench.state.ledger.used('cloud', 'volume'),
];

describe('giving a part back', () => {
  it('frees that part at once, and the rest with the lease', () => {
    const bench = setup();
    bench.say('giveBack', { lease: 'a', need: { volume: 2 } }, 'a');
    expect(used(bench)).to.deep.equal([1, 1]);
    bench.release('a');
    expect(used(bench)).to.deep.equal([0, 0]);
  });

  it('never frees more than is held, however often it is said', () => {
    const bench = setup();
    for (const need of [{ volume: 9 }, { volume: 9 }, { volume: 1, disk: 5 }]) bench.say('giveBack', { lease: 'a', need }, 'a');
    expect(used(bench)).to.deep.equal([1, 0]);
    expect(bench.events.filter((what) => what === 'givenBack')).to.have.length(1);
  });

  it('of everything leaves a lease that holds nothing, until its end', () => {
    const bench = setup();
    bench.say('giveBack', { lease: 'a', need: { volume: 3, instance: 1 } }, 'a');
    expect(bench.granted()).to.deep.equal(['a']);
    expect(used(bench)).to.deep.equal([0, 0]);
    bench.rebuild();
    bench.release('a');
    expect(bench.granted()).to.deep.equal([]);
    expect(used(bench)).to.deep.equal([0, 0]);
  });

  for (const [what, body, from] of [
    ['somebody else', { lease: 'a', need: { volume: 1 } }, 'other'],
    ['nobody', { lease: 'a', need: { volume: 1 } }, null],
    ['who does not hold', { lease: 'b', need: { volume: 1 } }, 'b'],
    ['who names no lease', { need: { volume: 1 } }, 'a'],
    ['who names no need', { lease: 'a', need: {} }, 'a'],
    ['who would get more by it', { lease: 'a', need: { volume: -1 } }, 'a'],
    ['who says nothing', null, 'a'],
  ] as const) {
    it(`changes nothing when it comes from ${what}`, () => {
      const bench = setup();
      expect(bench.say('giveBack', body as Json, from)).to.deep.equal([]);
      expect(used(bench)).to.deep.equal([1, 3]);
    });
  }

  it('changes nothing while it waits, and not after its end', () => {
    const bench = setup();
    bench.acquire('b', { volume: 4 });
    bench.say('giveBack', { lease: 'b', need: { volume: 3 } }, 'b');
    expect(bench.waiting()).to.deep.equal(['b']);
    bench.release('a');
    bench.say('giveBack', { lease: 'a', need: { volume: 3 } }, 'a');
    expect(used(bench)).to.deep.equal([0, 4]);
  });
});

describe('a release', () => {
  it('that comes twice, late, or from somebody else changes nothing', () => {
    const bench = setup();
    bench.acquire('b', { volume: 1 });
    bench.say('release', { lease: 'a' }, 'b');
    bench.say('release', { lease: 'a' }, null);
    bench.say('release', { lease: 7 }, 'a');
    bench.say('release', null, 'a');
    expect(used(bench)).to.deep.equal([1, 4]);
    bench.release('a');
    bench.release('a');
    expect(used(bench)).to.deep.equal([0, 1]);
    expect(bench.events.filter((what) => what === 'released')).to.have.length(1);
  });

  it('from another kind of entity with the same key is from somebody else', () => {
    const bench = setup();
    bench.say('release', { lease: 'a' }, 'a', { kind: 'schedule' });
    expect(bench.granted()).to.deep.equal(['a']);
  });

  it('that overtakes its acquire leaves a grant that its holder does not want, and heals with the answer', () => {
    const bench = createBench({ limits: { default: 1 } });
    bench.release('late');
    const [granted] = bench.acquire('late', { volume: 1 });
    bench.acquire('next', { volume: 1 });
    // what a holder does with a grant that it does not wait for
    expect(granted?.type).to.equal('throttle.granted');
    expect(bench.release('late').map((s) => s.lease)).to.deep.equal(['next']);
  });

  it('leaves nothing in the record but the limits', () => {
    const bench = setup();
    bench.acquire('b', { volume: 4 });
    bench.release('b');
    bench.release('a');
    expect([...bench.record().items.keys()]).to.deep.equal(['limits']);
  });

  it('says for how long it was held, and a grant for how long it was waited', () => {
    const bench = createBench({ limits: { default: 1 } });
    const told: [string, Json][] = [];
    bench.onEvent = ([, , what], body) => void told.push([what!, body]);
    bench.acquire('a', { volume: 1 });
    bench.acquire('b', { volume: 1 });
    bench.advance(700);
    bench.release('a');
    expect(told.map(([what]) => what)).to.deep.equal(['granted', 'queued', 'released', 'granted']);
    expect(told[2]![1]).to.deep.include({ lease: 'a', heldMs: 700 });
    expect(told[3]![1]).to.deep.include({ lease: 'b', waitedMs: 700, fence: 2 });
  });
});
