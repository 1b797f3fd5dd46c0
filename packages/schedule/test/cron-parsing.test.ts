import { parseCron } from '@troupe/schedule';
import { isTroupeError } from '@troupe/protocol';
import { expect } from 'chai';

function refusal(cron: string): string | undefined {
  try {
    parseCron(cron);
    return undefined;
  } catch (error) {
    if (!isTroupeError(error)) throw error;
    expect(error.code).to.equal('invalid_options');
    expect(error.message).to.contain(error.field);
    return error.field;
  }
}

describe('a cron expression', () => {
  it('has five fields, or six with seconds first', () => {
    expect(parseCron('5 4 * * *')).to.deep.include({ seconds: [0], minutes: [5], hours: [4] });
    expect(parseCron('30 5 4 * * *')).to.deep.include({ seconds: [30], minutes: [5], hours: [4] });
    expect(parseCron('  5\t4  * * * ')).to.deep.include({ minutes: [5], hours: [4] });
  });

  it('knows lists, ranges and steps, in any order and without doubles', () => {
    expect(parseCron('50,10-12,11,*/30 * * * *').minutes).to.deep.equal([0, 10, 11, 12, 30, 50]);
    expect(parseCron('10-30/10 8-10 * * *')).to.deep.include({ minutes: [10, 20, 30], hours: [8, 9, 10] });
    expect(parseCron('5/20 * * * *').minutes).to.deep.equal([5, 25, 45]);
  });

  it('knows months and days by name, in any case, and Sunday as 0 and 7', () => {
    expect(parseCron('0 0 * jan,DEC Mon-fri')).to.deep.include({ months: [1, 12], daysOfWeek: [1, 2, 3, 4, 5] });
    expect(parseCron('0 0 * * 7').daysOfWeek).to.deep.equal([0]);
    expect(parseCron('0 0 * * 5-7').daysOfWeek).to.deep.equal([0, 5, 6]);
    expect(parseCron('0 0 * * */2').daysOfWeek).to.deep.equal([0, 2, 4, 6]);
  });

  it('knows the usual shorthands', () => {
    for (const [short, long] of [
      ['@yearly', '0 0 1 1 *'],
      ['@annually', '0 0 1 1 *'],
      ['@monthly', '0 0 1 * *'],
      ['@weekly', '0 0 * * 0'],
      ['@daily', '0 0 * * *'],
      ['@midnight', '0 0 * * *'],
      ['@hourly', '0 * * * *'],
    ] as const) {
      expect(parseCron(short), short).to.deep.equal(parseCron(long));
    }
  });

  it('names the field of what it does not understand', () => {
    for (const [cron, field] of [
      ['', 'cron'],
      ['* * * *', 'cron'],
      ['* * * * * * *', 'cron'],
      ['@reboot', 'cron'],
      ['60 * * * *', 'cron.minute'],
      ['60 0 * * * *', 'cron.second'],
      ['0 24 * * *', 'cron.hour'],
      ['0 0 0 * *', 'cron.dayOfMonth'],
      ['0 0 32 * *', 'cron.dayOfMonth'],
      ['0 0 * 13 *', 'cron.month'],
      ['0 0 * FOO *', 'cron.month'],
      ['0 0 * * 8', 'cron.dayOfWeek'],
      ['0 0 * * MON-', 'cron.dayOfWeek'],
      ['0 0 * * FRI-MON', 'cron.dayOfWeek'],
      ['*/0 * * * *', 'cron.minute'],
      ['30-10 * * * *', 'cron.minute'],
      ['1,,2 * * * *', 'cron.minute'],
      ['? * * * *', 'cron.minute'],
      ['*-5 * * * *', 'cron.minute'],
      ['-1 * * * *', 'cron.minute'],
      ['0 0 L * *', 'cron.dayOfMonth'],
      ['0 0 * * MON#2', 'cron.dayOfWeek'],
    ] as const) {
      expect(refusal(cron), JSON.stringify(cron)).to.equal(field);
    }
  });

  it('refuses a date that no month has, and takes one that is rare', () => {
    expect(refusal('0 0 31 2 *')).to.equal('cron.dayOfMonth');
    expect(refusal('0 0 31 4,6,9,11 *')).to.equal('cron.dayOfMonth');
    expect(refusal('0 0 29 2 *')).to.equal(undefined);
    // "or": the Mondays of February are there
    expect(refusal('0 0 31 2 MON')).to.equal(undefined);
  });
});
