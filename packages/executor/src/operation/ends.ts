/**
 * The end of a plan: every resource of the operation gets a resting state or is removed, by the rules of its family and
 * its own. Ends are effects like any other write, so they are retried until the store has answered.
 */
import type { ResourceWrite } from '@troupe/actor';
import { encodeJson, type Outcome, type WireError } from '@troupe/protocol';
import { endWrite, isResting, restoreWrite } from '@troupe/resource';
import { resolveInput } from '../plan/ref.ts';
import { boundError } from './bound.ts';
import { notApplied, orderFinding } from './finding.ts';
import { finish } from './finish.ts';
import { logError } from './log.ts';
import { promiseOf } from './queue.ts';
import { disarmWatchdog, type NodeResult, type Run } from './run.ts';
import { addWrite, hasPendingWrites, holdOf, type Settled } from './resources.ts';
import type { OwnedResource } from './state.ts';

const OUTPUT_LIMIT_BYTES = 16_384;

export function planEnded(run: Run, result: NodeResult): void {
  const { op } = run;
  const { progress } = op;
  op.phase = 'ending';
  progress.outcome = progress.stop?.outcome ?? (result.ok ? 'succeeded' : 'failed');
  const error = progress.stop?.error ?? (result.ok ? undefined : result.error);
  if (error !== undefined) progress.error = boundError(error);
  if (progress.outcome === 'succeeded') keepOutput(run);
  for (const [index, owned] of op.resources.entries()) {
    if (owned.seen !== undefined) {
      orderFinding(run, owned, result);
      continue;
    }
    if (owned.lost !== undefined || owned.lender !== undefined || owned.epoch === 0) continue;
    if (progress.outcome !== 'succeeded') owned.was = owned.state;
    const end = endOf(run, owned, index);
    addWrite(run, owned, end.op === 'change' && end.finish === true ? { ...end, ...promiseOf(run, owned) } : end);
  }
  disarmWatchdog(run);
  if (!hasPendingWrites(run)) finish(run, progress.outcome, progress.error);
}

/** A write of the ending phase has its answer. */
export function endSettled(run: Run, settled: Settled): void {
  const { op } = run;
  const { progress } = op;
  const { owned, flight } = settled;
  if (settled.how === 'lost' && progress.outcome === 'succeeded') {
    const gone = owned.lost === 'gone';
    progress.outcome = gone ? 'aborted' : 'superseded';
    progress.error = lostError(owned);
  }
  if (owned.seen !== undefined && settled.how !== 'written') {
    progress.outcome = owned.lost === 'gone' ? 'aborted' : 'superseded';
    progress.error = notApplied(owned, settled.record);
    if (!hasPendingWrites(run)) finish(run, progress.outcome, progress.error);
    return;
  }
  // an end may have raised the epoch: what a retry finds must be this one
  if (settled.record !== undefined) owned.epoch = settled.record.epoch;
  const isLast = !(owned.queue ?? []).some((entry) => entry.write !== undefined);
  if (settled.how === 'refused' && flight.state !== 'ERRED' && isLast) {
    // the plan left it in a state from which this end is illegal: that is a failure, not a reason to overwrite
    const found = settled.record?.state ?? owned.state;
    const error = {
      code: 'forbidden_state',
      message: `${owned.kind} ${owned.id} is ${found}, from where it cannot become ${flight.state ?? 'what the end says'}`,
    };
    progress.outcome = 'failed';
    progress.error ??= error;
    owned.state = found;
    addWrite(run, owned, endWrite('update', 'failed', holdOf(run, owned), { state: found, error: progress.error }));
  }
  if (!hasPendingWrites(run)) finish(run, progress.outcome ?? 'failed', progress.error);
}

export function lostError(owned: OwnedResource): WireError {
  const ref = { kind: owned.kind, id: owned.id };
  return owned.lost === 'gone'
    ? { code: 'resource_gone', message: `${owned.kind} ${owned.id} vanished while the operation ran`, data: ref }
    : { code: 'superseded', message: `a newer operation owns ${owned.kind} ${owned.id}`, data: ref };
}

