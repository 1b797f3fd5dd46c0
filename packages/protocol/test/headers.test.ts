import { cleanContext, contextFromHeaders, contextToHeaders, headers } from '@troupe/protocol';
import { expect } from 'chai';
import fc from 'fast-check';

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/);
const value = fc.stringMatching(/^[\x20-\x7e]{0,60}$/);

describe('context', () => {
  it('arrives as it left', () => {
    fc.assert(
      fc.property(fc.dictionary(name, value), (given) => {
        const context = cleanContext(given);
        expect(contextFromHeaders(contextToHeaders(context))).to.deep.equal(context);
        expect(contextFromHeaders(contextToHeaders(context).map(([n, v]) => [n, [v, 'second']] as const))).to.deep.equal(context);
      }),
    );
  });

  it('is trimmed before it leaves, because clients trim what they read', () => {
    fc.assert(
      fc.property(value, (text) => {
        expect(cleanContext({ user: text })).to.deep.equal({ user: text.trim() });
      }),
    );
  });

  it('puts the trace under the header that W3C names', () => {
    expect(contextToHeaders({ traceparent: '00-a-b-01', user: 'u' })).to.deep.equal([
      ['traceparent', '00-a-b-01'],
      ['Troupe-Context-user', 'u'],
    ]);
  });

  it('drops what may not travel instead of losing the message', () => {
    const given = {
      User: 'a',
      'a b': 'a',
      _x: 'a',
      ['x'.repeat(65)]: 'a',
      a: 'line\r\nNats-Msg-Id: 1',
      b: 'ü',
      c: 'x'.repeat(513),
      d: 7,
      e: null,
      ok: 'yes',
    };
    expect(cleanContext(given)).to.deep.equal({ ok: 'yes' });
    expect(cleanContext(undefined)).to.deep.equal({});
  });

  it('is made of its own headers only', () => {
    const entries: [string, string[]][] = [
      [headers.messageId, ['1']],
      ['traceparent', []],
      ['Troupe-Context-', ['x']],
      ['Troupe-Context-USER', ['x']],
      ['Troupe-Context-__proto__', ['x']],
      ['Troupe-Context-tenant', ['t-1']],
    ];
    expect(contextFromHeaders(entries)).to.deep.equal({ tenant: 't-1' });
  });

  it('never carries a name that reaches into an object', () => {
    const context = contextFromHeaders([['Troupe-Context-constructor', 'x']]);
    expect(Object.getPrototypeOf(context)).to.equal(Object.prototype);
    expect(Object.keys(context)).to.deep.equal(['constructor']);
  });
});
