/**
 * A step: one task, with its retries.
 *
 *   delay ──► write ──► run ⇄ retry ──► ended
 *
 * Any attempt of it may succeed and settles it, also one that was given up on; a failure counts only for the newest.
 */
import { type TaskEnded, type WireError } from '@troupe/protocol';
import { logError } from '../operation/log.ts';
import { endStep, nodeOf, type NodeResult, OK, type Run, setTimer, stateOf } from '../operation/run.ts';
import type { NodeStateOf, Unfinished } from '../operation/state.ts';
import { watchFor } from '../operation/watchdog.ts';
import { nextDelayMs } from '../plan/plan-task.ts';
import { declinedBy, foundClosed, isClosed, passClosed, passDeclined } from './closed.ts';
import { errorOf, placed } from './error-place.ts';
import { deadlineOf } from './deadlines.ts';
import { keepFailure, keepSuccess, sendAttempt, signalAttempt, taskOf, writeStart } from './task-message.ts';
import { observeAttempt } from './throttled.ts';
import { planOf } from '../operation/run.ts';

/** Tokens kept per step; an outcome of an attempt older than these is not recognised any more. */
const TOKENS_KEPT = 5;
/** With so many nodes under way the root has no room for more than the last two. */
const CROWDED = 100;
/** An attempt that was told to stop and says nothing for so long is not waited for: it may never have begun. */
const STOP_GRACE_MS = 30_000;
const STOPPED: NodeResult = { ok: false, error: { code: 'cancelled', message: 'stopped while it ran' }, stopped: true };

type StepState = NodeStateOf<'step'>;

/** `before`: what is known of it from before a retry. Its attempts are numbered on, for marks and messages carry the numbers. */
export function startStep(run: Run, path: string, before?: Unfinished): void {
  const node = nodeOf(run, path, 'step');
  const n = before?.n ?? 0;
  const state: StepState = {
    ...{ k: 'step', p: 'delay', s: run.context.now, n, t: [] },
    ...(n === 0 ? {} : { b: n }),
    ...(before?.r === 1 ? { r: 1 } : {}),
  };
  run.op.active.set(path, state);
  watchFor(run, deadlineOf(planOf(run), node, state)!);
  if (node.afterMs === undefined) begin(run, path, state);
  else state.id = setTimer(run, 'step', node.afterMs, path);
}

/** The start delay or the pause before a retry is over. */
export function stepTimer(run: Run, path: string, timer: string): void {
  const state = stateOf(run, path, 'step');
  if (state?.id !== timer) return;
  delete state.id;
  if (state.x === 1) return endStep(run, path, STOPPED);
  if (state.p === 'delay') begin(run, path, state);
  else send(run, path, state);
}

export function stepReleased(run: Run, path: string, error: WireError | undefined): void {
  const state = stateOf(run, path, 'step');
  if (state?.p !== 'write') return;
  if (error !== undefined) return fail(run, path, error);
  state.w = (state.w ?? 1) - 1;
  if (state.w > 0) return;
  delete state.w;
  send(run, path, state);
}

export function stepEnded(run: Run, path: string, body: TaskEnded): void {
  const state = stateOf(run, path, 'step');
  if (state === undefined || body.token === undefined || tokenOf(state, body.attempt) !== body.token) return;
  const node = nodeOf(run, path, 'step');
  const { outcome } = body;
  if (outcome.kind === 'succeeded') {
    observeAttempt(run, path, body);
    if (state.p === 'run' && body.attempt < state.n) signalAttempt(run, node, state.n);
    const error = keepSuccess(run, node, outcome.output, outcome.patch);
    return error === undefined ? endStep(run, path, OK) : fail(run, path, error);
  }
  if (state.x === 1 && body.attempt === state.n) return endStep(run, path, STOPPED);
  // an older attempt is not what it waits for, and neither is one that has failed already
  if (body.attempt !== state.n || state.p !== 'run') return;
  observeAttempt(run, path, body);
  if (foundClosed(outcome)) return passClosed(run, path, node);
  const declined = declinedBy(outcome);
  if (declined !== undefined) return passDeclined(run, path, node, { attempt: state.n, error: declined });
  const task = taskOf(run, node);
  const error = errorOf(outcome, `attempt ${state.n} was given up by its worker`);
  logError(run, { step: node.id, attempt: state.n, error });
  if (outcome.kind === 'unknown' && task.idempotent === 'no') {
    if (state.r === 1)
      return fail(run, path, { code: 'outcome_unknown', message: `nobody can tell whether ${node.id} happened`, cause: error });
    state.r = 1;
    return again(run, path, state, 0);
  }
  const delayMs = nextDelayMs(task, state.n - (state.b ?? 0), outcome, run.context.random());
  if (delayMs === undefined) return fail(run, path, finalError(node.id, state.n, error));
  again(run, path, state, delayMs);
}

