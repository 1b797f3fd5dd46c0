/**
 * One `receive` at work: what the nodes of a plan may do. They only change the state, add effects and leave jobs; the
 * jobs are worked off by `engine.ts`, so that a chain of ten thousand empty nodes does not end the stack.
 */
import { type Address, type WireError } from '@troupe/protocol';
import type { Effect, TurnContext } from '@troupe/actor';
import type { ResourceKind } from '@troupe/resource';
import type { ExecutorDefinition } from '../executor.ts';
import type { Planner } from '../planner.ts';
import type { TaskContract } from '@troupe/task';
import { ancestorsOf, type CompiledNode, type CompiledPlan, nodeAt } from '../plan/compiled.ts';
import type { HeldLease } from '../mail.ts';
import { boundError } from './bound.ts';
import { errorItem } from './items.ts';
import type { NodeState, NodeStateOf, Operation } from './state.ts';
import { forgetUnfinished, noteUnfinished } from './unfinished.ts';

export type NodeResult =
  | { readonly ok: true }
  /** `stopped`: not a failure of its own, so no handler takes it (only `finally` runs). */
  | { readonly ok: false; readonly error: WireError; readonly stopped?: true };

export const OK: NodeResult = { ok: true };

export type Job =
  | { readonly do: 'start'; readonly path: string }
  | { readonly do: 'ended'; readonly path: string; readonly result: NodeResult }
  /** Take back the next thing that stands, or end. */
  | { readonly do: 'undo' }
  /** End the pause. */
  | { readonly do: 'resume' }
  /** Start further members of a group. */
  | { readonly do: 'refill'; readonly path: string }
  /** Stop whatever runs at and below the path; handlers that have begun are let through. */
  | { readonly do: 'stop'; readonly path: string; readonly error: WireError };

export interface OperationSettings {
  readonly executors: ReadonlyMap<string, ExecutorDefinition>;
  readonly tasks: ReadonlyMap<string, TaskContract>;
  readonly kinds: ReadonlyMap<string, ResourceKind>;
  readonly planners: ReadonlyMap<string, Planner>;
  readonly isOpen: (gate: string) => boolean;
  readonly queueAllowanceMs: number;
  readonly endedTtlMs: number;
  readonly tombstoneTtlMs: number;
}

export interface Run {
  readonly settings: OperationSettings;
  readonly op: Operation;
  readonly context: TurnContext;
  readonly effects: Effect[];
  readonly jobs: Job[];
  /** Bytes of the task messages sent so far: the effects of a turn are stored with its root. */
  spentBytes: number;
}

/** Past this the rest of a group is started by a further turn. */
export const TURN_BUDGET_BYTES = 24_000;

export function createRun(settings: OperationSettings, op: Operation, context: TurnContext): Run {
  return { settings, op, context, effects: [], jobs: [], spentBytes: 0 };
}

export function planOf(run: Run): CompiledPlan {
  const { plan } = run.op;
  if (plan === undefined) throw new Error(`operation ${run.op.key} has no plan`);
  return plan;
}

export function nodeOf<T extends CompiledNode['type']>(run: Run, path: string, type: T): Extract<CompiledNode, { type: T }> {
  const node = nodeAt(planOf(run), path);
  if (node?.type !== type) throw new Error(`operation ${run.op.key}: ${path} is a ${String(node?.type)}, not a ${type}`);
  return node as Extract<CompiledNode, { type: T }>;
}

export function stateOf<K extends NodeState['k']>(run: Run, path: string, kind: K): NodeStateOf<K> | undefined {
  const state = run.op.active.get(path);
  return state?.k === kind ? (state as NodeStateOf<K>) : undefined;
}

