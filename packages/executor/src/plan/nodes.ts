/** The plan language: plain data. The builders in `build.ts` make it, `compile.ts` checks it and makes it what is stored. */
import type { Duration, QueueClass, ResourceRef } from '@troupe/protocol';
import type { TaskContract, TaskOptions } from '@troupe/task';
import type { Need } from '@troupe/throttle';
import type { TransitionName } from '@troupe/resource';
import type { Puts } from './ref.ts';

/** A resource that the operation owns: by reference, by kind if it owns one of that kind only, or absent for its first. */
export type Target = ResourceRef | string;

/** A contract of a task, or the name under which the supervisor knows it. */
export type TaskTarget = string | Pick<TaskContract, 'name'>;

/** An executor, or its name. */
export type ExecutorTarget = string | { readonly name: string };

/** Runtime states that the supervisor writes: `during` with the start, after the guard; the others with the end of the step. */
export interface RuntimeStates {
  readonly during?: string;
  readonly success?: string;
  readonly failure?: string;
}

export interface StepOptions {
  /** Written before the task is sent, guard first. Another step may name the same one: the second changes nothing. */
  readonly transition?: TransitionName;
  readonly runtimeState?: RuntimeStates;
  /** The resource of the step. Default: the first one of the operation. */
  readonly on?: Target;
  /** A step may raise its class, never lower it. */
  readonly class?: 'heavy';
  /** Start delay. Survives restarts. */
  readonly after?: Duration;
  /** Instead of the policy of the contract. */
  readonly retry?: NonNullable<TaskOptions['retry']>;
  /** All attempts together, from the start. Default: what the attempts may take, plus an allowance for the queue. */
  readonly deadline?: Duration;
  /** Name of the output. Default: the id of the step. */
  readonly output?: string;
}

export interface StepNode<Output = unknown> extends StepOptions, Puts<Output> {
  readonly type: 'step';
  readonly id: string;
  readonly task: TaskTarget;
  readonly input?: unknown;
}

/** What was done, and what takes it back if the operation ends otherwise than well. */
export interface UndoableNode {
  readonly type: 'undoable';
  readonly body: PlanNode;
  readonly undo: PlanNode;
}

/** What a look may find. A look tells by its patch's `runtimeState`, by `output.runtimeState`, or by `output.done`. */
export type PollGoal = { readonly runtimeState: readonly string[] } | { readonly done: true };

export interface PollOptions {
  /** Input of every look. */
  readonly input?: unknown;
  /** Success: a set of runtime states, or the predicate `{done: true}` on the output of the look. */
  readonly until: PollGoal;
  /** Failure with `poll_failed`. With the predicate form, `output.failed: true` fails as well. */
  readonly fail?: { readonly runtimeState: readonly string[] };
  /** What it means when the object is gone: a look says so by error code `missing_on_backend`, or by one of these states. Default: failure. */
  readonly gone?: { readonly runtimeState?: readonly string[]; readonly means: 'success' | 'failure' };
  /** Default `5s`. */
  readonly every?: Duration;
  /** Intervals of the first looks, before `every` holds. */
  readonly backoff?: readonly Duration[];
  /** Share of an interval by which it may grow at random. Default 0. */
  readonly jitter?: number;
  /** Before the first look. Default: none. */
  readonly after?: Duration;
  /** All looks together. Default 100 min, of a predicate 50 min. */
  readonly for?: Duration;
  /** Failed looks in a row that are tolerated. Default 5. */
  readonly tolerate?: number;
  /** What to do about a runtime state that the resource kind does not declare. Default: go on. */
  readonly unknown?: 'continue' | { readonly failAfter: number };
  readonly transition?: TransitionName;
  readonly runtimeState?: RuntimeStates;
  readonly on?: Target;
  readonly class?: 'heavy';
  readonly output?: string;
}

export interface PollNode<Output = unknown> extends PollOptions, Puts<Output> {
  readonly type: 'poll';
  readonly id: string;
  readonly task: TaskTarget;
}

export interface ChainNode {
  readonly type: 'chain';
  readonly nodes: readonly PlanNode[];
}

export interface GroupOptions {
  /**
   * `failFast` stops the others at the first failure; `waitAll` lets them end and then fails with the first error; `quorum`
   * succeeds as soon as so many have succeeded and fails as soon as they cannot any more, and stops the others either way.
   * `collect` lets all end, never fails, and puts out what went wrong as a list of `{member, step, error}`; it needs an `id`.
   * Default `failFast`.
   */
  readonly policy?: 'failFast' | 'waitAll' | 'collect' | { readonly quorum: number };
  /** Of a group that collects. */
  readonly id?: string;
  /** Name of the output of a group that collects. Default: its id. */
  readonly output?: string;
  /** Members under way at once, 1 to 500. Default 100. */
  readonly window?: number;
}

