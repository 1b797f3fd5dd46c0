import fc from 'fast-check';
import { expect } from 'chai';
import { decodeText, decodeValue, encodeText, encodeValue } from '@troupe/postgres/internal';

describe('text on its way into PostgreSQL', () => {
  it('comes back as it was, whatever units it holds, and never holds what PostgreSQL refuses', () => {
    const unit = fc.oneof(fc.constantFrom('\u2400', '\0', '\ud800', '\udc00', '0000', 'd800', 'a'), fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(fc.array(unit), (units) => {
        const text = units.join('');
        const written = encodeText(text);
        expect(decodeText(written)).to.equal(text);
        expect(Buffer.from(written).toString()).to.equal(written);
        expect(written).to.not.include('\0');
      }),
    );
  });

  it('is encoded in every place of a value, names of fields among them', () => {
    const value = { 'a\0': ['\0', { b: '\ud800' }], n: 1, t: true, z: null };
    const written = encodeValue(value)!;
    expect(written).to.not.match(/\\u0000|\\ud800/);
    expect(decodeValue(JSON.parse(written))).to.deep.equal(value);
    expect(encodeValue(null)).to.equal(null);
    expect(decodeValue(null)).to.equal(null);
  });
});
