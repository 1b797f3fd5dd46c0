/** The flags of `troupe schedule define`, and the definition that they make. */
import { type Duration, TroupeError } from '@troupe/protocol';
import type { ScheduleOptions } from '@troupe/schedule';
import { defineTask, type TaskContract } from '@troupe/task';
import type { Io } from './io.ts';
import { parseClass, parseCount, parseInput, parseResource, parseWords } from './parse-args.ts';

export interface DefineFlags {
  readonly cron?: string;
  readonly zone?: string;
  readonly gap?: string;
  readonly fold?: string;
  readonly every?: string;
  readonly execute?: string;
  readonly resource?: readonly string[];
  readonly kind?: string;
  readonly task?: string;
  readonly each?: string;
  readonly inFlight?: string;
  readonly perSecond?: string;
  readonly pool?: string;
  readonly class?: string;
  readonly timeLimit?: string;
  readonly attempts?: string;
  readonly input?: string;
  readonly missed?: string;
  readonly lateAfter?: string;
  readonly overlap?: string;
  readonly penaltyCap?: string;
  readonly breaker?: string;
  readonly pauseOn?: string;
  readonly alarmAfter?: string;
  readonly jitter?: string;
  readonly spread?: string;
  readonly unchecked?: true;
  readonly by?: string;
  readonly json?: true;
}

/** Throws `invalid_options`; what a flag says wrongly is told before anything connects. */
export async function definitionOf(flags: DefineFlags, io: Io): Promise<ScheduleOptions> {
  const { cron, zone, gap, fold, every, missed, lateAfter, overlap, penaltyCap, breaker, pauseOn, input } = flags;
  const { alarmAfter, jitter, spread, unchecked } = flags;
  const all = /^all:(\d+)$/.exec(missed ?? '')?.[1];
  const options = {
    cron,
    zone,
    dst: gap === undefined && fold === undefined ? undefined : { gap, fold },
    every,
    input: input === undefined ? undefined : await parseInput(input, io),
    missed: all === undefined ? missed : { all: Number(all) },
    lateAfter,
    overlap: overlap === undefined ? undefined : parseWords(overlap, ['skip', 'bufferOne', 'cancelPrevious'], 'overlap')[0],
    penaltyCap: penaltyCap === undefined ? undefined : penaltyCap === '0' ? 0 : parseCount(penaltyCap, 'penaltyCap'),
    breaker: breaker === undefined ? undefined : breakerOf(breaker),
    pauseOn: pauseOn === undefined || pauseOn === 'any' ? pauseOn : pauseOn.split(','),
    alarmAfter,
    jitter,
    spread,
    unchecked,
    ...runOf(flags),
  };
  return without(options) as unknown as ScheduleOptions;
}

/** `3:10m`, or `3:10m:scope`. */
function breakerOf(text: string): object {
  const [failures = '', pause, ...scope] = text.split(':');
  return without({ failures: parseCount(failures, 'breaker.failures'), pause, scope: scope.length === 0 ? undefined : scope.join(':') });
}

function runOf({ execute, resource = [], kind, each, inFlight, perSecond, ...flags }: DefineFlags): object {
  const { task, class: cls } = flags;
  if ((execute === undefined) === (task === undefined)) throw wrong('execute', 'name an executor (--execute) or a task (--task)');
  if (each === undefined && (kind ?? inFlight ?? perSecond) !== undefined) throw wrong('each', 'name what lists the objects (--each)');
  if (each !== undefined && resource.length > 0) throw wrong('resource', 'with --each the objects name the resources, or --kind does');
  const queue = cls === undefined ? {} : { class: parseClass(cls) };
  const run = task === undefined ? {} : { run: contractOf(task, flags) };
  if (each !== undefined) {
    return {
      each: without({
        list: contractOf(each, { ...flags, class: undefined }),
        ...run,
        execute: execute === undefined ? undefined : without({ executor: execute, kind, ...queue }),
        inFlight: inFlight === undefined ? undefined : parseCount(inFlight, 'each.inFlight'),
        perSecond: perSecond === undefined ? undefined : Number(perSecond),
      }),
    };
  }
  if (execute === undefined) return { task: run.run };
  const named = resource.map((text) => parseResource(text));
  const resources = named.length === 0 ? {} : named.length === 1 ? { resource: named[0]! } : { resources: named };
  return { execute: { executor: execute, ...resources, ...queue } };
}

type TaskFlags = { readonly [K in 'pool' | 'class' | 'timeLimit' | 'attempts']?: string | undefined };

function contractOf(name: string, { pool, class: cls, timeLimit, attempts }: TaskFlags): TaskContract {
  return defineTask({
    name,
    // how running twice is made safe is known where the handler is
    idempotent: 'yes',
    class: cls === undefined ? 'background' : parseClass(cls),
    ...(pool === undefined ? {} : { pool }),
    ...(timeLimit === undefined ? {} : { timeLimit: timeLimit as Duration }),
    ...(attempts === undefined ? {} : { retry: { attempts: parseCount(attempts, 'attempts') } }),
  });
}

/** What is undefined is not there. */
function without(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function wrong(field: string, rule: string): TroupeError {
  return new TroupeError('invalid_options', `${field}: ${rule}`, { field });
}
