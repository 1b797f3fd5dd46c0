/**
 * When a schedule is due: the nominal times, ascending, each once. A cron expression names local times; a zone turns them
 * into instants, and twice a year that is no one-to-one affair. What happens then is a policy of the schedule:
 *
 *     gap    a local time that does not exist    `shift`     as much later as the clock was put forward: 02:30 becomes 03:30
 *                                                `boundary`  at the instant the clock was put forward: 02:30 becomes 03:00
 *                                                `skip`      not on that day
 *     fold   a local time that exists twice      `first`, `second`, `both`
 *
 * Hours that are named (`30 2 * * *`, a daily kind) default to `shift` and `first`: each local time exactly once. An open hour
 * (`0 * * * *`, hourly and finer) defaults to `skip` and `both`, which is elapsed time: the hour that is left out is no hour, the
 * one that comes twice is two. Intervals know no local time at all.
 */
import { type Duration, durationMs } from '@troupe/protocol';
import { type CronFields, parseCron } from './cron.ts';
import { refuse } from './refuse.ts';
import { nextWall, smallestGapMs } from './wall.ts';
import { type Span, type Zone, zoneOf } from './zone.ts';

export interface DstPolicy {
  /** A local time that does not exist. Default `shift` where hours are named, `skip` where the hour is `*`. */
  readonly gap?: 'shift' | 'boundary' | 'skip';
  /** A local time that exists twice. Default `first` where hours are named, `both` where the hour is `*`. */
  readonly fold?: 'first' | 'second' | 'both';
}

export interface CronTiming {
  /** Five fields, six with seconds first, or `@daily` and its like. */
  readonly cron: string;
  /** Name of the IANA table, `Europe/Berlin`. Default `UTC`. */
  readonly zone?: string;
  readonly dst?: DstPolicy;
}

export interface IntervalTiming {
  /** Elapsed time between two nominal times, in whole seconds. */
  readonly every: Duration;
  /** One of the nominal times, epoch milliseconds. Default 0: the epoch. */
  readonly anchorMs?: number;
}

export type Timing = CronTiming | IntervalTiming;

export interface Calendar {
  /** The first nominal time after this instant (epoch milliseconds, exclusive); undefined if there is none. */
  after(instant: number): number | undefined;
  /** The shortest distance of two nominal times, in milliseconds, changes of the clock left aside. */
  readonly smallestGapMs: number;
  /** What holds, defaults filled in; undefined for an interval. */
  readonly dst: Required<DstPolicy> | undefined;
}

/** What can be told apart without its texts: the last resort against a search without end. */
const MAX_SPANS = 200;

/** Throws `invalid_options` whose `field` names what is wrong, `cron.hour` for instance. */
export function calendarOf(timing: Timing): Calendar {
  if (typeof timing !== 'object' || timing === null) refuse('timing', 'must be an object with cron or every');
  const { cron, every } = timing as Partial<CronTiming & IntervalTiming>;
  if ((cron === undefined) === (every === undefined)) refuse('cron', 'either cron or every must be given, and not both');
  return cron === undefined ? intervalCalendar(timing as IntervalTiming) : cronCalendar(timing as CronTiming);
}

/**
 * The next `n` nominal times after `from` (epoch milliseconds or a Date), as epoch milliseconds; fewer if there are no more.
 * Throws `invalid_options`, naming the field.
 */
export function next(timing: Timing, n: number, from: number | Date): number[] {
  if (!Number.isInteger(n) || n < 0 || n > 100_000) refuse('n', 'must be a whole number from 0 to 100000');
  const calendar = calendarOf(timing);
  const times: number[] = [];
  let at: number | undefined = Number(from);
  if (!Number.isFinite(at)) refuse('from', 'must be a time');
  while (times.length < n && (at = calendar.after(at)) !== undefined) times.push(at);
  return times;
}

function intervalCalendar({ every, anchorMs = 0 }: IntervalTiming): Calendar {
  const everyMs = durationMs(every, 'every');
  if (everyMs < 1_000 || everyMs % 1_000 !== 0) refuse('every', 'must be whole seconds, at least one');
  if (!Number.isSafeInteger(anchorMs)) refuse('anchorMs', 'must be epoch milliseconds');
  return {
    after: (instant) => anchorMs + (Math.floor((instant - anchorMs) / everyMs) + 1) * everyMs,
    smallestGapMs: everyMs,
    dst: undefined,
  };
}

function cronCalendar({ cron, zone: zoneName = 'UTC', dst = {} }: CronTiming): Calendar {
  const fields = parseCron(cron);
  const zone = zoneOf(zoneName);
  const gap = dst.gap ?? (fields.everyHour ? 'skip' : 'shift');
  const fold = dst.fold ?? (fields.everyHour ? 'both' : 'first');
  if (!['shift', 'boundary', 'skip'].includes(gap)) refuse('dst.gap', 'must be shift, boundary or skip');
  if (!['first', 'second', 'both'].includes(fold)) refuse('dst.fold', 'must be first, second or both');
  const policy = { gap, fold };
  return { after: (instant) => after(fields, zone, policy, instant), smallestGapMs: smallestGapMs(fields), dst: policy };
}

/** Goes span by span: within one, local times and instants differ by a constant, so a calendar without zones answers. */
function after(fields: CronFields, zone: Zone, policy: Required<DstPolicy>, instant: number): number | undefined {
  let from = Math.floor(instant / 1_000) * 1_000 + 1_000;
  for (let spans = 0; spans < MAX_SPANS; spans++) {
    const span = zone.spanAt(from);
    const before = zone.spanAt(span.start - 1);
    const found = inSpan(fields, span, before, zone, policy, from);
    if (found !== undefined) return found;
    from = span.end;
  }
  return undefined;
}

function inSpan(fields: CronFields, span: Span, before: Span, zone: Zone, policy: Required<DstPolicy>, from: number): number | undefined {
  const { offsetMs } = span;
  // what the wall showed before and shows again is over, if the first time is the one that counts
  const repeatedTo = policy.fold === 'first' ? Math.max(from, span.start + before.offsetMs - offsetMs) : from;
  const regular = nextWall(fields, repeatedTo + offsetMs, span.end + offsetMs - repeatsAhead(span, zone, policy));
  const times = [...(regular === undefined ? [] : [regular - offsetMs]), ...fromGap(fields, span, before, policy, from)];
  return times.length === 0 ? undefined : Math.min(...times);
}

/** How much of the end of a span will be shown once more, if the second time is the one that counts. */
function repeatsAhead(span: Span, zone: Zone, { fold }: Required<DstPolicy>): number {
  return fold === 'second' ? Math.max(0, span.offsetMs - zone.spanAt(span.end).offsetMs) : 0;
}

/** The local times that the start of this span has left out, at the instants where they are made up for. */
function fromGap(fields: CronFields, span: Span, before: Span, { gap }: Required<DstPolicy>, from: number): number[] {
  const leftOut = span.offsetMs - before.offsetMs;
  if (leftOut <= 0 || gap === 'skip') return [];
  const wallStart = span.start + before.offsetMs;
  if (gap === 'boundary') {
    return from <= span.start && nextWall(fields, wallStart, wallStart + leftOut) !== undefined ? [span.start] : [];
  }
  const wall = nextWall(fields, Math.max(wallStart, from + before.offsetMs), wallStart + leftOut);
  return wall === undefined ? [] : [wall - before.offsetMs];
}
