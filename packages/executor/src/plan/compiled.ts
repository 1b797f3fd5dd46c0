/**
 * The plan as it is stored: checked, sparse, with everything in it that a running operation needs. A supervisor that
 * does not know a task or an executor any more can still go on with it.
 */
import type { JsonObject, ResourceRef } from '@troupe/protocol';
import type { TransitionName } from '@troupe/resource';
import type { PlanTask } from './plan-task.ts';
import type { Need, RuntimeStates } from './nodes.ts';
import type { StoredInput } from './ref.ts';

/** What `step` and `poll` have in common: both send task messages about one resource. */
interface Working {
  readonly id: string;
  readonly task: string;
  readonly input?: StoredInput;
  /** Index among the resources of the operation. */
  readonly on?: number;
  readonly transition?: TransitionName;
  readonly runtime?: RuntimeStates;
  readonly heavy?: true;
  readonly afterMs?: number;
  readonly output?: string;
}

export interface CompiledStep extends Working {
  readonly type: 'step';
  readonly deadlineMs?: number;
}

export interface CompiledPoll extends Working {
  readonly type: 'poll';
  /** Absent: the predicate form, `output.done`. */
  readonly until?: readonly string[];
  readonly fail?: readonly string[];
  readonly gone?: readonly string[];
  readonly goneIsSuccess?: true;
  readonly everyMs: number;
  readonly backoffMs?: readonly number[];
  readonly jitter?: number;
  readonly forMs: number;
  readonly tolerate: number;
  /** Declared runtime states, kept only if unknown ones are to be counted. */
  readonly known?: readonly string[];
  readonly unknownAfter?: number;
}

export interface CompiledChain {
  readonly type: 'chain';
  readonly nodes: readonly CompiledNode[];
}

export interface CompiledGroup {
  readonly type: 'group';
  readonly nodes: readonly CompiledNode[];
  readonly waitAll?: true;
  /** Successes that are enough. */
  readonly quorum?: number;
  /** Never fails; what went wrong is the output. */
  readonly collect?: true;
  readonly id?: string;
  readonly output?: string;
  readonly window: number;
}

export interface CompiledPause {
  readonly type: 'pause';
  readonly id: string;
  readonly forMs: number;
}

export interface CompiledWait {
  readonly type: 'wait';
  readonly id: string;
  readonly resource: ResourceRef;
  readonly until: readonly string[];
  readonly fail?: readonly string[];
  readonly deadlineMs: number;
  readonly everyMs: number;
}

export interface CompiledSignal {
  readonly type: 'signal';
  readonly id: string;
  readonly signal: string;
  readonly deadlineMs: number;
  readonly output?: string;
}

export interface CompiledFail {
  readonly type: 'fail';
  readonly code: string;
  readonly message: string;
  readonly data?: StoredInput;
}

export interface CompiledExpand {
  readonly type: 'expand';
  readonly id: string;
  readonly planner: string;
  readonly input?: StoredInput;
  readonly output?: string;
  /** Bytes of the root that its nodes may take while they are under way. */
  readonly roomBytes: number;
  /** Empty until it is reached; then the root of what the planner made, which is stored apart from the plan. */
  readonly nodes: readonly CompiledNode[];
}

/** Body, then what takes it back. */
export interface CompiledUndoable {
  readonly type: 'undoable';
  readonly nodes: readonly CompiledNode[];
}

export interface CompiledThrottled {
  readonly type: 'throttled';
  readonly id?: string;
  readonly scope: string;
  /** Empty where it only spends. */
  readonly need: Need;
  readonly spend?: Need;
  readonly priority?: number;
  readonly share?: string;
  readonly observe?: true;
  readonly deadlineMs?: number;
  readonly nodes: readonly CompiledNode[];
}

export interface CompiledGiveBack {
  readonly type: 'giveBack';
  readonly need: Need;
}

