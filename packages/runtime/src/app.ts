/** An actor app: what somebody defines, and the roles run. */
import type { ResourceStore } from '@troupe/actor';
import { type ExecutorDefinition, type Planner, plannersByName } from '@troupe/executor';
import { isTroupeError, TroupeError } from '@troupe/protocol';
import type { HighWaterOptions } from '@troupe/jetstream';
import type { ResourceKind } from '@troupe/resource';
import { checkKnown } from '@troupe/schedule';
import type { Handler, SlotOptions, TaskContract } from '@troupe/task';
import type { LimitOptions } from '@troupe/throttle';
import { type AppSchedule, knownOf, schedulesByKey } from './schedules.ts';

export interface App {
  /** Shown to people. */
  readonly name: string;
  readonly executors: readonly ExecutorDefinition[];
  /** Contracts of all tasks that plans name: outputs are checked by them, pools come from them. */
  readonly tasks: readonly TaskContract[];
  /** What plans name in `expand`. */
  readonly planners?: readonly Planner[];
  /** Kinds besides those of the executors. */
  readonly kinds?: readonly ResourceKind[];
  /** Loaded by workers only, so that the SDKs of backends stay there. */
  readonly handlers: () => Promise<readonly Handler[]> | readonly Handler[];
  readonly limits?: LimitOptions;
  readonly slots?: SlotOptions;
  /**
   * Whether a feature is on, by the name that contracts give as their `gate`. Asked by supervisors before a task is sent, and by
   * workers when it comes; a step behind a closed gate is passed over. Must answer at once. Default: all are open.
   */
  readonly isOpen?: (gate: string) => boolean;
  /** When the front door takes no more commands. Defaults: see {@link HighWaterOptions}. */
  readonly highWater?: HighWaterOptions;
  /**
   * What runs periodically, told to its entities whenever a scheduler starts. The same again changes nothing; what people have
   * changed since holds until the code changes; what is not named any more is deleted.
   */
  readonly schedules?: readonly AppSchedule[];
  /**
   * Where resources lie, for instance in PostgreSQL. Called by supervisors only; disposed of when they stop, if it can be.
   * Default: a KV bucket of JetStream.
   */
  readonly resourceStore?: () => Promise<AppResourceStore> | AppResourceStore;
}

export type AppResourceStore = ResourceStore & Partial<AsyncDisposable>;

const KNOWN = new Set([
  'name',
  'executors',
  'tasks',
  'planners',
  'kinds',
  'handlers',
  'limits',
  'slots',
  'isOpen',
  'highWater',
  'schedules',
  'resourceStore',
]);

/** Checks an app when it is defined: duplicate names and unknown options are a refusal to start. */
export function defineApp(app: App): App {
  for (const field of Object.keys(app)) {
    if (!KNOWN.has(field)) throw new TroupeError('invalid_options', `app: ${field} is not an option`, { field });
  }
  if (typeof app.name !== 'string' || app.name === '')
    throw new TroupeError('invalid_options', 'app: name must be text', { field: 'name' });
  if (typeof app.handlers !== 'function')
    throw new TroupeError('invalid_options', 'app: handlers must be a function', { field: 'handlers' });
  if (app.isOpen !== undefined && typeof app.isOpen !== 'function')
    throw new TroupeError('invalid_options', 'app: isOpen must be a function', { field: 'isOpen' });
  const known = knownOf(app);
  plannersByName(app.planners ?? []);
  const names = new Set<string>();
  for (const { name } of app.tasks) {
    if (names.has(name)) throw new TroupeError('duplicate_name', `two tasks are called ${name}`, { field: name });
    names.add(name);
  }
  for (const [key, definition] of schedulesByKey(app.schedules ?? [])) {
    try {
      checkKnown(definition, known);
    } catch (error) {
      if (!isTroupeError(error)) throw error;
      throw new TroupeError(error.code, `schedule ${key}: ${error.message}`, { field: `schedules.${key}.${error.field}`, cause: error });
    }
  }
  return Object.freeze({ ...app });
}

export function poolsOf(app: App): string[] {
  return [...new Set(app.tasks.map((task) => task.pool))].sort();
}