export interface GroupNode extends GroupOptions {
  readonly type: 'group';
  readonly nodes: readonly PlanNode[];
}

export type WaitOptions =
  | { readonly for: Duration }
  /** Until somebody sends the operation a signal of this name; its data is the output. One that came earlier counts. */
  | { readonly signal: string; readonly deadline: Duration; readonly output?: string }
  | {
      readonly resource: ResourceRef;
      /** Life-cycle states. Default: OK alone. */
      readonly until?: readonly string[];
      /** States that fail the wait. Default: none. */
      readonly fail?: readonly string[];
      readonly deadline: Duration;
      /** Longest pause between two looks, for what nobody announces. Default `30s`. */
      readonly every?: Duration;
    };

export interface WaitNode {
  readonly type: 'wait';
  readonly id: string;
  readonly wait: WaitOptions;
}

export interface ThrottleOptions {
  /** A name for people; the lease is named after the node. */
  readonly id?: string;
  readonly scope: string;
  /** Tokens that are held while the nodes run. May be left out where something is spent. */
  readonly need?: Need;
  /** What is spent of rates when it starts, together with the need or not at all. Not within a `throttled` of the same root. */
  readonly spend?: Need;
  /** Higher goes first, up to the aging bound of the throttle. Default 0. */
  readonly priority?: number;
  /** Whom it counts for where shares get equal turns, such as a tenant. Default: nobody. */
  readonly share?: string;
  /** Tells the scope how the backend does in the steps inside, for limits that adapt themselves. Default false. */
  readonly observe?: boolean;
  /** Longest wait for the grant. Default: none, waiting costs nothing. */
  readonly deadline?: Duration;
}

export interface ThrottledNode extends ThrottleOptions {
  readonly type: 'throttled';
  readonly nodes: readonly PlanNode[];
}

export interface GiveBackNode {
  readonly type: 'giveBack';
  readonly need: Need;
}

/** Fields that a transition writes with the state; any part may be a reference. */
export interface TransitionSet {
  readonly runtimeState?: unknown;
  readonly backendId?: unknown;
  readonly data?: Readonly<Record<string, unknown>>;
}

export interface TransitionNode {
  readonly type: 'transition';
  readonly on?: Target;
  readonly to: TransitionName | { readonly from: readonly string[]; readonly to: string };
  readonly set?: TransitionSet;
}

export interface ChildOptions {
  readonly resource?: ResourceRef;
  readonly resources?: readonly ResourceRef[];
  readonly input?: unknown;
  readonly options?: { readonly force?: boolean; readonly class?: QueueClass };
  /** When another operation owns the resource: wait for it (default) or fail with `conflict`. */
  readonly onConflict?: 'wait' | 'reject';
  /** Default 24 h. */
  readonly deadline?: Duration;
  readonly output?: string;
}

export interface ChildNode extends ChildOptions {
  readonly type: 'child';
  readonly id: string;
  readonly executor: ExecutorTarget;
}

/** Ends its branch as failed. */
export interface FailNode {
  readonly type: 'fail';
  /** What `catch` clauses match. */
  readonly code: string;
  readonly message: string;
  /** May hold references. */
  readonly data?: unknown;
}

export interface ExpandOptions {
  /** For the planner; may hold references. */
  readonly input?: unknown;
  /** Name of the output. Default: the id of the node. */
  readonly output?: string;
}

export interface ExpandNode extends ExpandOptions {
  readonly type: 'expand';
  readonly id: string;
  /** A planner, or its name. */
  readonly planner: string | { readonly name: string };
}

export interface CatchClause {
  /** Error codes, or `any`, which matches everything but a cancel. What is unknown takes no branch that names codes. */
  readonly code: string | readonly string[];
  readonly do: PlanNode;
}

export interface AttemptNode {
  readonly type: 'attempt';
  readonly body: PlanNode;
  readonly catch?: readonly CatchClause[];
  readonly finally?: PlanNode;
}

/** Anything a plan is made of. */
export type PlanNode =
  | StepNode
  | PollNode
  | ChainNode
  | GroupNode
  | WaitNode
  | ThrottledNode
  | GiveBackNode
  | TransitionNode
  | ChildNode
  | UndoableNode
  | ExpandNode
  | FailNode
  | AttemptNode;

export type { Need };