/** The next attempt; in a pause it waits as a timer, like any other start. */
function again(run: Run, path: string, state: StepState, delayMs: number): void {
  if (delayMs === 0 && run.op.progress.paused === undefined) return send(run, path, state);
  state.p = 'retry';
  state.id = setTimer(run, 'step', delayMs, path);
}

export function stepOverdue(run: Run, path: string): void {
  const state = stateOf(run, path, 'step');
  if (state === undefined) return;
  const node = nodeOf(run, path, 'step');
  const waited = run.context.now - state.s;
  if (state.x === 1) return endStep(run, path, STOPPED);
  if (state.p === 'run') signalAttempt(run, node, state.n);
  fail(run, path, {
    code: 'deadline_exceeded',
    message: `${node.id} did not end in ${Math.round(waited / 1_000)} s`,
    data: { step: node.id, waited, attempt: state.n },
  });
}

/**
 * Stopped from outside: not a failure of its own. An attempt that may be making something is told to stop and waited for, so
 * that what it has made all the same is known: its id is kept, it can be taken back, and its lease is held until then.
 */
export function stopStep(run: Run, path: string, result: NodeResult): void {
  const state = stateOf(run, path, 'step');
  if (state?.x === 1) return;
  if (state?.p !== 'run') return endStep(run, path, result);
  const node = nodeOf(run, path, 'step');
  signalAttempt(run, node, state.n);
  if (taskOf(run, node).idempotent === 'yes') return endStep(run, path, result);
  state.x = 1;
  state.id = setTimer(run, 'step', STOP_GRACE_MS, path);
}

export function stepProgress(run: Run, path: string, token: string, progress: string): void {
  const state = stateOf(run, path, 'step');
  if (state?.p === 'run' && state.t.at(-1) === token) state.pr = progress;
}

function begin(run: Run, path: string, state: StepState): void {
  if (isClosed(run, nodeOf(run, path, 'step'))) return passClosed(run, path, nodeOf(run, path, 'step'));
  const writes = writeStart(run, path, nodeOf(run, path, 'step'));
  if (typeof writes !== 'number') return fail(run, path, writes);
  if (writes === 0) return send(run, path, state);
  state.p = 'write';
  state.w = writes;
}

function send(run: Run, path: string, state: StepState): void {
  const node = nodeOf(run, path, 'step');
  const deadline = deadlineOf(planOf(run), node, state)!;
  const sent = sendAttempt(run, {
    path,
    node,
    attempt: state.n + 1,
    before: state.b ?? 0,
    deadline,
    ...(state.r === 1 ? { reconcile: true } : {}),
  });
  if ('error' in sent) return fail(run, path, sent.error);
  state.p = 'run';
  state.n++;
  delete state.pr;
  state.t.push(sent.token);
  const keep = run.op.active.size > CROWDED ? 2 : TOKENS_KEPT;
  if (state.t.length > keep) state.t.splice(0, state.t.length - keep);
}

function tokenOf(state: StepState, attempt: number): string | undefined {
  return state.t[state.t.length - 1 - (state.n - attempt)];
}

/** A handler's own code is what branches match; only what has none becomes a plain failure of the step. */
function finalError(step: string, attempt: number, error: WireError): WireError {
  if (error.code !== 'handler_error') return error;
  return {
    code: 'step_failed',
    message: `${step} failed after attempt ${attempt}: ${error.message}`,
    data: { step, attempt },
    ...(error.userMessage === undefined ? {} : { userMessage: error.userMessage }),
    cause: error,
  };
}

function fail(run: Run, path: string, error: WireError): void {
  const node = nodeOf(run, path, 'step');
  keepFailure(run, node);
  endStep(run, path, { ok: false, error: placed(run, path, node, error) });
}
