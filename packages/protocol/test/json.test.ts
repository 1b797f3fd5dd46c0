import { encodeJson, type Json, toJson } from '@troupe/protocol';
import { expect } from 'chai';
import fc from 'fast-check';

const trap = (): never => {
  throw new Error('trap');
};

describe('encoding for the wire', () => {
  it('of a JSON value is what JSON.stringify gives', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(encodeJson(value)).to.equal(JSON.stringify(value));
      }),
    );
  });

  it('of anything gives text that parses', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withNullPrototype: true, withSparseArray: true }),
        (value) => {
          JSON.parse(encodeJson(value));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('of a circular value says where the circle closes', () => {
    const a: Record<string, unknown> = { name: 'a' };
    a['self'] = a;
    expect(JSON.parse(encodeJson(a))).to.deep.equal({ name: 'a', self: '[circular]' });
  });

  it('of the same object at two places is no circle', () => {
    const shared = { n: 1n };
    expect(JSON.parse(encodeJson([shared, shared]))).to.deep.equal([{ n: '1' }, { n: '1' }]);
  });

  const strange: [string, () => unknown, Json][] = [
    ['nothing', () => undefined, null],
    ['a big integer', () => ({ n: 12n }), { n: '12' }],
    ['a getter that throws', () => Object.defineProperty({ a: 1n }, 'b', { get: trap, enumerable: true }), { a: '1', b: '[unreadable]' }],
    ['a toJSON that throws', () => ({ a: 1, toJSON: trap, b: Symbol('s') }), { a: 1, toJSON: String(trap), b: 'Symbol(s)' }],
    ['a proxy that throws', () => new Proxy({}, { ownKeys: trap, getPrototypeOf: trap, get: trap, has: trap }), '[unreadable]'],
    ['not a number', () => ({ a: 1n, n: Number.NaN, i: -Infinity }), { a: '1', n: 'NaN', i: '-Infinity' }],
    ['a date and one that is none', () => [1n, new Date(0), new Date(Number.NaN)], ['1', '1970-01-01T00:00:00.000Z', 'Invalid Date']],
    ['a function whose text throws', () => [1n, Object.assign(() => 1, { toString: trap })], ['1', '[unprintable]']],
    ['a sparse list', () => [1n, , 2], ['1', null, 2]], // oxlint-disable-line no-sparse-arrays
    ['undefined in a list and in an object', () => [1n, undefined, { a: undefined }], ['1', null, {}]],
  ];
  for (const [name, make, expected] of strange) {
    it(`of ${name} never throws`, () => {
      expect(JSON.parse(encodeJson(make()))).to.deep.equal(expected);
    });
  }

  it('of a revoked proxy never throws', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(encodeJson({ proxy })).to.equal('{"proxy":"[unreadable]"}');
  });

  it('keeps a key called __proto__ as a key', () => {
    const value = toJson(JSON.parse('{"__proto__": {"x": 1}, "n": 1}'));
    expect(Object.getPrototypeOf(value)).to.equal(Object.prototype);
    expect(JSON.stringify(value)).to.equal('{"__proto__":{"x":1},"n":1}');
  });

  it('stops at the depth it is given', () => {
    expect(toJson({ a: { b: { c: 1 } } }, 2)).to.deep.equal({ a: { b: '[too deep]' } });
  });

  it('of what is nested beyond the stack never throws', () => {
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i++) deep = [deep];
    expect(encodeJson(deep)).to.contain('[too deep]');
  });
});
