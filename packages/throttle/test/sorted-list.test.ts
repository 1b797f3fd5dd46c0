import { expect } from 'chai';
import fc from 'fast-check';
import { SortedList } from '@troupe/throttle/internal';

describe('a sorted list in pieces', () => {
  it('is what a sorted array would be, at any length', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ isIn: fc.boolean(), n: fc.nat(400) }), { minLength: 1, maxLength: 1_500, size: 'max' }), (steps) => {
        const list = new SortedList<number>((a, b) => a - b);
        const reference = new Set<number>();
        // filled first, so that pieces are split and run empty
        for (let n = 500; n < 2_000; n += 2) {
          list.insert(n);
          reference.add(n);
        }
        for (const { isIn, n } of steps) {
          const entry = isIn ? n : n * 5;
          if (isIn && !reference.has(entry)) {
            list.insert(entry);
            reference.add(entry);
          } else {
            list.remove(entry);
            reference.delete(entry);
          }
          expect(list.first).to.equal([...reference].reduce((a, b) => Math.min(a, b), Infinity));
        }
        expect([...list]).to.deep.equal([...reference].sort((a, b) => a - b));
        expect(list.length).to.equal(reference.size);
        const sorted = [...list];
        for (const entry of [0, 250, 501, 1_999, 2_500]) expect(list.before(entry)).to.equal(sorted.filter((one) => one < entry).length);
        for (const entry of reference) list.remove(entry);
        expect([[...list], list.length, list.first]).to.deep.equal([[], 0, undefined]);
      }),
      { numRuns: 20 },
    );
  }).timeout(20_000);
});
