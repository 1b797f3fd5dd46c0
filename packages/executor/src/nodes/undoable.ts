/**
 * Compensation: what undoable nodes have done is taken back when the plan has ended otherwise than well, the last first.
 *
 * It begins after everything else has ended, so nothing runs beside it, and it is let through to its end like a handler:
 * a cancel in the middle of taking back would leave worse behind than it found. A failure of it is logged and listed, and
 * the next one is taken back all the same.
 */
import { undoItem } from '../operation/items.ts';
import { logError } from '../operation/log.ts';
import { forgetUnfinished } from '../operation/unfinished.ts';
import { endNode, nodeOf, type NodeResult, planOf, type Run, stateOf } from '../operation/run.ts';
import { nameIn } from '../plan/compiled.ts';
import { countSteps } from '../plan/limits.ts';

const LEFT_LIMIT = 100;

export function undoableInnerEnded(run: Run, path: string, index: number, result: NodeResult): void {
  const { op } = run;
  if (index === 0) {
    if (result.ok) {
      const n = (op.progress.undos ?? 0) + 1;
      op.progress.undos = n;
      op.undos.set(n, path);
      run.effects.push({ type: 'putItem', item: undoItem(n), body: path });
    }
    return endNode(run, path, result);
  }
  if (stateOf(run, path, 'undo') === undefined) return;
  op.active.delete(path);
  forgetUnfinished(run, `${path}.1`);
  if (!result.ok) {
    const [body, undo] = nodeOf(run, path, 'undoable').nodes;
    // a body without a step stands for what comes after it
    const step = nameIn(body!) ?? nameIn(undo!) ?? path;
    const left = (op.progress.left ??= []);
    if (left.length < LEFT_LIMIT) left.push(step);
    const { error } = result;
    logError(run, { step, error: { code: 'compensation_failed', message: `${step} was not taken back: ${error.message}`, cause: error } });
  }
  run.jobs.push({ do: 'undo' });
}

/** Takes back the last thing that stands; false = there is none. */
export function undoLast(run: Run): boolean {
  const { op } = run;
  const last = Math.max(0, ...op.undos.keys());
  const path = op.undos.get(last);
  if (path === undefined) return false;
  op.undos.delete(last);
  op.progress.undone = true;
  run.effects.push({ type: 'removeItem', item: undoItem(last) });
  op.active.set(path, { k: 'undo', s: run.context.now });
  op.progress.total += countSteps(nodeOf(run, path, 'undoable').nodes[1]!);
  run.jobs.push({ do: 'start', path: `${path}.1` });
  return true;
}

/** Whether the plan that has ended so is to be taken back. What a newer owner has, or what is gone, is not ours to touch. */
export function isToBeUndone(run: Run, result: NodeResult): boolean {
  const { undos, progress } = run.op;
  if (undos.size === 0 || progress.undoing !== undefined) return false;
  const { stop } = progress;
  if (stop === undefined) return !result.ok;
  return stop.keep !== true && stop.outcome !== 'superseded' && planOf(run) !== undefined;
}
