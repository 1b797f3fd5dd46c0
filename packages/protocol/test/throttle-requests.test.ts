import { isTroupeError, parseThrottleAnswer, parseThrottleRequest, throttleRequests, throttleSchemas } from '@troupe/protocol';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import fc from 'fast-check';
import { mutated } from './mutations.ts';
import { recordedThrottle } from './recorded-throttle.ts';

const encode = (message: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(message));

describe('a request to a throttle', () => {
  for (const kind of throttleRequests) {
    it(`of ${kind} is read, and refused, exactly as its schema says`, () => {
      const validate = new Ajv2020({ strict: false }).compile(throttleSchemas[`throttle-${kind}`]!);
      const { complete, bare } = recordedThrottle[`throttle-${kind}`]!;
      let refused = 0;
      fc.assert(
        fc.property(fc.constantFrom(...complete, ...bare).chain(mutated), (message) => {
          let error: unknown;
          try {
            parseThrottleRequest(kind, encode(message));
          } catch (thrown) {
            error = thrown;
          }
          if (error !== undefined) {
            refused++;
            expect(isTroupeError(error) && ['malformed', 'unsupported_version'].includes(error.code)).to.equal(true);
          }
          expect(validate(JSON.parse(JSON.stringify(message))), JSON.stringify(message)).to.equal(error === undefined);
        }),
        { numRuns: 500 },
      );
      expect(refused).to.be.above(50);
    });
  }

  it('names the field that is wrong', () => {
    const good = { v: 1, lease: 'a', scope: 'cloud', need: { vm: 1 } };
    const bad: readonly (readonly [string, object])[] = [
      ['lease', { lease: '' }],
      ['scope', { scope: 'cloud//x' }],
      ['need.vm', { need: { vm: 0 } }],
      ['need', { need: undefined }],
      ['ttlMs', { ttlMs: 999 }],
      ['waitMs', { waitMs: 30_001 }],
      ['scope', { scope: `cloud${'/a'.repeat(20_000)}` }],
      ['scope', { scope: `${'r'.repeat(129)}/a` }],
      ['scope', { scope: 'cloud/a\0b' }],
      ['need', { need: { 'vm\0rate': 1 } }],
      ['need', { need: { ['v'.repeat(129)]: 1 } }],
      ['need', { need: Object.fromEntries(Array.from({ length: 33 }, (_none, n) => [`k${n}`, 1])) }],
      ['need.vm', { need: { vm: 1e15 } }],
    ];
    const validate = new Ajv2020({ strict: false }).compile(throttleSchemas['throttle-acquire']!);
    const longest = `${'😀'.repeat(128)}/${'é'.repeat(126)}`;
    expect(parseThrottleRequest('acquire', encode({ ...good, scope: longest }))).to.include({ scope: longest });
    expect(validate({ ...good, scope: longest })).to.equal(true);
    for (const [field, wrong] of bad) {
      expect(validate(JSON.parse(JSON.stringify({ ...good, ...wrong }))), field).to.equal(false);
      expect(() => parseThrottleRequest('acquire', encode({ ...good, ...wrong })), field)
        .to.throw()
        .that.includes({ code: 'malformed', field });
    }
  });
});

describe('an answer of a throttle', () => {
  it('is read as it was first sent, and nothing else is', () => {
    const { complete, bare } = recordedThrottle['throttle-answer']!;
    for (const answer of [...complete, ...bare]) expect(parseThrottleAnswer(encode(answer))).to.deep.equal(answer);
    for (const other of [{ v: 1 }, { v: 1, answer: 'perhaps' }, { v: 1, answer: 'granted' }, { v: 1, answer: 'refused' }])
      expect(() => parseThrottleAnswer(encode(other)))
        .to.throw()
        .that.includes({ code: 'malformed' });
  });
});