export interface CompiledTransition {
  readonly type: 'transition';
  readonly on?: number;
  readonly name?: TransitionName;
  readonly from?: readonly string[];
  readonly to?: string;
  readonly set?: StoredInput;
}

export interface CompiledChild {
  readonly type: 'child';
  readonly id: string;
  readonly executor: string;
  readonly resource?: ResourceRef;
  readonly resources?: readonly ResourceRef[];
  readonly input?: StoredInput;
  readonly options?: JsonObject;
  readonly reject?: true;
  readonly deadlineMs: number;
  readonly output?: string;
}

export interface CompiledAttempt {
  readonly type: 'attempt';
  /** Body, then the handlers in order, then (if `hasFinally`) the last. */
  readonly nodes: readonly CompiledNode[];
  /** Codes of each handler; null = any. */
  readonly codes: readonly (readonly string[] | null)[];
  readonly hasFinally?: true;
}

export type CompiledNode =
  | CompiledStep
  | CompiledPoll
  | CompiledChain
  | CompiledGroup
  | CompiledPause
  | CompiledWait
  | CompiledSignal
  | CompiledUndoable
  | CompiledExpand
  | CompiledFail
  | CompiledThrottled
  | CompiledGiveBack
  | CompiledTransition
  | CompiledChild
  | CompiledAttempt;

export interface CompiledPlan {
  readonly root: CompiledNode;
  readonly tasks: Readonly<Record<string, PlanTask>>;
  /** Nodes that count for progress: steps, polls, waits, children. */
  readonly steps: number;
  /** Longest time the plan may take by its own limits, waits for leases apart. */
  readonly durationMs: number;
  /** No deadline of a node is shorter: a watchdog armed to it is never too late and seldom fires. */
  readonly watchMs: number;
  /** What every step may wait for a worker on top of what its attempts may take. */
  readonly queueMs: number;
  /** Outputs that something refers to, so that an empty one is kept as well. */
  readonly named?: readonly string[];
  /** What the operation puts out when it succeeds. */
  readonly output?: StoredInput;
}

export const ROOT_PATH = '0';

export function nodesOf(node: CompiledNode): readonly CompiledNode[] {
  return 'nodes' in node ? node.nodes : [];
}

/** The node at a dotted path such as `0.2.1`. */
export function nodeAt(plan: CompiledPlan, path: string): CompiledNode | undefined {
  if (path === ROOT_PATH) return plan.root;
  const parts = path.split('.');
  if (parts[0] !== ROOT_PATH) return undefined;
  let node: CompiledNode | undefined = plan.root;
  for (let i = 1; i < parts.length && node !== undefined; i++) node = nodesOf(node)[Number(parts[i])];
  return node;
}

export function parentOf(path: string): { path: string; index: number } | undefined {
  const dot = path.lastIndexOf('.');
  return dot < 0 ? undefined : { path: path.slice(0, dot), index: Number(path.slice(dot + 1)) };
}

/** Paths of the nodes around one, nearest first. */
export function* ancestorsOf(path: string): Generator<string> {
  for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1)) yield path.slice(0, dot);
}

export function isWithin(path: string, ancestor: string): boolean {
  return path === ancestor || (path.startsWith(ancestor) && path[ancestor.length] === '.');
}

/** The first id in a node: what people know it by. */
export function nameIn(node: CompiledNode): string | undefined {
  if ('id' in node && node.id !== undefined && node.type !== 'throttled') return node.id;
  for (const inner of nodesOf(node)) {
    const found = nameIn(inner);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Ids of steps and polls to their paths. */
export function indexSteps(plan: CompiledPlan): Map<string, string> {
  const out = new Map<string, string>();
  indexNodes(plan.root, ROOT_PATH, out);
  return out;
}

/** The same for a part of a plan. */
export function indexNodes(node: CompiledNode, path: string, out: Map<string, string>): void {
  if (node.type === 'step' || node.type === 'poll') out.set(node.id, path);
  for (const [i, inner] of nodesOf(node).entries()) indexNodes(inner, `${path}.${i}`, out);
}
