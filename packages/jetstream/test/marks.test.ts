import { expect } from 'chai';
import { highWaterDefaults, type Overload } from '@troupe/jetstream';
import { highWaterMarks, overloads, overloadText } from '@troupe/jetstream/internal';
import { isTroupeError, type TroupeError } from '@troupe/protocol';

function refusal(options: object): TroupeError {
  try {
    highWaterMarks(options);
  } catch (error) {
    if (isTroupeError(error)) return error;
    throw error;
  }
  throw new Error('was not refused');
}

describe('high-water marks', () => {
  const marks = highWaterMarks({ mail: { high: 100, low: 60 }, storage: { high: 0.5 } });
  /** What is over, look by look. */
  function looks(what: Overload['what'], values: readonly number[]): boolean[] {
    let over: readonly Overload[] = [];
    return values.map((value) => {
      over = overloads([{ what, where: 'X', value }], marks, over);
      return over.length > 0;
    });
  }

  it('are reached at the upper one, and left at the lower one only', () => {
    expect(looks('mail', [99, 100, 99, 61, 60, 61, 99, 101])).to.deep.equal([false, true, true, true, false, false, false, true]);
    expect(looks('storage', [0.49, 0.5, 0.45, 0.41, 0.4, 0.45])).to.deep.equal([false, true, true, true, false, false]);
  });

  it('are judged for each stream alone', () => {
    const before = overloads([{ what: 'storage', where: 'A', value: 0.6 }], marks, []);
    const readings = ['A', 'B'].map((where) => ({ what: 'storage' as const, where, value: 0.45 }));
    expect(overloads(readings, marks, before)).to.deep.equal([{ what: 'storage', where: 'A', value: 0.45, high: 0.5, low: 0.4 }]);
  });

  it('have a lower one that is four fifths of the upper one, and defaults that are complete', () => {
    expect(highWaterMarks({ tasks: { high: 11 } }).tasks).to.deep.equal({ high: 11, low: 8 });
    expect(highWaterMarks()).to.deep.equal(highWaterDefaults);
    expect(highWaterMarks({ tasks: { high: 1 } }).tasks).to.deep.equal({ high: 1, low: 0 });
  });

  for (const [what, options, field] of [
    ['an option that nobody reads', { disk: { high: 1 } }, 'disk'],
    ['no messages at all', { tasks: { high: 0 } }, 'tasks.high'],
    ['a part of a message', { mail: { high: 1.5 } }, 'mail.high'],
    ['a lower mark that is not lower', { mail: { high: 10, low: 10 } }, 'mail.low'],
    ['a negative one', { tasks: { high: 10, low: -1 } }, 'tasks.low'],
    ['a share above the whole', { storage: { high: 1.2 } }, 'storage.high'],
    ['a share that is none', { storage: { high: Number.NaN } }, 'storage.high'],
    ['a lower share that is not lower', { storage: { high: 0.5, low: 0.6 } }, 'storage.low'],
    ['looks without a pause', { everyMs: 0 }, 'everyMs'],
    ['looks that never come', { everyMs: Number.NaN }, 'everyMs'],
  ] as const) {
    it(`refuse ${what}, naming the field`, () => {
      expect(refusal(options)).to.include({ code: 'invalid_options', field: `highWater.${field}` });
    });
  }

  it('tell people what is over, and when it goes on', () => {
    const at = { value: 50_012, high: 50_000, low: 40_000 };
    expect(overloadText({ what: 'mail', where: 't_MAIL', ...at })).to.equal(
      't_MAIL holds 50012 messages (stops at 50000, goes on at 40000)',
    );
    expect(overloadText({ what: 'storage', where: 'account file', value: 0.912, high: 0.9, low: 0.8 })).to.equal(
      'account file has 91 % of its storage in use (stops at 90 %, goes on at 80 %)',
    );
  });
});
