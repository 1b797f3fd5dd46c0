/** What a schedule is: a timing, a task, and what happens when the two do not fit. Plain data, so that it is stored and compared. */
import { type Duration, durationMs, encodeJson, isLonger, type Json, NAME_LIMIT_CHARS } from '@troupe/protocol';
import type { TaskContract } from '@troupe/task';
import { checkNow } from '@troupe/task/internal';
import { MAX_FAILURES } from './breaker/behaviour.ts';
import { calendarOf, type CronTiming, type IntervalTiming, type Timing } from './calendar.ts';
import { checkEach, checkTask, defineEach, type EachDefinition, type EachOptions, type TaskPart, taskPart } from './each/definition.ts';
import { checkExecute, defineExecute, type ExecuteDefinition, type ExecuteOptions } from './execute.ts';
import { checkRetain, defineRetain, type RetainDefinition, type RetainOptions } from './retain/definition.ts';
import { isCount, refuse } from './refuse.ts';

export interface SchedulePolicies {
  /**
   * Nominal times that passed while nobody was there: none of them runs (`skip`), the last one runs for all (`latest`, the default),
   * or the last `all` of them run one after the other (at most 100).
   */
  readonly missed?: 'skip' | 'latest' | { readonly all: number };
  /** A nominal time is missed when it is handled so much too late. Default `'1m'`. */
  readonly lateAfter?: Duration;
  /**
   * A nominal time that comes while a run lives (queued, waiting for its retry or running) is passed over (`skip`, the default),
   * waits for the end of that run, one at most (`bufferOne`), or cancels it and runs once it has ended (`cancelPrevious`).
   */
  readonly overlap?: 'skip' | 'bufferOne' | 'cancelPrevious';
  /** After the n-th failure in a row the next `min(n, penaltyCap)` nominal times are passed over. 0: never. Default 3. */
  readonly penaltyCap?: number;
  /**
   * After so many failures in a row nothing runs for `pause`; then one run decides anew. With `scope` the failures of all schedules that
   * name it are counted together, 50 at most, and hold up them all.
   */
  readonly breaker?: { readonly failures: number; readonly pause: Duration; readonly scope?: string };
  /** When nothing has succeeded for so long since a nominal time, the event `overdue` says so, once. Default: never. */
  readonly alarmAfter?: Duration;
  /** Codes of failures that pause the schedule until somebody resumes it; `'any'` = each. Default none, with `retain` any. */
  readonly pauseOn?: 'any' | readonly string[];
  /** Each run starts up to so much later, by chance. Default none. */
  readonly jitter?: Duration;
  /** All runs start later by a share of this that depends on the key alone: a herd of one timing is spread. Default none. */
  readonly spread?: Duration;
  /**
   * Schedulers take it though they know nothing of its task or executor, whose app may come later, and do not ask the schemas of those
   * that they know: what is wrong is told by its runs. Default false.
   */
  readonly unchecked?: boolean;
}

/** One of these and no other. */
type Only<What extends string> = { readonly [Other in Exclude<'task' | 'each' | 'execute' | 'retain', What>]?: never };

export type ScheduleOptions = (CronTiming | IntervalTiming) &
  SchedulePolicies & {
    /** Of the task, of the listing of `each`, or of the operation. Default null. */
    readonly input?: Json;
  } & (
    | (Only<'task'> & { /** A run is one task. */ readonly task: TaskContract })
    | (Only<'each'> & { /** A run is a task for each object of a listing. */ readonly each: EachOptions })
    | (Only<'execute'> & { /** A run is an operation. */ readonly execute: ExecuteOptions })
    | (Only<'retain'> & { /** A run makes one resource, and keeps so many for so long. */ readonly retain: RetainOptions })
  );

/** As it travels and is stored. */
export interface ScheduleDefinition extends SchedulePolicies {
  readonly timing: Timing;
  /** One of these four. */
  readonly task?: TaskPart & { readonly input: Json };
  readonly each?: EachDefinition & { readonly input: Json };
  readonly execute?: ExecuteDefinition & { readonly input: Json };
  readonly retain?: RetainDefinition & { readonly input: Json };
}

export const scheduleDefaults = Object.freeze({
  missed: 'latest',
  lateAfter: '1m',
  overlap: 'skip',
  penaltyCap: 3,
} satisfies SchedulePolicies);

export const MAX_CATCH_UP = 100;
/** It lies in the record twice while a run lives. */
const MAX_INPUT_BYTES = 8_192;