/** Ends a node: its state goes, a timer of it is cancelled, its parent hears the result. */
export function endNode(run: Run, path: string, result: NodeResult, how: { counted?: true } = {}): void {
  const state = run.op.active.get(path);
  if (state !== undefined && 'id' in state && state.id !== undefined) cancelTimer(run, state.id);
  run.op.active.delete(path);
  dropError(run, path);
  if (!result.ok) noteUnfinished(run, path, state, { ...how, ...(result.error.code === 'outcome_unknown' ? { unknown: true } : {}) });
  else forgetUnfinished(run, path);
  run.jobs.push({ do: 'ended', path, result });
}

export function failNode(run: Run, path: string, error: WireError): void {
  endNode(run, path, { ok: false, error });
}

/** Counts a step and ends it. */
export function endStep(run: Run, path: string, result: NodeResult): void {
  run.op.progress.done++;
  endNode(run, path, result, { counted: true });
}

export function self(run: Run): Address {
  return run.context.self;
}

/**
 * A timer of a node: the state must keep the id, or what fires is ignored. It is kept without the address, which may be
 * long and is the same for all.
 */
export function setTimer(run: Run, purpose: string, delayMs: number, node?: string): string {
  const id = run.context.newId();
  const body = node === undefined ? {} : { node };
  send(run, self(run), `timer.${purpose}`, body, { at: run.context.now + Math.max(0, Math.round(delayMs)), id });
  return shortTimer(run, id);
}

export function cancelTimer(run: Run, timer: string): void {
  run.effects.push({ type: 'cancel', timer: timer.startsWith('@') ? prefixOf(run) + timer : timer });
}

export function shortTimer(run: Run, id: string): string {
  const prefix = prefixOf(run);
  return id.startsWith(`${prefix}@`) ? id.slice(prefix.length) : id;
}

function prefixOf(run: Run): string {
  const { kind, key } = self(run);
  return `${kind}/${key}`;
}

export function disarmWatchdog(run: Run): void {
  const { watchdog } = run.op.progress;
  if (watchdog !== undefined) cancelTimer(run, watchdog.id);
  delete run.op.progress.watchdog;
}

export function send(run: Run, to: Address, type: string, body: object, timed?: { at: number; id: string }): void {
  const { context } = run.op.head;
  run.effects.push({ type: 'send', to, mail: { type, body: body as never }, ...timed, ...(context === undefined ? {} : { context }) });
}

export function publish(run: Run, event: string, body: object): void {
  const { context, executor } = run.op.head;
  run.effects.push({
    type: 'publish',
    topic: ['operation', executor, run.op.key, event],
    body: body as never,
    ...(context === undefined ? {} : { context }),
  });
}

/** Keeps the first error of a group or attempt until it has ended. Items, for most never have one. */
export function keepError(run: Run, path: string, error: WireError): void {
  if (run.op.errors.has(path)) return;
  const bounded = boundError(error);
  run.op.errors.set(path, bounded);
  run.effects.push({ type: 'putItem', item: errorItem(path), body: bounded as never });
}

export function dropError(run: Run, path: string): void {
  if (run.op.errors.delete(path)) run.effects.push({ type: 'removeItem', item: errorItem(path) });
}

/** Leases around a node that the operation holds itself, outermost first, and those of its ancestors before them. */
export function heldAround(run: Run, path: string): HeldLease[] {
  const own: HeldLease[] = [];
  for (const around of ancestorsOf(path)) {
    const state = stateOf(run, around, 'lease');
    if (state?.p !== 'held') continue;
    const node = nodeOf(run, around, 'throttled');
    own.unshift({ lease: leaseOf(run, around), scope: node.scope, need: state.need ?? node.need });
  }
  return [...(run.op.head.parent?.leases ?? []), ...own];
}

/** Fence number of the nearest lease around a node. */
export function leaseFence(run: Run, path: string): number | undefined {
  for (const around of ancestorsOf(path)) {
    const state = stateOf(run, around, 'lease');
    if (state?.f !== undefined) return state.f;
  }
  return undefined;
}

export function leaseOf(run: Run, path: string): string {
  return `${run.op.key}:${path}`;
}
