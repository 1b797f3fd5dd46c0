import {
  decodeObject,
  isTroupeError,
  parseAnswer,
  parseCommand,
  parseDeadLetter,
  parseEvent,
  parseMail,
  parseTask,
  parseTaskEnded,
  parseTaskResult,
} from '@troupe/protocol';
import { expect } from 'chai';
import fc from 'fast-check';
import { recorded } from './recorded.ts';
import { encode, shapes } from './wire-messages.ts';

const readers: Readonly<Record<string, (data: Uint8Array) => unknown>> = {
  parseCommand,
  parseAnswer,
  parseMail,
  parseTask,
  parseEvent,
  parseDeadLetter,
  parseTaskResult,
  decodeObject: (data) => decodeObject(data, 'message'),
};

/** Either it reads, or it refuses with a type; anything else would end a process. */
function isHarmless(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!isTroupeError(error)) throw error;
    expect(error.code).to.be.oneOf(['malformed', 'unsupported_version']);
    expect(error.field).to.be.a('string');
    // it goes into an answer and into a dead letter
    expect(error.message.length).to.be.below(1_000);
  }
}

describe('hostile input', () => {
  for (const [name, read] of Object.entries(readers)) {
    it(`of any bytes ends ${name} with a type`, () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), (data) => isHarmless(() => read(data))),
        { numRuns: 500 },
      );
    });

    it(`of any JSON ends ${name} with a type`, () => {
      const anything = fc.oneof(
        fc.jsonValue(),
        fc.jsonValue().map((value) => ({ v: 1, ...(value as object) })),
      );
      fc.assert(
        fc.property(anything, (value) => isHarmless(() => read(encode(value)))),
        { numRuns: 500 },
      );
    });
  }

  it('of a message with some bits flipped ends with a type', () => {
    for (const [name, { complete }] of Object.entries(recorded)) {
      const { parse } = shapes[name]!;
      if (name === 'task-ended') continue;
      const data = encode(complete[0]!);
      fc.assert(
        fc.property(
          fc.array(fc.tuple(fc.nat(data.length - 1), fc.integer({ min: 0, max: 7 })), { minLength: 1, maxLength: 6 }),
          (flips) => {
            const damaged = Uint8Array.from(data);
            for (const [at, bit] of flips) damaged[at]! ^= 1 << bit;
            isHarmless(() => parse(damaged));
          },
        ),
        { numRuns: 300 },
      );
    }
  });

  it('of a message that is cut off anywhere ends with a type', () => {
    for (const [name, { complete }] of Object.entries(recorded)) {
      if (name === 'task-ended') continue;
      const data = encode(complete[0]!);
      for (let length = 0; length < data.length; length++) {
        expect(() => shapes[name]!.parse(data.slice(0, length)), `${name} cut at ${length}`)
          .to.throw()
          .with.property('code', 'malformed');
      }
    }
  });

  it('nested beyond any sense ends with a type', () => {
    const deep = (open: string, close: string): string =>
      `{"v":1,"id":"x","type":"x","body":${open.repeat(200_000)}1${close.repeat(200_000)}}`;
    for (const text of [deep('[', ']'), deep('{"a":', '}')]) {
      for (const read of Object.values(readers)) isHarmless(() => read(new TextEncoder().encode(text)));
    }
  });

  it('with keys that reach into objects changes none', () => {
    const text =
      '{"v":1,"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"id":"x","type":"x","executor":"x","createdAt":"2026-11-25T10:00:00Z"}';
    for (const read of Object.values(readers)) isHarmless(() => read(new TextEncoder().encode(text)));
    const mail = parseMail(new TextEncoder().encode(text));
    expect(Object.getPrototypeOf(mail)).to.equal(Object.prototype);
    expect(({} as { polluted?: number }).polluted).to.equal(undefined);
    expect(parseCommand(new TextEncoder().encode(text))).to.have.all.keys('v', 'id', 'executor', 'createdAt', 'input');
  });

  it('as the body of mail, which an entity hands on, ends with a type', () => {
    fc.assert(fc.property(fc.jsonValue(), (body) => isHarmless(() => parseTaskEnded(body as never))));
    for (const body of [undefined, () => 1, Symbol('x')]) isHarmless(() => parseTaskEnded(body as never));
  });

  it('of numbers beyond reason is told by its field', () => {
    for (const attempt of ['1e400', '-1e400', '1e-400', '0.1', '9007199254740993.5']) {
      const text = `{"v":1,"id":"t","task":"x","attempt":${attempt},"attempts":1,"token":"k","idempotencyToken":"i","timeLimitMs":1,"orderedAt":1}`;
      const read = (): unknown => parseTask(new TextEncoder().encode(text));
      if (Number.isInteger(Number(attempt)) && Number(attempt) >= 1) read();
      else expect(read, attempt).to.throw().that.includes({ code: 'malformed', field: 'attempt' });
    }
  });
});