/** Throws `invalid_options`, and `invalid_input` where the contract of the task refuses the input; `field` says where. */
export function defineSchedule(options: ScheduleOptions): ScheduleDefinition {
  const {
    cron,
    zone,
    dst,
    every,
    anchorMs,
    task,
    each,
    execute,
    retain,
    input = null,
    ...policies
  } = options as ScheduleOptions & CronTiming & IntervalTiming;
  const timing = { cron, zone, dst, every, anchorMs };
  const what = {
    ...(task === undefined ? {} : { task: { ...taskPart(task), input } }),
    ...(each === undefined ? {} : { each: { ...defineEach(each), input } }),
    ...(execute === undefined ? {} : { execute: { ...defineExecute(execute), input } }),
    ...(retain === undefined ? {} : { retain: { ...defineRetain(retain), input } }),
  };
  // what is undefined is not there
  const definition = parseDefinition(JSON.parse(JSON.stringify({ ...policies, timing, ...what })) as Json);
  if (definition.unchecked !== true) checkNow(task?.input, input, 'input');
  return definition;
}

/** Reads a definition from the wire. Throws `invalid_options`; `field` says where. */
export function parseDefinition(body: Json): ScheduleDefinition {
  const d = body as unknown as ScheduleDefinition;
  if (typeof d !== 'object' || d === null) refuse('definition', 'must be an object');
  calendarOf(d.timing);
  const { task, each, execute, retain, missed, overlap, penaltyCap, breaker, pauseOn, unchecked } = d;
  const [second] = Object.entries({ task, each, execute, retain })
    .filter(([, what]) => what !== undefined)
    .slice(1);
  if (second !== undefined) refuse(second[0], 'excludes the others');
  if (execute !== undefined) checkExecute(execute);
  else if (each !== undefined) checkEach(each);
  else if (retain !== undefined) checkRetain(retain);
  else checkTask(task, 'task');
  const { input = null } = (task ?? each ?? execute ?? retain)!;
  if (Buffer.byteLength(encodeJson(input)) > MAX_INPUT_BYTES) refuse('input', `must be at most ${MAX_INPUT_BYTES} bytes`);
  if (typeof missed === 'object') {
    if (!isCount(missed?.all, 1) || missed.all > MAX_CATCH_UP) refuse('missed.all', `must be from 1 to ${MAX_CATCH_UP}`);
  } else if (missed !== undefined && missed !== 'skip' && missed !== 'latest') refuse('missed', 'must be skip, latest or { all: n }');
  if (overlap !== undefined && !['skip', 'bufferOne', 'cancelPrevious'].includes(overlap)) {
    refuse('overlap', 'must be skip, bufferOne or cancelPrevious');
  }
  if (penaltyCap !== undefined && !isCount(penaltyCap, 0)) refuse('penaltyCap', 'must be a whole number of at least 0');
  if (unchecked !== undefined && typeof unchecked !== 'boolean') refuse('unchecked', 'must be true or false');
  if (breaker !== undefined) {
    if (!isCount(breaker?.failures, 1)) refuse('breaker.failures', 'must be a whole number of at least 1');
    durationMs(breaker.pause, 'breaker.pause');
    const { scope, failures } = breaker;
    if (scope !== undefined && (typeof scope !== 'string' || scope === '' || isLonger(scope, NAME_LIMIT_CHARS))) {
      refuse('breaker.scope', `must be text of 1 to ${NAME_LIMIT_CHARS} characters`);
    }
    if (scope !== undefined && failures > MAX_FAILURES) refuse('breaker.failures', `must be at most ${MAX_FAILURES} with a scope`);
  }
  if (pauseOn !== undefined && pauseOn !== 'any' && !(Array.isArray(pauseOn) && pauseOn.every((code) => typeof code === 'string'))) {
    refuse('pauseOn', 'must be any, or a list of error codes');
  }
  for (const field of ['lateAfter', 'jitter', 'spread', 'alarmAfter'] as const) if (d[field] !== undefined) durationMs(d[field], field);
  return d;
}

/** How near nominal times may come to each other: of all schedules, and of those that make resources. */
export interface Minimum {
  readonly anyMs: number;
  readonly retainMs: number;
}

/** Throws `invalid_options` when two nominal times are nearer than is allowed. */
export function checkInterval({ timing, retain }: ScheduleDefinition, minimum: Minimum): void {
  const minimumMs = retain === undefined ? minimum.anyMs : Math.max(minimum.anyMs, minimum.retainMs);
  const gapMs = calendarOf(timing).smallestGapMs;
  if (gapMs < minimumMs) refuse('cron' in timing ? 'cron' : 'every', `comes every ${gapMs} ms; the minimum interval is ${minimumMs} ms`);
}

export function sameJson(a: unknown, b: unknown): boolean {
  return encodeJson(a as Json).toString() === encodeJson(b as Json).toString();
}

/** How much later than the nominal time this key is due, the same on every host. */
export function spreadMs({ spread }: ScheduleDefinition, key: string): number {
  if (spread === undefined) return 0;
  // FNV-1a: spreads names that differ in their last letter, which is all that is asked of it
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return Math.floor((((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32) * durationMs(spread));
}
