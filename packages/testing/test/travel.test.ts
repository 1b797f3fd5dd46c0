import { expect } from 'chai';
import fc from 'fast-check';
import { travel } from '@troupe/testing';

describe('what travels', () => {
  it('arrives as an equal copy if it is JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const copy = travel(value, 'value');
        expect(JSON.stringify(copy)).to.equal(JSON.stringify(value));
        if (typeof value === 'object' && value !== null) expect(copy).to.not.equal(value);
      }),
    );
  });

  it('may leave a field undefined, which is the same as leaving it out', () => {
    expect(travel({ a: 1, b: undefined }, 'x')).to.deep.equal({ a: 1 });
  });

  it('fails with the place for everything that would arrive as something else', () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = { circle };
    const cases: [unknown, string][] = [
      [{ a: [1, undefined] }, 'x.a.1: undefined'],
      [{ a: { b: Number.NaN } }, 'x.a.b: the number NaN'],
      [[Number.POSITIVE_INFINITY], 'x.0: the number Infinity'],
      [{ at: new Date(0) }, 'x.at: a Date'],
      [{ m: new Map() }, 'x.m: a Map'],
      [{ e: new Error('no') }, 'x.e: a Error'],
      [{ f: () => 1 }, 'x.f: function'],
      [{ b: 1n }, 'x.b: bigint'],
      [{ s: Symbol('s') }, 'x.s: symbol'],
      [new Uint8Array(1), 'x: a Uint8Array'],
      [circle, 'a circle'],
    ];
    for (const [value, text] of cases) expect(() => travel(value, 'x')).to.throw(TypeError, text);
  });

  it('may hold one object twice, as long as it does not hold itself', () => {
    const shared = { a: 1 };
    expect(travel({ x: shared, y: [shared] }, 'x')).to.deep.equal({ x: { a: 1 }, y: [{ a: 1 }] });
  });
});
