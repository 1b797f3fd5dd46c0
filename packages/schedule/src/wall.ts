/**
 * Local times without a zone. A wall time is what a clock on the wall shows, as the epoch milliseconds at which a clock in
 * UTC shows the same; so that dates can be reckoned without any zone, and the zone comes in once, in `calendar.ts`.
 */
import type { CronFields } from './cron.ts';

const DAY_MS = 86_400_000;
/** The 29th of February, eight years apart around 2100, on one day of the week in seven: at most 40 years. */
const HORIZON_DAYS = 366 * 41;

/** The first wall time from `wallMs` on, and before `endMs`, that the fields name; undefined if there is none. */
export function nextWall(fields: CronFields, wallMs: number, endMs = Number.POSITIVE_INFINITY): number | undefined {
  const start = Math.ceil(wallMs / 1_000) * 1_000;
  let day = Math.floor(start / DAY_MS) * DAY_MS;
  let from = start - day;
  for (let days = 0; days < HORIZON_DAYS && day < endMs; days++) {
    if (isDay(fields, day)) {
      const time = timeFrom(fields, from / 1_000);
      if (time !== undefined) return day + time * 1_000 < endMs ? day + time * 1_000 : undefined;
    }
    day += DAY_MS;
    from = 0;
  }
  return undefined;
}

function isDay(fields: CronFields, day: number): boolean {
  const date = new Date(day);
  if (!fields.months.includes(date.getUTCMonth() + 1)) return false;
  const inMonth = fields.daysOfMonth.includes(date.getUTCDate());
  const inWeek = fields.daysOfWeek.includes(date.getUTCDay());
  const { dayOfMonth, dayOfWeek } = fields.restricted;
  return dayOfMonth && dayOfWeek ? inMonth || inWeek : inMonth && inWeek;
}

/** Seconds of the day, the first from `from` on. */
function timeFrom({ hours, minutes, seconds }: CronFields, from: number): number | undefined {
  for (const hour of hours) {
    if (hour * 3_600 + 3_599 < from) continue;
    for (const minute of minutes) {
      const base = hour * 3_600 + minute * 60;
      if (base + 59 < from) continue;
      const second = seconds.find((one) => base + one >= from);
      if (second !== undefined) return base + second;
    }
  }
  return undefined;
}

/** The shortest distance in milliseconds between two of its local times, taking days that follow each other for possible. */
export function smallestGapMs({ hours, minutes, seconds }: CronFields): number {
  const ofHour = minutes.flatMap((minute) => seconds.map((second) => minute * 60 + second));
  let smallest = DAY_MS / 1_000 - hours.at(-1)! * 3_600 - ofHour.at(-1)! + hours[0]! * 3_600 + ofHour[0]!;
  for (let i = 1; i < ofHour.length; i++) smallest = Math.min(smallest, ofHour[i]! - ofHour[i - 1]!);
  for (let i = 1; i < hours.length; i++) smallest = Math.min(smallest, (hours[i]! - hours[i - 1]!) * 3_600 - ofHour.at(-1)! + ofHour[0]!);
  return smallest * 1_000;
}
