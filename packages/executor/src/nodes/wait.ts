/**
 * Waits: a pause, or another resource that is to reach a state. Whoever owns that resource is asked to say when it is
 * over; a timer looks again for what nobody announces.
 */
import type { WriteOutcome } from '@troupe/actor';
import { formatMs, type WireError } from '@troupe/protocol';
import { cancelTimer, endStep, nodeOf, type NodeResult, OK, planOf, type Run, send, setTimer, stateOf } from '../operation/run.ts';
import { lookAt } from '../operation/look.ts';
import type { NodeStateOf } from '../operation/state.ts';
import { watchFor } from '../operation/watchdog.ts';
import { deadlineOf } from './deadlines.ts';

export function startPause(run: Run, path: string): void {
  const node = nodeOf(run, path, 'pause');
  run.op.active.set(path, { k: 'pause', s: run.context.now, id: setTimer(run, 'pause', node.forMs, path) });
}

export function pauseTimer(run: Run, path: string, timer: string): void {
  if (stateOf(run, path, 'pause')?.id === timer) endStep(run, path, OK);
}

export function startWait(run: Run, path: string): void {
  const node = nodeOf(run, path, 'wait');
  const state: NodeStateOf<'wait'> = { k: 'wait', p: 'look', s: run.context.now };
  run.op.active.set(path, state);
  watchFor(run, deadlineOf(planOf(run), node, state)!);
  look(run, path, state);
}

export function waitTimer(run: Run, path: string, timer: string): void {
  const state = stateOf(run, path, 'wait');
  if (state?.id !== timer) return;
  delete state.id;
  look(run, path, state);
}

/** The operation that owned the resource has ended. */
export function waitOver(run: Run, path: string, operation: string): void {
  const state = stateOf(run, path, 'wait');
  if (state?.p !== 'pause' || state.of !== operation) return;
  if (state.id !== undefined) cancelTimer(run, state.id);
  delete state.id;
  look(run, path, state);
}

export function waitSeen(run: Run, path: string, outcome: WriteOutcome): void {
  const state = stateOf(run, path, 'wait');
  if (state === undefined) return;
  const node = nodeOf(run, path, 'wait');
  delete state.w;
  const { record } = outcome;
  const name = `${node.resource.kind} ${node.resource.id}`;
  const data = { kind: node.resource.kind, id: node.resource.id };
  if (record === undefined) return fail(run, path, { code: 'resource_gone', message: `${name}, which was waited for, is gone`, data });
  if (node.until.includes(record.state)) return endStep(run, path, OK);
  if (node.fail?.includes(record.state) === true) {
    const cause = record.error === null ? {} : { cause: record.error };
    return fail(run, path, {
      code: 'forbidden_state',
      message: `${name}, which was waited for, is ${record.state}`,
      data: { ...data, state: record.state },
      ...cause,
    });
  }
  const left = state.s + node.deadlineMs - run.context.now;
  if (left <= 0) return waitOverdue(run, path);
  state.p = 'pause';
  state.st = record.state;
  state.id = setTimer(run, 'wait', Math.min(node.everyMs, left), path);
  if (record.currentOperation === null || record.currentOperation === run.op.key) delete state.of;
  else if (state.of !== record.currentOperation) {
    state.of = record.currentOperation;
    send(run, { kind: 'operation', key: record.currentOperation }, 'watch', { node: path });
  }
}

export function waitOverdue(run: Run, path: string): void {
  const state = stateOf(run, path, 'wait');
  if (state === undefined) return;
  const node = nodeOf(run, path, 'wait');
  const waited = run.context.now - state.s;
  const message = `${node.id} waited ${formatMs(waited)} for ${node.resource.kind} ${node.resource.id} to be ${node.until.join(' or ')}; it is ${state.st ?? 'not seen'}`;
  fail(run, path, { code: 'deadline_exceeded', message, data: { step: node.id, waited, state: state.st ?? null } });
}

export function stopWait(run: Run, path: string, result: NodeResult): void {
  endStep(run, path, result);
}

function look(run: Run, path: string, state: NodeStateOf<'wait'>): void {
  state.p = 'look';
  state.w = run.context.newId();
  run.effects.push({ type: 'write', write: lookAt(run, nodeOf(run, path, 'wait').resource), id: state.w });
}

function fail(run: Run, path: string, error: WireError): void {
  run.op.progress.failedStep ??= nodeOf(run, path, 'wait').id;
  endStep(run, path, { ok: false, error });
}
