import { type Duration, durationMs, formatMs, TroupeError } from '@troupe/protocol';
import { expect } from 'chai';
import fc from 'fast-check';

describe('a duration', () => {
  const good: [Duration, number][] = [
    ['0s', 0],
    ['250ms', 250],
    ['1.5s', 1_500],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
    ['0.0001s', 0],
  ];
  for (const [text, ms] of good) {
    it(`${text} is ${ms} milliseconds`, () => {
      expect(durationMs(text)).to.equal(ms);
    });
  }

  for (const bad of ['', '5', 's', '5 s', '-5s', '5sec', '1e3s', '.5s', '5.s', '5S', '5m5s', 'Infinitys', ' 5s', '5s\n']) {
    it(`${JSON.stringify(bad)} is refused, with its field`, () => {
      expect(() => durationMs(bad as Duration, 'retry.after'))
        .to.throw(TroupeError, `retry.after: ${JSON.stringify(bad)} is no duration`)
        .that.includes({ code: 'invalid_options', field: 'retry.after' });
    });
  }

  it('is of a thousand years at the most: what ends later ends at no date', () => {
    expect(durationMs('365250d')).to.be.above(0);
    for (const endless of ['365251d', '99999999999d', `${'9'.repeat(400)}ms`])
      expect(() => durationMs(endless as Duration, 'every'))
        .to.throw()
        .that.includes({ code: 'invalid_options', field: 'every' });
  });

  it('of any whole number and unit is what arithmetic says', () => {
    const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
    fc.assert(
      fc.property(fc.nat(100_000), fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[])), (n, unit) => {
        expect(durationMs(`${n}${unit}`)).to.equal(n * units[unit]);
      }),
    );
  });
});

describe('a duration for people', () => {
  const shown: [number, string][] = [
    [0, '0ms'],
    [-3, '0ms'],
    [12.4, '12ms'],
    [999.6, '1s'],
    [1_000, '1s'],
    [1_540, '1.5s'],
    [59_949, '59.9s'],
    [59_960, '1m'],
    [65_000, '1m05'],
    [119_600, '2m'],
    [3_599_600, '1h'],
    [5_400_000, '1h30'],
    [7_199_999, '2h'],
    [360_000_000, '100h'],
  ];
  for (const [ms, text] of shown) {
    it(`of ${ms} milliseconds is ${text}`, () => {
      expect(formatMs(ms)).to.equal(text);
    });
  }

  it('never shows 60 of a unit, and never grows shorter for a longer time', () => {
    const read = (text: string): number => {
      const [, first, unit, second = '0'] = /^([\d.]+)(ms|s|m|h)(\d\d)?$/.exec(text)!;
      const factor = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[unit as 'ms'];
      return Number(first) * factor + (Number(second) * factor) / 60;
    };
    fc.assert(
      fc.property(fc.nat(20_000_000), fc.nat(2_000_000), (ms, more) => {
        expect(formatMs(ms)).not.to.match(/(^|[a-z])60/);
        expect(read(formatMs(ms + more))).to.be.at.least(read(formatMs(ms)));
      }),
    );
  });
});
