/** From accepted to running: the plan is made of the snapshots that the takes brought, checked, and stored. */
import { encodeJson, type Json, toWireError, TroupeError } from '@troupe/protocol';
import type { ExecutorDefinition, Snapshot } from '../executor.ts';
import { compilePlan } from '../plan/compile.ts';
import { type CompiledPlan, nameIn, ROOT_PATH } from '../plan/compiled.ts';
import { transition } from '../plan/build.ts';
import type { PlanNode } from '../plan/nodes.ts';
import { families } from '@troupe/resource';
import { planEnded } from './ends.ts';
import { publish, type Run, send } from './run.ts';
import { addPatch } from './resources.ts';
import { takenItem } from './items.ts';
import { keepPlan } from './plan-items.ts';
import { armWatchdog } from './watchdog.ts';

const DETAILS_LIMIT_BYTES = 2_000;

export function startPlan(run: Run, definition: ExecutorDefinition): void {
  const { op, context } = run;
  const { head, progress } = op;
  const snapshots = op.resources.flatMap((_, index) => (op.taken.has(index) ? [op.taken.get(index)! as Snapshot] : []));
  progress.acceptedAt = context.now;
  op.phase = 'running';
  op.accepting = undefined;
  if (snapshots.length > 1) for (const index of op.taken.keys()) run.effects.push({ type: 'removeItem', item: takenItem(index) });
  op.taken.clear();
  run.effects.push({
    type: 'answer',
    answer: { v: 1, operation: op.key, answer: 'accepted' },
    ...(head.replyTo === undefined ? {} : { replyTo: head.replyTo }),
  });
  if (head.parent !== undefined) {
    const { operation, kind = 'operation', node } = head.parent;
    send(run, { kind, key: operation }, 'child.answered', { operation: op.key, node, accepted: true });
  }
  try {
    showDetails(run, definition, snapshots[0]);
    const plan = planOf(run, definition, snapshots);
    const { seen } = op.resources[0] ?? {};
    if (seen !== undefined) seen.step = nameIn(plan.root)!;
    keepPlan(run, plan);
    progress.total = plan.steps;
    const limit = head.deadlineMs ?? plan.durationMs;
    progress.deadline = context.now + limit;
    publish(run, 'accepted', {
      class: head.class,
      steps: plan.steps,
      resources: op.resources.map(({ kind, id }) => ({ kind, id })),
      ...parentOf(run),
    });
    armWatchdog(run);
    run.jobs.push({ do: 'start', path: ROOT_PATH });
  } catch (thrown) {
    publish(run, 'accepted', {
      class: head.class,
      steps: 0,
      resources: op.resources.map(({ kind, id }) => ({ kind, id })),
      ...parentOf(run),
    });
    planEnded(run, { ok: false, error: toWireError(thrown, 'plan_failed') });
  }
}

function planOf(run: Run, definition: ExecutorDefinition, snapshots: readonly Snapshot[]): CompiledPlan {
  const { op, settings } = run;
  const { options } = definition;
  const firstStep = families[definition.family].firstStep;
  const neverCreated = definition.family === 'delete' && snapshots[0]?.backendId === '' && options.neverCreated !== 'plan';
  let plan: PlanNode;
  try {
    plan = neverCreated
      ? transition(undefined, 'beginDeleting')
      : options.plan({
          resource: snapshots[0]!,
          resources: snapshots,
          input: op.input as never,
          options: { force: op.progress.forced ?? op.head.force ?? false },
          operation: op.key,
        });
  } catch (thrown) {
    const cause = toWireError(thrown, 'plan_failed');
    throw new TroupeError('plan_failed', `the planner of ${definition.name} threw: ${cause.message}`, { cause: thrown });
  }
  return compilePlan(plan, {
    tasks: settings.tasks,
    executors: settings.executors,
    planners: settings.planners,
    resources: op.resources.map(({ kind, id }) => ({ kind, id })),
    kinds: settings.kinds,
    held: op.head.parent?.leases ?? [],
    queueAllowanceMs: settings.queueAllowanceMs,
    ...(options.pull === undefined ? {} : { onlyLooks: true }),
    ...(firstStep === undefined || op.resources[0]?.lender !== undefined ? {} : { firstStep }),
    ...(options.output === undefined || neverCreated ? {} : { output: options.output }),
  });
}

/** Written with the next transition of the resource: details may need its old values, which the take brought. */
function showDetails(run: Run, definition: ExecutorDefinition, resource: Snapshot | undefined): void {
  const details = definition.options.actionDetails?.({ resource, input: run.op.input as never });
  if (details === undefined) return;
  run.op.progress.actionDetails =
    encodeJson(details).length > DETAILS_LIMIT_BYTES ? { message: 'too large to be kept' } : (details as Json);
  for (const owned of run.op.resources) {
    if (owned.family === 'action' && owned.lender === undefined) addPatch(run, owned, { actionDetails: run.op.progress.actionDetails });
  }
}

function parentOf(run: Run): { parent?: string } {
  const { parent } = run.op.head;
  return parent === undefined || parent.kind !== undefined ? {} : { parent: parent.operation };
}
