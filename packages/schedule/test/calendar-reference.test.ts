/**
 * Calendars against croner, a library of somebody else. Named hours are compared with the times that it lists; it has no kind that
 * goes by elapsed time, so for an open hour every minute is asked for its match.
 */
import { next } from '@troupe/schedule';
import { expect } from 'chai';
import { Cron } from 'croner';
import fc from 'fast-check';

const DAY_MS = 86_400_000;
const zones = [
  'UTC',
  'Europe/Berlin',
  'Europe/London',
  'America/New_York',
  'America/Los_Angeles',
  'America/Sao_Paulo',
  'America/St_Johns',
  'America/Havana',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Asia/Tokyo',
  'Australia/Sydney',
  'Australia/Lord_Howe',
  'Pacific/Auckland',
  'Pacific/Chatham',
  'Africa/Cairo',
  'Africa/Casablanca',
  'America/Santiago',
  'Asia/Beirut',
  'Atlantic/Azores',
];

/** Both changes of 2026 in the north, both in the south, and a time between. */
const weekends = [
  '2026-03-07',
  '2026-03-28',
  '2026-04-04',
  '2026-04-23',
  '2026-09-05',
  '2026-09-26',
  '2026-10-03',
  '2026-10-24',
  '2026-10-31',
  '2026-06-10',
];

/**
 * Where the reference is no reference: of several times in one gap it names one at times, and of half an hour that comes twice it takes the second when
 * it has just named a time before it. Ours is held by example there, in `calendar.test.ts`.
 */
function isLeftOut(zone: string, hour: number, minutes: string, times: readonly string[]): boolean {
  if (zone === 'Australia/Lord_Howe' && hour === 1) return true;
  const local = new Intl.DateTimeFormat('en', { timeZone: zone, hour: 'numeric', hourCycle: 'h23' });
  return !/^\d+$/.test(minutes) && times.some((at) => Number(local.format(new Date(at))) !== hour);
}

const window = fc.record({
  zone: fc.constantFrom(...zones),
  start: fc.constantFrom(...weekends).map((day) => Date.parse(`${day}T00:00:00Z`) - DAY_MS / 4),
});

const part = (min: number, max: number): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min, max }).map(String) },
    fc.tuple(fc.integer({ min, max }), fc.integer({ min, max })).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
    fc.tuple(fc.integer({ min, max }), fc.integer({ min, max })).map(([a, b]) => `${a},${b}`),
  );
const minute = fc.oneof(part(0, 59), fc.constantFrom('*/15', '*/7', '0'));
const days = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ date: '*', month: '*', day: '*' }) },
  part(1, 28).map((date) => ({ date, month: '*', day: '*' })),
  part(0, 6).map((day) => ({ date: '*', month: '*', day })),
  fc.tuple(part(1, 28), part(0, 6)).map(([date, day]) => ({ date, month: '*', day })),
  fc.tuple(part(1, 28), fc.constantFrom('MAR-APR', 'OCT', '*/3', 'sep,oct,nov')).map(([date, month]) => ({ date, month, day: '*' })),
  fc.constantFrom('MON-FRI', 'sat,sun', '5-7').map((day) => ({ date: '*', month: '*', day })),
);

const iso = (times: readonly number[]): string[] => times.map((at) => new Date(at).toISOString());

function ours(cron: string, zone: string, start: number, end: number): string[] {
  const found: number[] = [];
  for (let at = start; ;) {
    const [time] = next({ cron, zone }, 1, at);
    if (time === undefined || time >= end) return iso(found);
    expect(time, 'ascending').to.be.greaterThan(at);
    found.push((at = time));
  }
}

describe('a calendar and an independent library', () => {
  it('agree on every time of named hours, over many zones and both changes of the clock', () => {
    fc.assert(
      fc.property(window, minute, fc.integer({ min: 0, max: 23 }), days, ({ zone, start }, minutes, hour, { date, month, day }) => {
        const cron = `${minutes} ${hour} ${date} ${month} ${day}`;
        const end = start + 4 * DAY_MS;
        const reference = new Cron(cron, { timezone: zone, paused: true });
        const theirs = new Set<number>();
        for (let at: Date | null = new Date(start); (at = reference.nextRun(at)) !== null && at.getTime() < end;) theirs.add(at.getTime());
        const found = ours(cron, zone, start, end);
        fc.pre(!isLeftOut(zone, hour, minutes, found));
        expect(found, `${cron} in ${zone}`).to.deep.equal(iso([...theirs].sort((a, b) => a - b)));
      }),
      { numRuns: 120 },
    );
  }).timeout(60_000);

  it('agree on every minute of an open hour, over many zones and both changes of the clock', () => {
    fc.assert(
      fc.property(window, minute, days, ({ zone, start }, minutes, { date, month, day }) => {
        const cron = `${minutes} * ${date} ${month} ${day}`;
        const end = start + DAY_MS;
        const reference = new Cron(cron, { timezone: zone, paused: true });
        const theirs: number[] = [];
        for (let at = start + 60_000; at < end; at += 60_000) if (reference.match(new Date(at))) theirs.push(at);
        expect(ours(cron, zone, start, end), `${cron} in ${zone}`).to.deep.equal(iso(theirs));
      }),
      { numRuns: 20 },
    );
  }).timeout(60_000);

  it('agree over years where no zone is in the way, with seconds', () => {
    fc.assert(
      fc.property(part(0, 59), part(0, 59), part(0, 23), days, (second, minutes, hours, { date, month, day }) => {
        const cron = `${second} ${minutes} ${hours} ${date} ${month} ${day}`;
        const from = new Date('2027-12-30T00:00:00Z');
        const reference = new Cron(cron, { timezone: 'UTC', paused: true });
        const theirs = new Set(reference.nextRuns(20, from).map((at) => at.getTime()));
        const found = next({ cron }, 20, from);
        // with two joined day fields it steps over the 1st of March of a leap year, of which it says itself that it matches
        for (const at of found) if (reference.match(new Date(at))) theirs.add(at);
        expect(iso(found), cron).to.deep.equal(iso([...theirs].sort((a, b) => a - b).slice(0, 20)));
      }),
      { numRuns: 200 },
    );
  }).timeout(60_000);
});

describe('a named hour', () => {
  it('has exactly one time a day, in sixty of the zones that Node.js knows and over every change of a year', () => {
    const start = Date.parse('2026-01-01T00:00:00Z');
    // every seventh: many names share a table, and reading the tables takes its time
    for (const zone of Intl.supportedValuesOf('timeZone').filter((_, i) => i % 7 === 0)) {
      // 02:30 is in most gaps and folds, and never near midnight
      const times = next({ cron: '30 2 * * *', zone }, 365, start);
      const dates = new Set(times.map((at) => new Date(at).toLocaleDateString('en-CA', { timeZone: zone })));
      expect(dates.size, zone).to.equal(365);
    }
  }).timeout(60_000);
});