function endOf(run: Run, owned: OwnedResource, index: number): ResourceWrite {
  const { progress } = run.op;
  const outcome = progress.outcome ?? 'failed';
  return outcome === 'succeeded' ? successEnd(run, owned) : failureEnd(run, owned, index, outcome);
}

function successEnd(run: Run, owned: OwnedResource): ResourceWrite {
  const hold = holdOf(run, owned);
  switch (owned.ends?.succeeded) {
    case 'ok':
      return endWrite('update', 'succeeded', hold, { state: owned.state });
    case 'keep':
      return endWrite('free', 'succeeded', hold, { state: owned.state });
    case 'remove':
      return endWrite('delete', 'succeeded', hold, { state: owned.state });
    case undefined:
      return endWrite(owned.family, 'succeeded', hold, { state: owned.state });
  }
}

function failureEnd(run: Run, owned: OwnedResource, index: number, outcome: Outcome): ResourceWrite {
  const { progress } = run.op;
  const hold = holdOf(run, owned);
  const error = progress.error ?? { code: 'internal', message: 'failed without an error' };
  const how = outcome === 'cancelled' ? 'cancelled' : 'failed';
  const untouched = owned.touched === undefined;
  const remove = (): ResourceWrite => endWrite('delete', 'succeeded', hold, { state: owned.state });
  const erred = (): ResourceWrite => endWrite(owned.family === 'free' ? 'update' : owned.family, how, hold, { state: owned.state, error });
  if (outcome === 'failed' && progress.forced === true && owned.family === 'delete') {
    orphan(run, owned, error);
    return endWrite('delete', 'failed', hold, { state: owned.state, error, forced: true });
  }
  if (how === 'cancelled' && untouched && progress.started === undefined) {
    return owned.ends?.neverStarted === 'remove' ? remove() : restoreWrite(hold);
  }
  // a free-form operation fails by itself; what rests is left as the plan has left it
  if (owned.family === 'free' && isResting(owned.state)) return endWrite('free', how, hold, { state: owned.state });
  if (index === 0) return erred();
  if (owned.ends?.notCreated === 'remove' && owned.backendId === '') return remove();
  if (untouched) {
    switch (owned.ends?.neverStarted ?? (owned.family === 'create' ? 'remove' : 'erred')) {
      case 'remove':
        return remove();
      case 'restore':
        return restoreWrite(hold);
      case 'erred':
        return erred();
    }
  }
  if (owned.state === 'OK') return endWrite('free', how, hold, { state: 'OK' });
  return owned.ends?.failed === 'ok' ? endWrite('update', 'succeeded', hold, { state: owned.state }) : erred();
}

function orphan(run: Run, owned: OwnedResource, error: WireError): void {
  if (owned.backendId === '') return;
  const { code, message } = boundError(error, 200, 0);
  (run.op.progress.orphans ??= []).push({ kind: owned.kind, id: owned.id, backendId: owned.backendId, error: { code, message } });
}

function keepOutput(run: Run): void {
  const { op } = run;
  const wanted = op.plan?.output;
  if (wanted === undefined) return;
  // a branch that was not taken leaves its part empty; it is no reason to fail what has succeeded
  const present = {
    ...wanted,
    refs: (wanted.refs ?? []).filter((one) => resolveInput({ value: null, refs: [{ ...one, at: [] }] }, op.outputs).ok),
  };
  const resolved = resolveInput(present, op.outputs);
  if (!resolved.ok) return;
  const bytes = encodeJson(resolved.value).length;
  if (bytes <= OUTPUT_LIMIT_BYTES) op.progress.output = resolved.value;
  else
    logError(run, {
      error: { code: 'output_too_large', message: `the output has ${bytes} bytes, at most ${OUTPUT_LIMIT_BYTES} are kept` },
    });
}
