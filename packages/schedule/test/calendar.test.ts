import { calendarOf, type DstPolicy, next, type Timing } from '@troupe/schedule';
import { isTroupeError } from '@troupe/protocol';
import { expect } from 'chai';

const times = (timing: Timing, n: number, from: string): string[] =>
  next(timing, n, new Date(from)).map((at) => new Date(at).toISOString().replace(':00.000Z', 'Z'));

/** Berlin puts its clock forward at 2026-03-29T01:00Z, from 02:00 to 03:00, and back at 2026-10-25T01:00Z, from 03:00 to 02:00. */
const berlin = (cron: string, dst: DstPolicy = {}): Timing => ({ cron, zone: 'Europe/Berlin', dst });

function refusedField(timing: unknown): string | undefined {
  try {
    calendarOf(timing as Timing);
    return undefined;
  } catch (error) {
    if (!isTroupeError(error)) throw error;
    return error.field;
  }
}

describe('a calendar', () => {
  it('names the times after an instant, never the instant itself', () => {
    expect(times({ cron: '0 3 * * *' }, 2, '2026-01-01T03:00:00Z')).to.deep.equal(['2026-01-02T03:00Z', '2026-01-03T03:00Z']);
    expect(times({ cron: '0 3 * * *' }, 1, '2026-01-01T02:59:59.999Z')).to.deep.equal(['2026-01-01T03:00Z']);
  });

  it('finds a date that comes every four years, and not in 2100', () => {
    expect(times({ cron: '0 0 29 2 *' }, 3, '2095-01-01T00:00:00Z')).to.deep.equal([
      '2096-02-29T00:00Z',
      '2104-02-29T00:00Z',
      '2108-02-29T00:00Z',
    ]);
  });

  it('joins two restricted day fields by "or"', () => {
    expect(times({ cron: '0 0 13 * FRI' }, 5, '2026-02-01T00:00:00Z')).to.deep.equal([
      '2026-02-06T00:00Z',
      '2026-02-13T00:00Z',
      '2026-02-20T00:00Z',
      '2026-02-27T00:00Z',
      '2026-03-06T00:00Z',
    ]);
  });

  it('counts an interval as elapsed time from its anchor, before it as well', () => {
    expect(times({ every: '90m' }, 2, '1970-01-01T00:00:00Z')).to.deep.equal(['1970-01-01T01:30Z', '1970-01-01T03:00Z']);
    const anchorMs = Date.parse('2026-01-01T00:10:00Z');
    expect(times({ every: '1h', anchorMs }, 2, '2025-12-31T22:10:00Z')).to.deep.equal(['2025-12-31T23:10Z', '2026-01-01T00:10Z']);
  });

  it('names the field of a refusal', () => {
    expect(refusedField({})).to.equal('cron');
    expect(refusedField({ cron: '* * * * *', every: '1h' })).to.equal('cron');
    expect(refusedField({ every: '1.5s' })).to.equal('every');
    expect(refusedField({ every: '0s' })).to.equal('every');
    expect(refusedField({ every: 'soon' })).to.equal('every');
    expect(refusedField({ every: '1h', anchorMs: 0.5 })).to.equal('anchorMs');
    expect(refusedField({ every: '1h', anchorMs: 1e308 })).to.equal('anchorMs');
    expect(refusedField({ cron: '* * * * *', zone: 'Europe/Atlantis' })).to.equal('zone');
    expect(refusedField({ cron: '* * * * *', zone: '' })).to.equal('zone');
    expect(refusedField({ cron: '* * * * *', dst: { gap: 'perhaps' } })).to.equal('dst.gap');
    expect(refusedField({ cron: '* * * * *', dst: { fold: 'perhaps' } })).to.equal('dst.fold');
  });

  it('knows its shortest distance', () => {
    const gap = (cron: string): number => calendarOf({ cron }).smallestGapMs / 60_000;
    expect(gap('0 0 * * *')).to.equal(1_440);
    expect(gap('0 0,23 * * *')).to.equal(60);
    expect(gap('*/10 * * * *')).to.equal(10);
    expect(gap('5,50 * * * *')).to.equal(15);
    expect(gap('50 23 1 1 *')).to.equal(1_440);
    expect(gap('0,1 0 * * *')).to.equal(1);
    expect(calendarOf({ every: '90s' }).smallestGapMs).to.equal(90_000);
  });
});

