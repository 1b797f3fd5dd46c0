/** What an operation that did not end well keeps for a retry: its plan, its outputs, and where it stood. */
import { encodeJson, type Json, type Outcome } from '@troupe/protocol';
import { type CompiledPlan, indexSteps } from '../plan/compiled.ts';
import { keptItem, outputItem, unfinishedItem, unstartedItem } from './items.ts';
import { restoreLog } from './log.ts';
import { planToItems } from './plan-items.ts';
import type { Run } from './run.ts';
import type { Unfinished } from './state.ts';

/** More than this is not kept: such an operation is sent again as a new one. */
export const KEPT_LIMIT_BYTES = 4 * 1_048_576;
const CHUNK_CHARS = 100_000;

interface Kept {
  readonly plan: CompiledPlan;
  readonly outputs: readonly (readonly [string, Json])[];
  readonly unfinished: readonly (readonly [string, Unfinished])[];
  readonly unstarted: readonly (readonly [string, number])[];
  readonly input?: Json;
}

/** Puts what is needed to go on later, and returns the names of the items. */
export function keepForRetry(run: Run, outcome: Outcome): string[] {
  const { op } = run;
  delete op.progress.retryable;
  op.kept = '';
  if (outcome !== 'failed' && outcome !== 'cancelled') return [];
  // a pull that is sent again reads the row anew, which is what is wanted
  if (op.resources.some((owned) => owned.seen !== undefined)) return [];
  if (op.plan === undefined || op.unfinished.size === 0 || op.progress.undone === true) return [];
  const kept: Kept = {
    plan: op.plan,
    outputs: [...op.outputs],
    unfinished: [...op.unfinished],
    unstarted: [...op.unstarted],
    // an ended root does not hold a large input
    ...(op.inputInItem ? { input: op.input } : {}),
  };
  const text = encodeJson(kept);
  if (text.length > KEPT_LIMIT_BYTES) return [];
  const names: string[] = [];
  for (let n = 0; n * CHUNK_CHARS < text.length; n++) {
    names.push(keptItem(n));
    run.effects.push({ type: 'putItem', item: keptItem(n), body: text.slice(n * CHUNK_CHARS, (n + 1) * CHUNK_CHARS) });
  }
  op.kept = text;
  op.progress.retryable = true;
  return names;
}

/** Puts back what was kept; false = it is not there, or not whole any more. */
export function restoreKept(run: Run): boolean {
  const { op } = run;
  const kept = parse(op.kept);
  if (kept === undefined) return false;
  for (let n = 0; n * CHUNK_CHARS < op.kept.length; n++) run.effects.push({ type: 'removeItem', item: keptItem(n) });
  op.kept = '';
  op.plan = kept.plan;
  op.steps = indexSteps(kept.plan);
  // whatever was made by planners is in it now, which is too much for the root
  planToItems(run);
  if (kept.input !== undefined) {
    op.input = kept.input;
    op.inputInItem = false;
  }
  restoreLog(run);
  for (const [name, value] of kept.outputs) {
    op.outputs.set(name, value);
    op.outputItems.add(name);
    run.effects.push({ type: 'putItem', item: outputItem(name), body: value });
  }
  for (const [path, entry] of kept.unfinished) {
    op.unfinished.set(path, entry);
    run.effects.push({ type: 'putItem', item: unfinishedItem(path), body: entry as never });
  }
  for (const [path, next] of kept.unstarted) {
    op.unstarted.set(path, next);
    run.effects.push({ type: 'putItem', item: unstartedItem(path), body: next });
  }
  return true;
}

function parse(text: string): Kept | undefined {
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as Kept;
  } catch {
    // a piece has expired before the root
    return undefined;
  }
}
