/**
 * An expansion: reached, it looks at the resources, asks its planner, stores the answer, and runs it.
 *
 *   write ──► look ──► (what the planner made runs in its place)
 *               └────► parked, as long as no host here knows the planner
 */
import type { WriteOutcome } from '@troupe/actor';
import { encodeJson, toWireError, TroupeError, type WireError } from '@troupe/protocol';
import type { Snapshot } from '../executor.ts';
import type { Expansion, Planner } from '../planner.ts';
import { expansionItem, seenItem } from '../operation/items.ts';
import { lookAt } from '../operation/look.ts';
import { planToItems } from '../operation/plan-items.ts';
import { waitForWrites } from '../operation/resources.ts';
import {
  cancelTimer,
  endNode,
  heldAround,
  nodeOf,
  type NodeResult,
  planOf,
  publish,
  type Run,
  setTimer,
  stateOf,
} from '../operation/run.ts';
import type { NodeStateOf } from '../operation/state.ts';
import type { HeldNeed } from '../plan/compile-lease.ts';
import { compilePlan, PLAN_LIMIT_BYTES } from '../plan/compile.ts';
import { type CompiledExpand, type CompiledPlan, indexNodes } from '../plan/compiled.ts';
import { type Expanded, graft, outputOf } from '../plan/graft.ts';
import { resolveInput } from '../plan/ref.ts';
import { validateNow } from '../validate.ts';
import { keepOutput } from './task-message.ts';

type ExpandState = NodeStateOf<'expand'>;

/** How often a host looks whether it knows the planner by now. */
const PARKED_MS = 30_000;

export function startExpand(run: Run, path: string): void {
  // stored already: the way from here is a retry
  if (nodeOf(run, path, 'expand').nodes.length > 0) return void run.jobs.push({ do: 'start', path: `${path}.0` });
  const state: ExpandState = { k: 'expand', p: 'write', s: run.context.now, i: 0 };
  run.op.active.set(path, state);
  const writes = waitForWrites(run, path);
  if (writes > 0) state.n = writes;
  else lookNext(run, path, state);
}

export function expandReleased(run: Run, path: string): void {
  const state = stateOf(run, path, 'expand');
  if (state?.p !== 'write') return;
  state.n = (state.n ?? 1) - 1;
  if (state.n > 0) return;
  delete state.n;
  lookNext(run, path, state);
}

export function expandSeen(run: Run, path: string, { record }: WriteOutcome): void {
  const { op } = run;
  const state = stateOf(run, path, 'expand');
  if (state === undefined) return;
  delete state.w;
  const owned = op.resources[state.i]!;
  if (record === undefined) {
    const data = { kind: owned.kind, id: owned.id };
    return fail(run, path, { code: 'resource_gone', message: `${owned.kind} ${owned.id} vanished while the operation ran`, data });
  }
  op.seen.set(`${path}/${state.i}`, record);
  run.effects.push({ type: 'putItem', item: seenItem(path, state.i), body: record as never });
  state.i++;
  lookNext(run, path, state);
}

/** Looks again whether the planner is there: a timer, or somebody who has just deployed it. */
export function expandAgain(run: Run, path: string, timer?: string): void {
  const state = stateOf(run, path, 'expand');
  if (state?.p !== 'parked' || (timer !== undefined && state.id !== timer)) return;
  if (state.id !== undefined && timer === undefined) cancelTimer(run, state.id);
  delete state.id;
  const node = nodeOf(run, path, 'expand');
  if (!run.settings.planners.has(node.planner)) return park(run, path, state, node);
  // what was seen before it was parked may be long ago
  state.i = 0;
  lookNext(run, path, state);
}

export function stopExpand(run: Run, path: string, result: NodeResult): void {
  forgetSeen(run, path);
  endNode(run, path, result);
}

export function expandInnerEnded(run: Run, path: string, result: NodeResult): void {
  const node = nodeOf(run, path, 'expand');
  const puts = outputOf(node);
  if (result.ok && puts !== undefined) {
    const output = resolveInput(puts, run.op.outputs);
    if (!output.ok) return fail(run, path, missing(node, output.missing));
    keepOutput(run, node.output ?? node.id, output.value, encodeJson(output.value).length);
  }
  endNode(run, path, result);
}

function lookNext(run: Run, path: string, state: ExpandState): void {
  const { resources } = run.op;
  // what is lost is shown as it was seen last, so there is nothing to look at
  while (state.i < resources.length && resources[state.i]!.lost !== undefined) state.i++;
  const owned = resources[state.i];
  state.p = 'look';
  if (owned === undefined) return ask(run, path, state);
  state.w = run.context.newId();
  run.effects.push({ type: 'write', write: lookAt(run, owned), id: state.w });
}

