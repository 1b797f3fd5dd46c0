/**
 * Pulls: what a backend says about a resource that rests. A pull takes nothing out of anybody's hands. It looks, and what it has
 * found is one write, applied only if no operation owns the resource and nobody has written it since the pull read it.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { ResourceRecord } from '@troupe/actor';
import { type Duration, type JsonObject, type QueueClass, TroupeError } from '@troupe/protocol';
import { isResting, type ResourceKind } from '@troupe/resource';
import { createExecutor, type ExecutorDefinition, type PlanContext } from './executor.ts';
import { chain } from './plan/build.ts';
import type { PlanNode, StepNode } from './plan/nodes.ts';

type Output<S extends StandardSchemaV1 | undefined> = S extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<S> : undefined;

/** What the end of a look means, by the code of its error. */
export interface PullRules {
  /**
   * Codes by which the backend says that the object is broken: the resource becomes ERRED with that error, once. Any other failure
   * is a failed run that leaves the row as it is. `any`: every failure of the look is such a word. `missing_on_backend` never is:
   * it says that the object is gone.
   */
  readonly broken: readonly string[] | 'any';
}

export interface PullOptions<Data extends JsonObject, Schema extends StandardSchemaV1 | undefined> extends PullRules {
  /** One name for ever: commands carry it. */
  readonly name: string;
  readonly version?: string;
  readonly resource: ResourceKind<Data>;
  readonly input?: Schema;
  /** Default `background`. */
  readonly class?: QueueClass;
  readonly deadline?: Duration;
  /**
   * The step that finds out whether the object is there, and how it is. Its handler returns a patch, throws `Fatal` with the code
   * `missing_on_backend` for an object that is known to be missing, or one of `broken`. Only this step decides.
   */
  look(context: PlanContext<Data, Output<Schema>>): StepNode;
  /** What else is looked at once the object is there; patches of its steps join the finding. If it fails, nothing is written. */
  and?(context: PlanContext<Data, Output<Schema>>): PlanNode;
}

/** What a pull puts out as its operation's `output`. */
export interface PullOutput {
  /** `nothing`: it did not look, for its gate is closed, or its step was passed over or declined. */
  readonly found: 'fine' | 'gone' | 'broken' | 'nothing';
  /** What the resource became by it. */
  readonly became?: 'OK' | 'ERRED';
  readonly error?: { readonly code: string; readonly message: string };
}

/** Whether a pull may look at it: it rests in nobody's hands, and was made on the backend. For whoever selects what is to be pulled. */
export function isPullable(record: Pick<ResourceRecord, 'state' | 'backendId' | 'currentOperation'>): boolean {
  return isResting(record.state) && record.currentOperation === null && record.backendId !== '';
}

/**
 * Defines a pull, started by a command like any other executor. It ends `succeeded` with a {@link PullOutput}, `failed` if it could
 * not look, and `superseded` if an operation has begun meanwhile or somebody else has written the resource: then nothing is changed.
 * A resource that is not {@link isPullable} is refused with `conflict` or `forbidden_state`. Throws `invalid_options` naming the field.
 *
 *     const pullVolume = createPull({
 *       name: 'volume.pull', resource: Volume, broken: ['server_error'],
 *       look: ({ resource }) => step('look', tasks.lookAtVolume, { backendId: resource.backendId }),
 *     });
 */
export function createPull<Data extends JsonObject, Schema extends StandardSchemaV1 | undefined = undefined>(
  options: PullOptions<Data, Schema>,
): ExecutorDefinition {
  const { look, and, broken, class: cls = 'background', ...rest } = options;
  const wrong = (field: string, why: string): TroupeError =>
    new TroupeError('invalid_options', `pull ${JSON.stringify(options.name)}: ${field} ${why}`, { field });
  if (broken !== 'any' && !(Array.isArray(broken) && broken.every((code) => typeof code === 'string')))
    throw wrong('broken', "must be a list of error codes, or 'any'");
  if (broken !== 'any' && broken.includes('missing_on_backend')) throw wrong('broken', 'cannot hold missing_on_backend, which means gone');
  if (typeof look !== 'function') throw wrong('look', 'must be a function');
  if (and !== undefined && typeof and !== 'function') throw wrong('and', 'must be a function');
  return createExecutor<Data, Schema>({
    ...rest,
    family: 'free',
    class: cls,
    pull: { broken },
    plan: (context) => chain(look(context), ...(and === undefined ? [] : [and(context)])),
  });
}
