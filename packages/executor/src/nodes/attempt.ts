/**
 * An attempt: body, the handler that names the error's code, finally.
 *
 * Handlers that have begun are let through to their end: a cancel in the middle of a repair would leave worse behind
 * than it found. The first error stays the error of the attempt; one of a handler joins the log.
 */
import type { WireError } from '@troupe/protocol';
import { logError } from '../operation/log.ts';
import { endNode, keepError, nodeOf, type NodeResult, OK, type Run, stateOf } from '../operation/run.ts';
import { isStopped } from '../operation/stopped.ts';
import { firstInner, forgetUnfinished, hasUnfinished } from '../operation/unfinished.ts';
import { errorItem } from '../operation/items.ts';
import type { CompiledAttempt } from '../plan/compiled.ts';

export function startAttempt(run: Run, path: string): void {
  const i = firstInner(run, path);
  run.op.active.set(path, { k: 'attempt', i });
  run.jobs.push({ do: 'start', path: `${path}.${i}` });
}

export function partEnded(run: Run, path: string, index: number, result: NodeResult): void {
  const state = stateOf(run, path, 'attempt');
  if (state?.i !== index) return;
  const node = nodeOf(run, path, 'attempt');
  const last = node.nodes.length - 1;
  const isFinally = node.hasFinally === true && index === last;
  if (!result.ok) {
    if (index > 0)
      logError(run, {
        error: { code: 'compensation_failed', message: `handling a failure failed: ${result.error.message}`, cause: result.error },
      });
    keepError(run, path, result.error);
    state.f = 1;
    // where the body failed, a retry begins there, whatever its handlers did
    if (index > 0 && hasUnfinished(run, `${path}.0`)) forgetUnfinished(run, `${path}.${index}`);
    if (result.stopped === true || isStopped(run, path)) state.x = 1;
  }
  if (index === 0 && !result.ok && state.x !== 1) {
    const handler = handlerFor(node, result.error);
    if (handler !== undefined) return startPart(run, path, handler);
  }
  // a handler that ran to its end has dealt with the failure, unless the whole was stopped meanwhile
  if (index > 0 && !isFinally && result.ok && state.x !== 1) {
    delete state.f;
    forget(run, path);
    forgetUnfinished(run, `${path}.0`);
  }
  if (node.hasFinally === true && !isFinally) return startPart(run, path, last);
  endNode(run, path, endOf(run, path, state));
}

function endOf(run: Run, path: string, state: { readonly f?: 1; readonly x?: 1 }): NodeResult {
  const error = run.op.errors.get(path);
  if (state.x === 1) return { ok: false, error: error ?? { code: 'cancelled', message: 'stopped' }, stopped: true };
  return state.f === 1 ? { ok: false, error: error ?? { code: 'internal', message: 'failed without an error' } } : OK;
}

function startPart(run: Run, path: string, index: number): void {
  const state = stateOf(run, path, 'attempt');
  if (state !== undefined) state.i = index;
  run.jobs.push({ do: 'start', path: `${path}.${index}` });
}

function forget(run: Run, path: string): void {
  if (run.op.errors.delete(path)) run.effects.push({ type: 'removeItem', item: errorItem(path) });
}

/** Index of the inner node that handles the error. What is unknown takes no branch that names codes (S68). */
function handlerFor(node: CompiledAttempt, error: WireError): number | undefined {
  const codes = codesOf(error);
  const found = node.codes.findIndex((named) => named === null || named.some((code) => codes.includes(code)));
  return found < 0 ? undefined : found + 1;
}

/** The code of the error itself; where the project only wrapped another's error, that one's too. */
function codesOf(error: WireError): string[] {
  const wraps = error.code === 'step_failed' || error.code === 'child_failed';
  return [error.code, ...(wraps && error.cause !== undefined ? codesOf(error.cause) : [])];
}