describe('a local time that does not exist', () => {
  it('is made up for as much later as the clock was put forward, once, where hours are named (C12)', () => {
    expect(times(berlin('30 2 * * *'), 3, '2026-03-28T00:00:00Z')).to.deep.equal([
      '2026-03-28T01:30Z',
      '2026-03-29T01:30Z',
      '2026-03-30T00:30Z',
    ]);
  });

  it('can come at the instant the clock was put forward, or not at all', () => {
    expect(times(berlin('30 2 * * *', { gap: 'boundary' }), 2, '2026-03-28T12:00:00Z')).to.deep.equal([
      '2026-03-29T01:00Z',
      '2026-03-30T00:30Z',
    ]);
    expect(times(berlin('30 2 * * *', { gap: 'skip' }), 2, '2026-03-28T12:00:00Z')).to.deep.equal([
      '2026-03-30T00:30Z',
      '2026-03-31T00:30Z',
    ]);
  });

  it('falls together with a time that exists into one nominal time', () => {
    expect(times(berlin('0 2,3 * * *'), 3, '2026-03-28T12:00:00Z')).to.deep.equal([
      '2026-03-29T01:00Z',
      '2026-03-30T00:00Z',
      '2026-03-30T01:00Z',
    ]);
  });

  it('stays in order with the times that exist', () => {
    expect(times(berlin('15,45 2,3 * * *'), 4, '2026-03-28T12:00:00Z')).to.deep.equal([
      '2026-03-29T01:15Z',
      '2026-03-29T01:45Z',
      '2026-03-30T00:15Z',
      '2026-03-30T00:45Z',
    ]);
  });

  it('costs an hourly kind nothing: it goes by elapsed time', () => {
    expect(times(berlin('0 * * * *'), 3, '2026-03-28T23:30:00Z')).to.deep.equal([
      '2026-03-29T00:00Z',
      '2026-03-29T01:00Z',
      '2026-03-29T02:00Z',
    ]);
  });

  it('can be a whole day', () => {
    // Samoa left out the 30th of December 2011
    expect(times({ cron: '0 12 30,31 12 *', zone: 'Pacific/Apia', dst: { gap: 'skip' } }, 1, '2011-12-29T23:00:00Z')).to.deep.equal([
      '2011-12-30T22:00Z',
    ]);
  });
});

describe('a local time that exists twice', () => {
  const from = '2026-10-24T12:00:00Z';
  it('counts once, the first time, where hours are named (C12)', () => {
    expect(times(berlin('30 2 * * *'), 2, from)).to.deep.equal(['2026-10-25T00:30Z', '2026-10-26T01:30Z']);
    // asked between the two, the day is done
    expect(times(berlin('30 2 * * *'), 1, '2026-10-25T00:30:00Z')).to.deep.equal(['2026-10-26T01:30Z']);
  });

  it('can count the second time, or both', () => {
    expect(times(berlin('30 2 * * *', { fold: 'second' }), 2, from)).to.deep.equal(['2026-10-25T01:30Z', '2026-10-26T01:30Z']);
    expect(times(berlin('30 2 * * *', { fold: 'both' }), 2, from)).to.deep.equal(['2026-10-25T00:30Z', '2026-10-25T01:30Z']);
  });

  it('is two hours to an hourly kind', () => {
    expect(times(berlin('0 * * * *'), 4, '2026-10-24T22:30:00Z')).to.deep.equal([
      '2026-10-24T23:00Z',
      '2026-10-25T00:00Z',
      '2026-10-25T01:00Z',
      '2026-10-25T02:00Z',
    ]);
  });

  it('may be half an hour long', () => {
    // Lord Howe goes back from 02:00 to 01:30
    const zone = 'Australia/Lord_Howe';
    expect(times({ cron: '45 1 * * *', zone }, 2, '2026-04-03T16:00:00Z')).to.deep.equal(['2026-04-04T14:45Z', '2026-04-05T15:15Z']);
  });
});
