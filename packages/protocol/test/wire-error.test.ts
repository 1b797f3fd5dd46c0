import { errorCodes, fromWireError, isTroupeError, toWireError, TroupeError, type WireError } from '@troupe/protocol';
import { expect } from 'chai';
import fc from 'fast-check';

const trap = (): never => {
  throw new Error('trap');
};

describe('an error on its way to the wire', () => {
  it('keeps code, field, data, retryable and causes', () => {
    const error = new TroupeError('invalid_input', 'size is too small', {
      field: 'input.size',
      data: { least: 1 },
      retryable: false,
      cause: new Error('root'),
    });
    const { stack, cause, ...rest } = toWireError(error);
    expect(rest).to.deep.equal({
      code: 'invalid_input',
      message: 'size is too small',
      retryable: false,
      field: 'input.size',
      data: { least: 1 },
    });
    expect(stack).to.contain('wire-error.test');
    expect(cause).to.include({ code: 'internal', message: 'root' });
  });

  it('keeps the text for users, bounded, and nothing that is no text', () => {
    expect(toWireError(Object.assign(new Error('ORA-00060'), { userMessage: 'The quota is used up.' })).userMessage).to.equal(
      'The quota is used up.',
    );
    expect(toWireError(Object.assign(new Error('x'), { userMessage: 'y'.repeat(9_000) })).userMessage).to.have.length(500);
    for (const userMessage of ['', 7, null])
      expect(toWireError(Object.assign(new Error('x'), { userMessage }))).to.not.have.property('userMessage');
  });

  it('comes back with the same code, text, field, data and cause', () => {
    const sent = new TroupeError('conflict', 'taken', { retryable: true, data: [1], cause: new TroupeError('internal', 'inner') });
    const got = fromWireError(JSON.parse(JSON.stringify(toWireError(sent))) as WireError);
    expect(got).to.include({ code: 'conflict', message: 'taken', retryable: true, field: undefined });
    expect(got.data).to.deep.equal([1]);
    expect(got.cause).to.include({ code: 'internal', message: 'inner' });
  });

  it('takes the fallback code where there is none of its own', () => {
    expect(toWireError(new Error('x'), 'handler_error').code).to.equal('handler_error');
    expect(toWireError(Object.assign(new Error('x'), { code: 'ECONNREFUSED' })).code).to.equal('ECONNREFUSED');
    // what is thrown by an aborted fetch has a number there
    expect(toWireError(new DOMException('x', 'AbortError'), 'cancelled').code).to.equal('cancelled');
    expect(toWireError(Object.assign(new Error('x'), { code: '' })).code).to.equal('internal');
  });

  const thrown: [string, unknown, Partial<WireError>][] = [
    ['text', 'no', { code: 'internal', message: 'no' }],
    ['nothing', undefined, { message: 'undefined' }],
    ['null', null, { message: 'null' }],
    ['a number', 42, { message: '42' }],
    ['a symbol', Symbol('s'), { message: 'Symbol(s)' }],
    ['a plain object', { reason: 'why' }, { message: '{"reason":"why"}' }],
    ['an object with a message that is none', { message: 7 }, { message: '{"message":7}' }],
    ['a function', Object.assign(() => 1, { message: 'm', code: 'c' }), { code: 'c', message: 'm' }],
    [
      'a proxy that throws',
      new Proxy({}, { get: trap, ownKeys: trap, getPrototypeOf: trap }),
      { code: 'internal', message: '"[unreadable]"' },
    ],
    ['a function whose text throws', new Proxy(() => 1, { get: trap, ownKeys: trap }), { code: 'internal' }],
    [
      'an object whose code throws',
      Object.defineProperty(new Error('still here'), 'code', { get: trap }),
      { code: 'internal', message: 'still here' },
    ],
    ['an object whose cause throws', Object.defineProperty(new Error('still here'), 'cause', { get: trap }), { message: 'still here' }],
    ['an object without prototype', Object.assign(Object.create(null) as object, { message: 'bare' }), { message: 'bare' }],
  ];
  for (const [name, value, expected] of thrown) {
    it(`may be ${name}`, () => {
      expect(toWireError(value)).to.deep.include(expected);
    });
  }

  it('may be anything at all: it never throws, and what it gives survives JSON', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withNullPrototype: true, withDate: true }), fc.anything(), (value, cause) => {
        for (const error of [value, Object.assign(new Error('x'), { data: value, cause })]) {
          const wire = toWireError(error);
          expect(wire.code).to.be.a('string').with.length.above(0);
          expect(wire.message).to.be.a('string');
          const text = JSON.stringify(wire);
          expect(JSON.stringify(JSON.parse(text))).to.equal(text);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('may be its own cause', () => {
    const error = new Error('round');
    error.cause = error;
    let depth = 0;
    for (let e: WireError | undefined = toWireError(error); e !== undefined; e = e.cause) depth++;
    expect(depth).to.equal(5);
  });

  it('may hold circular data', () => {
    const data: Record<string, unknown> = {};
    data['self'] = data;
    expect(toWireError({ message: 'm', data }).data).to.deep.equal({ self: '[circular]' });
  });

  it('stays small: a record holds several', () => {
    const big = 'x'.repeat(100_000);
    const grown = (depth: number): Error =>
      Object.assign(new Error(big), {
        code: big,
        field: big,
        data: { big },
        stack: big,
        ...(depth === 0 ? {} : { cause: grown(depth - 1) }),
      });
    const wire = toWireError(grown(9));
    expect(JSON.stringify(wire).length).to.be.below(40_000);
    expect(wire.message).to.have.lengthOf(4_000);
    expect(wire.message.endsWith('…')).to.equal(true);
    expect(wire.data).to.match(/^\[too large: \d+ characters\]$/);
  });
});

describe('an error from the wire', () => {
  it('of a code that is not known becomes a handler error, and keeps its text', () => {
    for (const code of ['quota_exceeded', 'toString', 'constructor', '__proto__', '']) {
      expect(fromWireError({ code, message: 'm' }), code).to.include({ code: 'handler_error', message: 'm', retryable: false });
    }
  });

  it('of every code that is known keeps it', () => {
    for (const code of Object.keys(errorCodes)) expect(fromWireError({ code, message: '' }).code).to.equal(code);
  });
});

describe('a TroupeError', () => {
  it('is recognised by its brand, so that two copies of the package agree', () => {
    const foreign = Object.assign(new Error('x'), { code: 'internal' });
    expect(isTroupeError(foreign)).to.equal(false);
    Object.defineProperty(foreign, Symbol.for('troupe.error'), { value: true });
    expect(isTroupeError(foreign)).to.equal(true);
    expect(isTroupeError(new TroupeError('internal', 'x'))).to.equal(true);
    for (const other of [undefined, null, 'x', 4, {}]) expect(isTroupeError(other)).to.equal(false);
  });

  it('has no cause unless it is given one', () => {
    expect(Object.hasOwn(new TroupeError('internal', 'x'), 'cause')).to.equal(false);
    expect(new TroupeError('internal', 'x', { cause: 0 }).cause).to.equal(0);
  });
});
