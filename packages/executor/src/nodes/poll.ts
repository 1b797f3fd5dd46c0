/**
 * A poll: looks at a backend again and again until a state comes. Each look is a task of its own; between looks there is
 * a timer and nothing else.
 *
 *   delay ──► write ──► look ⇄ pause ──► ended
 */
import { formatMs, type Json, type JsonObject, type TaskEnded, type TaskOutcome, type WireError } from '@troupe/protocol';
import { logError } from '../operation/log.ts';
import { endStep, nodeOf, type NodeResult, OK, planOf, type Run, setTimer, stateOf } from '../operation/run.ts';
import { addPatch } from '../operation/resources.ts';
import type { NodeStateOf, Unfinished } from '../operation/state.ts';
import { watchFor } from '../operation/watchdog.ts';
import type { CompiledPoll } from '../plan/compiled.ts';
import { declinedBy, foundClosed, isClosed, passClosed, passDeclined } from './closed.ts';
import { errorOf, placed } from './error-place.ts';
import { deadlineOf } from './deadlines.ts';
import { keepFailure, keepSuccess, ownedBy, sendAttempt, signalAttempt, writeStart } from './task-message.ts';

type PollState = NodeStateOf<'poll'>;
type Look = 'again' | 'success' | WireError;

const RUNTIME_STATE_KEPT_CHARS = 60;

export function startPoll(run: Run, path: string, before?: Unfinished): void {
  const node = nodeOf(run, path, 'poll');
  const state: PollState = { k: 'poll', p: 'delay', s: run.context.now, n: before?.n ?? 0 };
  run.op.active.set(path, state);
  watchFor(run, deadlineOf(planOf(run), node, state)!);
  if (node.afterMs === undefined || node.transition !== undefined || node.runtime?.during !== undefined) begin(run, path, state);
  else state.id = setTimer(run, 'poll', node.afterMs, path);
}

export function pollTimer(run: Run, path: string, timer: string): void {
  const state = stateOf(run, path, 'poll');
  if (state?.id !== timer) return;
  delete state.id;
  const node = nodeOf(run, path, 'poll');
  if (run.context.now >= state.s + node.forMs) return timeOut(run, path, node, state);
  if (state.p === 'delay') return begin(run, path, state);
  look(run, path, state);
}

export function pollReleased(run: Run, path: string, error: WireError | undefined): void {
  const state = stateOf(run, path, 'poll');
  if (state?.p !== 'write') return;
  if (error !== undefined) return fail(run, path, error);
  state.w = (state.w ?? 1) - 1;
  if (state.w > 0) return;
  delete state.w;
  firstLook(run, path, state);
}

export function pollEnded(run: Run, path: string, body: TaskEnded): void {
  const state = stateOf(run, path, 'poll');
  if (state?.p !== 'look' || body.attempt !== state.n || body.token !== state.t) return;
  const node = nodeOf(run, path, 'poll');
  if (foundClosed(body.outcome)) return passClosed(run, path, node);
  const declined = declinedBy(body.outcome);
  if (declined !== undefined) return passDeclined(run, path, node, { attempt: state.n, error: declined });
  const found = judge(run, node, state, body.outcome);
  delete state.t;
  if (found === 'success') {
    const { outcome } = body;
    const error = outcome.kind === 'succeeded' ? keepSuccess(run, node, outcome.output, outcome.patch) : undefined;
    return error === undefined ? endStep(run, path, OK) : fail(run, path, error);
  }
  if (found !== 'again') {
    // what the backend said last is true, whatever it means for the operation
    if (body.outcome.kind === 'succeeded') showPassing(run, node, body.outcome.patch);
    return fail(run, path, found);
  }
  const deadline = state.s + node.forMs;
  if (run.context.now >= deadline) return timeOut(run, path, node, state);
  const base = node.backoffMs?.[state.n - 1] ?? node.everyMs;
  const interval = base * (1 + (node.jitter ?? 0) * run.context.random());
  state.p = 'pause';
  state.at = run.context.now;
  state.id = setTimer(run, 'poll', Math.min(interval, deadline - run.context.now), path);
}

export function pollOverdue(run: Run, path: string): void {
  const state = stateOf(run, path, 'poll');
  if (state !== undefined) timeOut(run, path, nodeOf(run, path, 'poll'), state);
}

export function stopPoll(run: Run, path: string, result: NodeResult): void {
  const state = stateOf(run, path, 'poll');
  if (state?.p === 'look') signalAttempt(run, nodeOf(run, path, 'poll'), state.n);
  endStep(run, path, result);
}

function begin(run: Run, path: string, state: PollState): void {
  if (isClosed(run, nodeOf(run, path, 'poll'))) return passClosed(run, path, nodeOf(run, path, 'poll'));
  const writes = writeStart(run, path, nodeOf(run, path, 'poll'));
  if (typeof writes !== 'number') return fail(run, path, writes);
  if (writes === 0) return firstLook(run, path, state);
  state.p = 'write';
  state.w = writes;
}

function firstLook(run: Run, path: string, state: PollState): void {
  const node = nodeOf(run, path, 'poll');
  const elapsed = run.context.now - state.s;
  if (node.afterMs === undefined || elapsed >= node.afterMs) return look(run, path, state);
  state.p = 'pause';
  state.at = run.context.now;
  state.id = setTimer(run, 'poll', node.afterMs - elapsed, path);
}

function look(run: Run, path: string, state: PollState): void {
  const node = nodeOf(run, path, 'poll');
  const sent = sendAttempt(run, { path, node, attempt: state.n + 1, deadline: state.s + node.forMs });
  if ('error' in sent) return fail(run, path, sent.error);
  state.p = 'look';
  state.n++;
  state.t = sent.token;
  state.at = run.context.now;
}

function judge(run: Run, node: CompiledPoll, state: PollState, outcome: TaskOutcome): Look {
  if (outcome.kind !== 'succeeded') return judgeError(run, node, state, outcome);
  delete state.e;
  const output: JsonObject =
    typeof outcome.output === 'object' && outcome.output !== null && !Array.isArray(outcome.output) ? (outcome.output as JsonObject) : {};
  const seen = outcome.patch?.runtimeState ?? (typeof output['runtimeState'] === 'string' ? output['runtimeState'] : undefined);
  if (seen !== undefined) {
    state.rs = seen.slice(0, RUNTIME_STATE_KEPT_CHARS);
    if (node.gone?.includes(seen) === true) return isGone(node, `the backend says ${seen}`);
    if (node.fail?.includes(seen) === true)
      return { code: 'poll_failed', message: `${node.id}: the backend says ${seen}`, data: { step: node.id, runtimeState: seen } };
    if (node.until?.includes(seen) === true) return 'success';
  }
  if (node.until === undefined) {
    if (output['done'] === true) return 'success';
    if (output['failed'] === true) return { code: 'poll_failed', message: messageIn(output, `${node.id} failed`), data: { step: node.id } };
  }
  const unknown = countUnknown(node, state, seen);
  if (unknown !== undefined) return unknown;
  showPassing(run, node, outcome.patch);
  return 'again';
}

function judgeError(run: Run, node: CompiledPoll, state: PollState, outcome: Exclude<TaskOutcome, { kind: 'succeeded' }>): Look {
  const error = errorOf(outcome, 'the look was given up by its worker');
  if (error.code === 'missing_on_backend') return isGone(node, error.message);
  logError(run, { step: node.id, attempt: state.n, error });
  state.e = (state.e ?? 0) + 1;
  if (error.retryable === false || error.code === 'fatal' || state.e > node.tolerate) return error;
  return 'again';
}

function isGone(node: CompiledPoll, why: string): Look {
  return node.goneIsSuccess === true ? 'success' : { code: 'missing_on_backend', message: `${node.id}: ${why}`, data: { step: node.id } };
}

function countUnknown(node: CompiledPoll, state: PollState, seen: string | undefined): WireError | undefined {
  // an empty one is none yet: a backend that has only just been asked says nothing
  if (node.unknownAfter === undefined || seen === undefined || seen === '') return undefined;
  if (node.known?.includes(seen) === true) {
    delete state.u;
    return undefined;
  }
  state.u = (state.u ?? 0) + 1;
  if (state.u < node.unknownAfter) return undefined;
  return {
    code: 'poll_failed',
    message: `${node.id}: ${JSON.stringify(seen)} is no runtime state that the kind declares`,
    data: { step: node.id, runtimeState: seen },
  };
}

/** What a look found on the way: written only when it changed, for a poll of 100 minutes looks 1,200 times. */
function showPassing(
  run: Run,
  node: CompiledPoll,
  patch: { readonly runtimeState?: string; readonly backendId?: string } | undefined,
): void {
  const owned = ownedBy(run, node);
  if (owned === undefined || patch === undefined) return;
  const runtimeState =
    patch.runtimeState === undefined || patch.runtimeState === owned.runtimeState ? {} : { runtimeState: patch.runtimeState.slice(0, 150) };
  const backendId =
    patch.backendId === undefined || patch.backendId === owned.backendId ? {} : { backendId: patch.backendId.slice(0, 255) };
  if ('runtimeState' in runtimeState || 'backendId' in backendId) addPatch(run, owned, { ...runtimeState, ...backendId });
}

function timeOut(run: Run, path: string, node: CompiledPoll, state: PollState): void {
  if (state.p === 'look') signalAttempt(run, node, state.n);
  const waited = run.context.now - state.s;
  const lastRuntimeState = state.rs ?? null;
  const wanted = node.until?.join(' or ') ?? 'done';
  const last = lastRuntimeState === null ? 'nothing was seen' : `the last state seen was ${lastRuntimeState}`;
  const data: Json = { step: node.id, waited, lastRuntimeState };
  fail(run, path, { code: 'poll_timeout', message: `${node.id} waited ${formatMs(waited)} for ${wanted}; ${last}`, data });
}

function messageIn(output: JsonObject, otherwise: string): string {
  return typeof output['message'] === 'string' ? output['message'] : otherwise;
}

function fail(run: Run, path: string, error: WireError): void {
  const node = nodeOf(run, path, 'poll');
  keepFailure(run, node);
  endStep(run, path, { ok: false, error: placed(run, path, node, error) });
}
