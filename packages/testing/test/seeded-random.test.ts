import { expect } from 'chai';
import fc from 'fast-check';
import { createSeededRandom } from '@troupe/testing';

const draw = (seed: number, n = 50): number[] => {
  const random = createSeededRandom(seed);
  return Array.from({ length: n }, () => random.next());
};

describe('seeded chance', () => {
  it('takes the same course for the same seed and another for its neighbour', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        expect(draw(seed)).to.deep.equal(draw(seed));
        expect(draw(seed)).to.not.deep.equal(draw(seed + 1));
      }),
    );
  });

  it('stays in [0, 1) and spreads evenly', () => {
    const tenths = Array.from<number>({ length: 10 }).fill(0);
    for (const value of draw(7, 20_000)) {
      expect(value).to.be.within(0, 1 - Number.EPSILON);
      tenths[Math.floor(value * 10)]! += 1;
    }
    for (const count of tenths) expect(count).to.be.within(1_800, 2_200);
  });

  it('draws integers below a bound and every one of them', () => {
    const random = createSeededRandom(3);
    expect(new Set(Array.from({ length: 200 }, () => random.int(6)))).to.deep.equal(new Set([0, 1, 2, 3, 4, 5]));
  });

  it('makes tokens that are legal in a subject and do not repeat', () => {
    const random = createSeededRandom(5);
    const tokens = Array.from({ length: 5_000 }, () => random.token());
    for (const token of tokens) expect(token).to.match(/^[a-z2-7]{16}$/);
    expect(new Set(tokens).size).to.equal(5_000);
  });

  it('shuffles a copy without losing anything', () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(fc.nat()), (seed, items) => {
        const before = [...items];
        const shuffled = createSeededRandom(seed).shuffle(items);
        expect(items).to.deep.equal(before);
        expect([...shuffled].sort()).to.deep.equal([...items].sort());
      }),
    );
  });

  it('picks each of a list, and refuses an empty one', () => {
    const random = createSeededRandom(2);
    expect(new Set(Array.from({ length: 100 }, () => random.pick(['a', 'b', 'c'])))).to.deep.equal(new Set(['a', 'b', 'c']));
    expect(() => random.pick([])).to.throw(RangeError);
  });

  it('has chances between never and always', () => {
    const random = createSeededRandom(9);
    const hits = (p: number): number => Array.from({ length: 1_000 }, () => random.chance(p)).filter(Boolean).length;
    expect(hits(0)).to.equal(0);
    expect(hits(1)).to.equal(1_000);
    expect(hits(0.3)).to.be.within(240, 360);
  });

  it('forks into sources that depend on seed and name, not on what was drawn before', () => {
    const a = createSeededRandom(4);
    const b = createSeededRandom(4);
    b.next();
    expect(a.fork('mail').next()).to.equal(b.fork('mail').next());
    expect(a.fork('mail').next()).to.not.equal(a.fork('tasks').next());
    expect(createSeededRandom(5).fork('mail').next()).to.not.equal(a.fork('mail').next());
  });
});
