/** What a fan-out is: a task that lists objects page by page, and one that runs for each of them. Plain data, as all definitions. */
import { type CommandOptions, type Duration, durationMs, type QueueClass, queueClasses } from '@troupe/protocol';
import type { RetryPolicy, TaskContract } from '@troupe/task';
import { checkCommandOptions, isCount, refuse } from '../refuse.ts';

/** What a record must know of a task to send it. */
export interface TaskPart {
  readonly name: string;
  readonly class: QueueClass;
  readonly pool: string;
  readonly timeLimitMs: number;
  readonly retry: RetryPolicy;
}

interface EachPolicies {
  /** Objects whose runs live at one time, those of earlier nominal times included: 1 to 100. Default 20. */
  readonly inFlight?: number;
  /** Starts per second on the average, 0.01 to 1000; what was held up may catch up by the starts of one second. Default 50. */
  readonly perSecond?: number;
  /** The run of each object starts up to so much later, by chance; it counts as one that lives meanwhile. Default none. */
  readonly jitter?: Duration;
  /** How many objects the listing is asked for at a time: 1 to 500. Default 100. */
  readonly pageSize?: number;
  /** After its n-th failure in a row the next `min(n, penaltyCap)` nominal times pass an object over, 0 to 100. 0: never. Default 3. */
  readonly penaltyCap?: number;
  /** How many failures are kept by key and error, 0 to 20; all are counted. Default 10. */
  readonly keepFailures?: number;
}

export interface EachExecuteOptions extends CommandOptions {
  /** An executor of the app, or its name. */
  readonly executor: string | { readonly name: string };
  /** Each operation takes the resource of this kind whose id is the key of the object, unless the object names a resource itself. */
  readonly kind?: string;
}

export type EachOptions = EachPolicies & {
  /** Lists the objects; its handler gets a {@link ListingRequest} and returns a page, see `listedPage`. What is selected is its own matter. */
  readonly list: TaskContract;
} & (
    | {
        /** Runs once per object and nominal time; its input is that of the object. */ readonly run: TaskContract;
        readonly execute?: never;
      }
    | {
        /** One operation per object and nominal time; its input is that of the object. */
        readonly execute: EachExecuteOptions;
        readonly run?: never;
      }
  );

/** What is ordered for each object, but for the object. */
export interface EachExecute {
  readonly executor: string;
  readonly kind?: string;
  readonly options?: CommandOptions;
}

/** As it travels and is stored. */
export interface EachDefinition extends EachPolicies {
  readonly list: TaskPart;
  /** One of these two. */
  readonly run?: TaskPart;
  readonly execute?: EachExecute;
}

export const eachDefaults = Object.freeze({
  inFlight: 20,
  perSecond: 50,
  pageSize: 100,
  keepFailures: 10,
  penaltyCap: 3,
} satisfies EachPolicies);

export const MAX_IN_FLIGHT = 100;
export const MAX_PAGE = 500;
const MAX_KEPT = 20;
const MAX_PENALTY = 100;

export function taskPart({ name, class: cls, pool, timeLimitMs, retry }: TaskContract): TaskPart {
  return { name, class: cls, pool, timeLimitMs, retry };
}

export function defineEach({ list, run, execute, ...policies }: EachOptions): EachDefinition {
  return {
    ...policies,
    list: taskPart(list),
    ...(run === undefined ? {} : { run: taskPart(run) }),
    ...(execute === undefined ? {} : { execute: executePart(execute) }),
  };
}

function executePart({ executor, kind, ...options }: EachExecuteOptions): EachExecute {
  return {
    executor: typeof executor === 'string' ? executor : executor?.name,
    ...(kind === undefined ? {} : { kind }),
    ...(Object.keys(options).length === 0 ? {} : { options }),
  };
}

/** Throws `invalid_options`; `field` says where. */
export function checkTask(task: TaskPart | undefined, field: string): void {
  if (typeof task?.name !== 'string' || task.name === '') refuse(field, 'must name a task');
  if (!queueClasses.includes(task.class)) refuse(`${field}.class`, `must be one of ${queueClasses.join(', ')}`);
  if (typeof task.pool !== 'string' || task.pool === '') refuse(`${field}.pool`, 'must be text');
  if (!isCount(task.timeLimitMs, 1)) refuse(`${field}.timeLimitMs`, 'must be a whole number of at least 1');
  if (!isCount(task.retry?.attempts, 1) || !Array.isArray(task.retry.delaysMs)) refuse(`${field}.retry`, 'must be a policy');
}

const KNOWN = new Set(['list', 'run', 'execute', 'inFlight', 'perSecond', 'jitter', 'pageSize', 'keepFailures', 'penaltyCap', 'input']);

/** Throws `invalid_options`; `field` says where. */
export function checkEach(each: EachDefinition): void {
  if (typeof each !== 'object' || each === null) refuse('each', 'must be an object');
  for (const field of Object.keys(each)) if (!KNOWN.has(field)) refuse(`each.${field}`, 'is not an option');
  checkTask(each.list, 'each.list');
  if (each.run !== undefined && each.execute !== undefined) refuse('each.execute', 'excludes run');
  if (each.execute === undefined) checkTask(each.run, 'each.run');
  else checkEachExecute(each.execute);
  const { inFlight, perSecond, jitter, pageSize, keepFailures, penaltyCap } = each;
  const between = (field: string, value: number | undefined, least: number, most: number): void => {
    if (value !== undefined && !(isCount(value, least) && value <= most)) refuse(`each.${field}`, `must be from ${least} to ${most}`);
  };
  between('inFlight', inFlight, 1, MAX_IN_FLIGHT);
  between('pageSize', pageSize, 1, MAX_PAGE);
  between('keepFailures', keepFailures, 0, MAX_KEPT);
  between('penaltyCap', penaltyCap, 0, MAX_PENALTY);
  if (perSecond !== undefined && !(typeof perSecond === 'number' && perSecond >= 0.01 && perSecond <= 1_000)) {
    refuse('each.perSecond', 'must be from 0.01 to 1000');
  }
  if (jitter !== undefined) durationMs(jitter, 'each.jitter');
}

function checkEachExecute(execute: EachExecute): void {
  if (typeof execute !== 'object' || execute === null) refuse('each.execute', 'must be an object');
  const { executor, kind, options = {} } = execute;
  if (typeof executor !== 'string' || executor === '') refuse('each.execute.executor', 'must name an executor');
  if (kind !== undefined && (typeof kind !== 'string' || kind === '')) refuse('each.execute.kind', 'must be text');
  checkCommandOptions(options, 'each.execute');
}