function ask(run: Run, path: string, state: ExpandState): void {
  const node = nodeOf(run, path, 'expand');
  const planner = run.settings.planners.get(node.planner);
  if (planner === undefined) return park(run, path, state, node);
  try {
    const expansion = answerOf(run, path, node, planner);
    const { plan, output } = 'plan' in expansion ? expansion : { plan: expansion, output: undefined };
    const compiled = compilePlan(plan, { ...settingsAt(run, path, node), ...(output === undefined ? {} : { output }) });
    forgetSeen(run, path);
    keep(run, path, node, compiled);
    run.op.active.delete(path);
    run.jobs.push({ do: 'start', path: `${path}.0` });
  } catch (thrown) {
    fail(run, path, toWireError(thrown, 'plan_failed'));
  }
}

function answerOf(run: Run, path: string, node: CompiledExpand, planner: Planner): Expansion {
  const { op } = run;
  const resolved = resolveInput(node.input, op.outputs);
  if (!resolved.ok) throw new TroupeError('missing_output', missing(node, resolved.missing).message, { field: resolved.missing });
  const input = planner.input === undefined ? resolved.value : validateNow(planner.input, resolved.value, `${node.id}.input`);
  const snapshots = op.resources.flatMap((_, i) => (op.seen.get(`${path}/${i}`) as Snapshot | undefined) ?? []);
  try {
    return planner.plan({
      resource: snapshots[0],
      resources: snapshots,
      input,
      output: (name) => op.outputs.get(name),
      options: { force: op.progress.forced ?? op.head.force ?? false },
      operation: op.key,
    });
  } catch (thrown) {
    const cause = toWireError(thrown, 'plan_failed');
    throw new TroupeError('plan_failed', `the planner ${planner.name} threw: ${cause.message}`, { cause: thrown });
  }
}

function settingsAt(run: Run, path: string, node: CompiledExpand): Parameters<typeof compilePlan>[1] {
  const { op, settings } = run;
  const ours = `${op.key}:`;
  const held = heldAround(run, path).map(({ lease, scope, need }): HeldNeed => ({ scope, left: { ...need }, own: lease.startsWith(ours) }));
  return {
    tasks: settings.tasks,
    executors: settings.executors,
    planners: settings.planners,
    resources: op.resources.map(({ kind, id }) => ({ kind, id })),
    kinds: settings.kinds,
    queueAllowanceMs: settings.queueAllowanceMs,
    within: { path, prefix: `${node.id}/`, outputs: op.outputs.keys(), held, roomBytes: node.roomBytes },
  };
}

function keep(run: Run, path: string, node: CompiledExpand, compiled: CompiledPlan): void {
  const { op } = run;
  const { root, tasks, watchMs, named, output } = compiled;
  const expanded: Expanded = {
    ...{ root, tasks, watchMs },
    ...(named === undefined ? {} : { named }),
    ...(output === undefined ? {} : { output }),
  };
  op.expandedBytes += encodeJson(expanded).length;
  if (op.expandedBytes > PLAN_LIMIT_BYTES)
    throw new TroupeError('invalid_plan', `${node.id}: expansions have over ${PLAN_LIMIT_BYTES} bytes`, { field: node.id });
  planToItems(run);
  run.effects.push({ type: 'putItem', item: expansionItem(path), body: expanded as never });
  graft(planOf(run), path, expanded);
  indexNodes(root, `${path}.0`, op.steps);
  op.progress.total += compiled.steps;
  if (op.progress.deadline !== undefined) op.progress.deadline += compiled.durationMs;
}

/** Waits for a host that knows the planner. That is nobody's time but the deploy's, so the deadline moves along. */
function park(run: Run, path: string, state: ExpandState, node: CompiledExpand): void {
  const { progress } = run.op;
  forgetSeen(run, path);
  if (state.p !== 'parked') publish(run, 'parked', { node: node.id, reason: `no host here knows the planner ${node.planner}` });
  state.p = 'parked';
  if (progress.deadline !== undefined) progress.deadline += PARKED_MS;
  state.id = setTimer(run, 'expand', PARKED_MS, path);
}

function forgetSeen(run: Run, path: string): void {
  const { op } = run;
  for (const index of op.resources.keys())
    if (op.seen.delete(`${path}/${index}`)) run.effects.push({ type: 'removeItem', item: seenItem(path, index) });
}

function missing(node: CompiledExpand, name: string): WireError {
  return { code: 'missing_output', message: `${node.id} needs ${name}, which no step has put out`, field: name };
}

function fail(run: Run, path: string, error: WireError): void {
  run.op.progress.failedStep ??= nodeOf(run, path, 'expand').id;
  stopExpand(run, path, { ok: false, error });
}
