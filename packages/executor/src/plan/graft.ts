/** Puts what a planner made into the plan in memory. It is stored apart: a plan is written once. */
import type { PlanTask } from './plan-task.ts';
import { type CompiledExpand, type CompiledNode, type CompiledPlan, nodeAt } from './compiled.ts';
import type { StoredInput } from './ref.ts';

/** An expansion at rest. */
export interface Expanded {
  readonly root: CompiledNode;
  readonly tasks: Readonly<Record<string, PlanTask>>;
  readonly watchMs: number;
  readonly named?: readonly string[];
  readonly output?: StoredInput;
}

/** The plan must not lie in the root of its record, which would grow by the expansion with every turn. */
export function graft(plan: CompiledPlan, path: string, expanded: Expanded): void {
  const node = nodeAt(plan, path);
  if (node?.type !== 'expand') throw new Error(`${path} is no expand`);
  (node as Writable<CompiledExpand>).nodes = [expanded.root];
  const whole = plan as Writable<CompiledPlan>;
  whole.tasks = { ...plan.tasks, ...expanded.tasks };
  whole.watchMs = Math.min(plan.watchMs, expanded.watchMs);
  if (expanded.named !== undefined) whole.named = [...(plan.named ?? []), ...expanded.named];
  if (expanded.output !== undefined) (node as Writable<CompiledExpand> & { puts?: StoredInput }).puts = expanded.output;
}

/** What an expansion puts out; undefined = nothing. */
export function outputOf(node: CompiledExpand): StoredInput | undefined {
  return (node as CompiledExpand & { puts?: StoredInput }).puts;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };
