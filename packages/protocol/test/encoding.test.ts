import { decodeToken, encodeToken } from '@troupe/protocol';
import { expect } from 'chai';
import fc from 'fast-check';

/** Any sequence of UTF-16 units, halves of surrogate pairs among them: what a JavaScript string can hold. */
const anyString = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 12 }).map((units) => String.fromCharCode(...units)),
  fc.array(fc.integer({ min: 0xd7f0, max: 0xe010 }), { maxLength: 6 }).map((units) => String.fromCharCode(...units)),
);
const SUBJECT_TOKEN_AND_KV_KEY = /^[A-Za-z0-9=_-]+$/;

describe('encoding a key into one subject token', () => {
  it('is reversible for any string', () => {
    fc.assert(
      fc.property(anyString, (text) => {
        expect(decodeToken(encodeToken(text))).to.equal(text);
      }),
      { numRuns: 2_000 },
    );
  });

  it('gives a token that is legal in a subject and in a KV key', () => {
    fc.assert(
      fc.property(anyString, (text) => {
        expect(encodeToken(text)).to.match(SUBJECT_TOKEN_AND_KV_KEY);
      }),
    );
  });

  it('gives different tokens to different strings', () => {
    fc.assert(
      fc.property(anyString, anyString, (a, b) => {
        expect(encodeToken(a) === encodeToken(b)).to.equal(a === b);
      }),
    );
  });

  it('leaves plain keys readable', () => {
    expect(encodeToken('vm-17_B')).to.equal('vm-17_B');
    expect(encodeToken('provider-1/tenant.7')).to.equal('provider-1=2Ftenant=2E7');
  });

  it('has a token for the empty string, for a dot, for wildcards and for white space', () => {
    expect(['', '.', '*', '>', ' ', '='].map(encodeToken)).to.deep.equal(['=', '=2E', '=2A', '=3E', '=20', '=3D']);
  });

  it('keeps a byte order mark, which a decoder would swallow', () => {
    expect(decodeToken(encodeToken('\ufeffkey'))).to.equal('\ufeffkey');
  });

  it('keeps half of a surrogate pair apart from the character that replaces it', () => {
    expect(encodeToken('a\ud83db')).to.equal('a=uD83Db');
    expect(encodeToken('\ufffd')).to.equal('=EF=BF=BD');
  });
});

describe('decoding a token', () => {
  const strange = {
    'an escape that is cut off': '=2',
    'an escape in lower case': '=2e',
    'an escape that is no hexadecimal': '=ZZ',
    'bytes that are no UTF-8': '=FF=FE',
    'an escape for a character that needs none': '=41',
    'a surrogate pair in two halves': '=uD83D=uDE00',
    'a half that is none': '=u0041',
    'a dot': 'a.b',
    'a wildcard': '*',
    'a character beyond ASCII': 'ł=2E',
    nothing: '',
  };
  for (const [name, token] of Object.entries(strange)) {
    it(`refuses ${name}`, () => {
      expect(() => decodeToken(token)).to.throw(RangeError, 'not an encoded token');
    });
  }

  it('either refuses a token or is undone by encoding: no two tokens for one key', () => {
    const alphabet = fc.constantFrom(...'=uD8F2EaA.0');
    fc.assert(
      fc.property(fc.string({ unit: alphabet, maxLength: 10 }), (token) => {
        let text: string;
        try {
          text = decodeToken(token);
        } catch (error) {
          expect(error).to.be.instanceOf(RangeError);
          return;
        }
        expect(encodeToken(text)).to.equal(token);
      }),
      { numRuns: 3_000 },
    );
  });
});
