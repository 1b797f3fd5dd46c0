/** Builders of the plan language. They only make data; what is wrong with it is found when the plan is compiled. */
import type { OutputOf, SentInputOf, TaskContract } from '@troupe/task';
import type { TransitionName } from '@troupe/resource';
import type { WithRefs } from './ref.ts';
import type {
  AttemptNode,
  CatchClause,
  ChainNode,
  ChildNode,
  ChildOptions,
  ExecutorTarget,
  ExpandNode,
  ExpandOptions,
  FailNode,
  GiveBackNode,
  GroupNode,
  GroupOptions,
  Need,
  PlanNode,
  PollNode,
  PollOptions,
  StepNode,
  StepOptions,
  Target,
  ThrottledNode,
  ThrottleOptions,
  TransitionNode,
  TransitionSet,
  UndoableNode,
  WaitNode,
  WaitOptions,
} from './nodes.ts';

/**
 * One task, retried by its contract's policy. The input may hold references to outputs of earlier steps.
 *
 *     step('create', createVolume, { size: 10 }, { transition: 'beginCreating' })
 */
export function step<C extends TaskContract>(
  id: string,
  task: C,
  input: WithRefs<SentInputOf<C>>,
  options?: StepOptions,
): StepNode<OutputOf<C>>;
export function step(id: string, task: string, input?: unknown, options?: StepOptions): StepNode;
export function step(id: string, task: TaskContract | string, input?: unknown, options: StepOptions = {}): StepNode {
  return { ...options, type: 'step', id, task, input };
}

/** Looks again and again until a state comes: each look is a task, between looks nothing is held. */
export function poll<C extends TaskContract>(
  id: string,
  task: C,
  options: Omit<PollOptions, 'input'> & { readonly input?: WithRefs<SentInputOf<C>> },
): PollNode<OutputOf<C>>;
export function poll(id: string, task: string, options: PollOptions): PollNode;
export function poll(id: string, task: TaskContract | string, options: PollOptions): PollNode {
  return { ...options, type: 'poll', id, task };
}

/** One after the other; the first failure ends it. An empty chain succeeds. */
export function chain(...nodes: readonly PlanNode[]): ChainNode {
  return { type: 'chain', nodes };
}

/** Side by side, joined once. An empty group succeeds. */
export function group(options: GroupOptions, ...nodes: readonly PlanNode[]): GroupNode {
  return { ...options, type: 'group', nodes };
}

/** A pause, until another resource has reached a state, or until somebody sends a signal. */
export function wait(id: string, options: WaitOptions): WaitNode {
  return { type: 'wait', id, wait: options };
}

/** Runs its nodes, in order, while a lease of the scope is held; waits for it before, gives it back after, whatever happens. */
export function throttled(options: ThrottleOptions, ...nodes: readonly PlanNode[]): ThrottledNode {
  return { ...options, type: 'throttled', nodes };
}

/** Returns a part of the lease of the nearest `throttled` around it. */
export function giveBack(need: Need): GiveBackNode {
  return { type: 'giveBack', need };
}

/** Moves a resource of the operation through its life-cycle, by the name of a transition or between states. */
export function transition(
  on: Target | undefined,
  to: TransitionName | { readonly from: readonly string[]; readonly to: string },
  set?: TransitionSet,
): TransitionNode {
  return { type: 'transition', to, ...(on === undefined ? {} : { on }), ...(set === undefined ? {} : { set }) };
}

/** Another executor as an operation of its own: planned when it starts, its end joined. */
export function child(id: string, executor: ExecutorTarget, options: ChildOptions = {}): ChildNode {
  return { ...options, type: 'child', id, executor };
}

/**
 * Runs `body`; if it fails, the first clause of `catch` that names the error's code; then `finally`, in any case. A
 * handled failure is a success. Handlers that have begun are let through to their end, also by a cancel.
 */
export function attempt(options: {
  readonly body: PlanNode;
  readonly catch?: readonly CatchClause[];
  readonly finally?: PlanNode;
}): AttemptNode {
  return { ...options, type: 'attempt' };
}

/**
 * A part of the plan that a planner makes when it is reached, from the resources and outputs of that moment. What it answers is
 * stored; ids in it are its own (`<id>/<step>`), and only what it puts out can be referred to from outside.
 */
export function expand(id: string, planner: string | { readonly name: string }, options: ExpandOptions = {}): ExpandNode {
  return { ...options, type: 'expand', id, planner };
}

/**
 * Runs `body`. If the operation does not end well, `undo` takes it back: after the rest of the plan has ended, the last that
 * succeeded first, outside of leases. A cancel compensates too unless it says otherwise. What cannot be taken back is listed.
 */
export function undoable(body: PlanNode, undo: PlanNode): UndoableNode {
  return { type: 'undoable', body, undo };
}

/** Fails: for branches that have found out that this cannot end well. */
export function fail(code: string, message: string, data?: unknown): FailNode {
  return { type: 'fail', code, message, ...(data === undefined ? {} : { data }) };
}

/** Does nothing and succeeds. */
export function nothing(): ChainNode {
  return chain();
}
