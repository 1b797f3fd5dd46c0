/** Where a plan lies: small ones in the root, others in items. */
import { encodeJson } from '@troupe/protocol';
import { type CompiledPlan, indexSteps } from '../plan/compiled.ts';
import { planItem } from './items.ts';
import type { Run } from './run.ts';

/** Plans up to this size lie in the root, larger ones in items. */
export const PLAN_INLINE_BYTES = 4_096;
const CHUNK_CHARS = 100_000;

export function keepPlan(run: Run, plan: CompiledPlan): void {
  const { op } = run;
  op.plan = plan;
  op.steps = indexSteps(plan);
  const text = encodeJson(plan);
  if (text.length > PLAN_INLINE_BYTES) putPlan(run, text);
}

/** Moves the plan out of the root, as it was compiled. */
export function planToItems(run: Run): void {
  if (run.op.planItems === 0 && run.op.plan !== undefined) putPlan(run, encodeJson(run.op.plan));
}

function putPlan(run: Run, text: string): void {
  const { op } = run;
  op.planItems = Math.ceil(text.length / CHUNK_CHARS);
  for (let i = 0; i < op.planItems; i++)
    run.effects.push({ type: 'putItem', item: planItem(i), body: text.slice(i * CHUNK_CHARS, (i + 1) * CHUNK_CHARS) });
}
