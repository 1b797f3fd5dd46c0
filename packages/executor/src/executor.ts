/** Definitions of logical operations. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { ResourceRecord } from '@troupe/actor';
import {
  type Duration,
  durationMs,
  type Json,
  type JsonObject,
  isLonger,
  NAME_LIMIT_CHARS,
  type Outcome,
  type QueueClass,
  queueClasses,
  type ResourceRef,
  TroupeError,
  type WireError,
} from '@troupe/protocol';
import { ACTION_LIMIT_CHARS, type FamilyName, familyNames, type LifeCycleState, type ResourceKind } from '@troupe/resource';
import type { PlanNode } from './plan/nodes.ts';
import type { PullRules } from './pull.ts';

/** How an operation leaves one of its resources. Absent rules follow the family. */
export interface EndRules {
  /** Success. Default: what the family says (OK, removed). `keep` leaves the state to the plan. */
  readonly succeeded?: 'ok' | 'keep' | 'remove';
  /** Failure, and nothing of the operation has touched it. Default: `remove` where it was to be created, else `erred`. */
  readonly neverStarted?: 'remove' | 'restore' | 'erred';
  /** Failure, and it has no backend id: looked at before `failed`. Default: no difference. */
  readonly notCreated?: 'remove';
  /** Any other failure, unless the resource is OK already, which stays untouched. Default `erred`. */
  readonly failed?: 'erred' | 'ok';
}

/** A further resource that an operation takes. */
export interface OwnedSpec {
  readonly ref: ResourceRef;
  /** The family by whose rules it is taken and ended. Default: the executor's. */
  readonly family?: FamilyName;
  readonly ends?: EndRules;
  /** What it means that there is no such resource: `reject` (default), or `skip`: it is passed over, and plans do not see it. */
  readonly missing?: 'reject' | 'skip';
}

export type Snapshot<Data extends JsonObject = JsonObject> = Omit<ResourceRecord, 'data'> & { readonly data: Data };

export interface PlanContext<Data extends JsonObject, Input> {
  /** The first resource, read with the act that took it. */
  readonly resource: Snapshot<Data>;
  readonly resources: readonly Snapshot[];
  readonly input: Input;
  readonly options: { readonly force: boolean };
  readonly operation: string;
}

type Output<S extends StandardSchemaV1 | undefined> = S extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<S> : undefined;

export interface ExecutorOptions<Data extends JsonObject, Schema extends StandardSchemaV1 | undefined> {
  /** One name for ever: commands carry it. */
  readonly name: string;
  readonly version?: string;
  readonly family: FamilyName;
  /** Kind of the first resource. Only a free-form executor may do without. */
  readonly resource?: ResourceKind<Data>;
  /** Standard Schema of the input. Absent = no input. */
  readonly input?: Schema;
  /** Class of every task message that its operations cause. Default `regular`. */
  readonly class?: QueueClass;
  /** Guards at accept, besides the states of the family. */
  readonly guard?: {
    readonly states?: readonly LifeCycleState[];
    /** A forced Delete skips this one. */
    readonly runtimeStates?: readonly string[];
    /** Throws, or returns an error (or its text), to refuse with `forbidden_state`. */
    check?(context: { readonly resource: Snapshot<Data>; readonly input: Output<Schema> }): WireError | string | undefined | void;
  };
  /** Further resources, all taken at accept or none. Called again after the take: it must answer the same then. */
  resources?(context: { readonly resource: Snapshot<Data>; readonly input: Output<Schema> }): readonly (ResourceRef | OwnedSpec)[];
  /** Privileged: takes its first resource in any state and from whoever has it, who is killed. Default false. */
  readonly seize?: boolean;
  /** It only looks at its first resource, which it never takes; see `createPull`, which sets this. */
  readonly pull?: PullRules;
  plan(context: PlanContext<Data, Output<Schema>>): PlanNode;
  /** Ends of the first resource, where they differ from the family's. */
  readonly ends?: EndRules;
  /** Delete of a resource without backend id: `skip` (default) removes it without a plan, `plan` asks the planner. */
  readonly neverCreated?: 'skip' | 'plan';
  /** Shown on the resource while an Action runs. */
  readonly action?: string;
  actionDetails?(context: { readonly resource: Snapshot<Data> | undefined; readonly input: Output<Schema> }): JsonObject;
  /** All of it together, waits for leases apart. Default: the sum of its parts. */
  readonly deadline?: Duration;
  /** What a successful operation puts out; may hold references to outputs. */
  readonly output?: unknown;
  /**
   * What is to follow once it has ended and its resources rest: another operation, on its own. Its failure is not this one's.
   * Asked once for each end; a command that was rejected has none. What it throws is logged.
   */
  after?(context: AfterContext<Output<Schema>>): Following | undefined;
}

export interface AfterContext<Input> {
  readonly operation: string;
  readonly outcome: Exclude<Outcome, 'rejected'>;
  readonly input: Input;
  /** As the operation has left them, in the order in which it owned them. */
  readonly resources: readonly (ResourceRef & { readonly state: string; readonly backendId: string })[];
  readonly output?: Json;
  readonly error?: WireError;
}

/** An operation that follows: the same class and context, an id of its own. */
export interface Following {
  readonly executor: string | { readonly name: string };
  readonly resource?: ResourceRef;
  readonly resources?: readonly ResourceRef[];
  readonly input?: Json;
  readonly options?: { readonly force?: boolean; readonly onConflict?: 'reject' | 'queue' };
}

/** A definition as supervisors and front doors use it: the types of its data are forgotten, its schema remembers them. */
export interface ExecutorDefinition {
  readonly name: string;
  readonly version: string | undefined;
  readonly family: FamilyName;
  readonly kind: ResourceKind | undefined;
  readonly input: StandardSchemaV1 | undefined;
  readonly class: QueueClass;
  readonly deadlineMs: number | undefined;
  readonly options: ExecutorOptions<JsonObject, StandardSchemaV1>;
}

/**
 * Defines an executor. Throws `invalid_options` naming the field.
 *
 *     const createVolume = createExecutor({ name: 'volume.create', family: 'create', resource: Volume, input: z.object({ size: z.number() }), plan: … })
 */
export function createExecutor<Data extends JsonObject, Schema extends StandardSchemaV1 | undefined = undefined>(
  options: ExecutorOptions<Data, Schema>,
): ExecutorDefinition {
  const wrong = (field: string, why: string): TroupeError =>
    new TroupeError('invalid_options', `executor ${JSON.stringify(options.name)}: ${field} ${why}`, { field });
  if (typeof options.name !== 'string' || options.name === '' || isLonger(options.name, NAME_LIMIT_CHARS))
    throw wrong('name', `must be text of 1 to ${NAME_LIMIT_CHARS} characters`);
  for (const key of Object.keys(options)) if (!OPTION_NAMES.includes(key)) throw wrong(key, 'is no option');
  if (!familyNames.includes(options.family)) throw wrong('family', `must be one of ${familyNames.join(', ')}`);
  if (options.resource === undefined && options.family !== 'free') throw wrong('resource', `is needed by the family ${options.family}`);
  if (options.class !== undefined && !queueClasses.includes(options.class))
    throw wrong('class', `must be one of ${queueClasses.join(', ')}`);
  if (typeof options.plan !== 'function') throw wrong('plan', 'must be a function');
  if (options.seize === true && options.resource === undefined) throw wrong('seize', 'needs a resource');
  if (options.after !== undefined && typeof options.after !== 'function') throw wrong('after', 'must be a function');
  if (options.input !== undefined && typeof options.input?.['~standard']?.validate !== 'function')
    throw wrong('input', 'must be a Standard Schema');
  if (options.action !== undefined && (options.family !== 'action' || isLonger(options.action, ACTION_LIMIT_CHARS))) {
    throw wrong('action', `belongs to the family action and has at most ${ACTION_LIMIT_CHARS} characters`);
  }
  if (options.guard?.runtimeStates !== undefined) options.resource?.checkRuntimeStates(options.guard.runtimeStates, 'guard.runtimeStates');
  return Object.freeze({
    name: options.name,
    version: options.version,
    family: options.family,
    kind: options.resource as ResourceKind | undefined,
    input: options.input,
    class: options.class ?? 'regular',
    deadlineMs: options.deadline === undefined ? undefined : durationMs(options.deadline, 'deadline'),
    options: options as unknown as ExecutorOptions<JsonObject, StandardSchemaV1>,
  });
}

const OPTION_NAMES = [
  'name',
  'version',
  'family',
  'resource',
  'input',
  'class',
  'guard',
  'resources',
  'seize',
  'pull',
  'plan',
  'ends',
  'neverCreated',
  'action',
  'actionDetails',
  'deadline',
  'output',
  'after',
];

/** Executors by name; two of one name are refused (S11). */
export function executorsByName(list: Iterable<ExecutorDefinition>): ReadonlyMap<string, ExecutorDefinition> {
  const out = new Map<string, ExecutorDefinition>();
  for (const one of list) {
    if (out.has(one.name) && out.get(one.name) !== one) {
      throw new TroupeError('duplicate_name', `two executors are called ${JSON.stringify(one.name)}`, { field: one.name });
    }
    out.set(one.name, one);
  }
  return out;
}
