/**
 * The finding of a pull: judged when its plan is over, by the step that looked and by nothing else, and written under the
 * condition that nobody owns the resource and that it is still as the pull read it.
 */
import type { ResourceChange, ResourceRecord, ResourceWrite } from '@troupe/actor';
import type { ErrorCode, WireError } from '@troupe/protocol';
import { findingWrite, isResting } from '@troupe/resource';
import { isPullable, type PullOutput, type PullRules } from '../pull.ts';
import { boundError } from './bound.ts';
import { addWrite } from './resources.ts';
import type { NodeResult, Run } from './run.ts';
import type { OwnedResource, Seen } from './state.ts';

const MISSING: ErrorCode = 'missing_on_backend';

/** Notes how the resource is before the backend is looked at, or says why it may not be pulled. */
export function watched(owned: OwnedResource, record: ResourceRecord, { broken }: PullRules): WireError | undefined {
  const { kind, id, state } = record;
  if (!isPullable(record)) {
    const data = { kind, id, state, operation: record.currentOperation };
    if (record.currentOperation !== null || !isResting(state)) {
      const owner = record.currentOperation === null ? '' : `, owned by operation ${record.currentOperation}`;
      return { code: 'conflict', message: `${kind} ${id} is ${state}${owner}: only what rests is pulled`, data };
    }
    return { code: 'forbidden_state', message: `${kind} ${id} was never made on the backend`, data };
  }
  owned.seen = { revision: record.revision, broken, ...(state === 'ERRED' ? { error: record.error?.code ?? '' } : {}) };
  return undefined;
}

/** Orders the write of what was found, and says it in the output. A pull that could not look, or was stopped, changes nothing. */
export function orderFinding(run: Run, owned: OwnedResource, result: NodeResult): void {
  const { progress } = run.op;
  const patch = takePatch(run, owned);
  const seen = owned.seen!;
  const found = progress.stop === undefined ? judge(seen, result) : undefined;
  if (found === undefined) return;
  progress.outcome = 'succeeded';
  delete progress.error;
  delete progress.failedStep;
  const error = result.ok ? undefined : boundError(result.error);
  const { write, became } = writeOf(owned, found, { patch, error });
  const output: PullOutput = {
    found,
    ...(became === undefined ? {} : { became }),
    ...(error === undefined ? {} : { error: { code: error.code, message: error.message } }),
  };
  progress.output = output as never;
  if (write !== undefined) addWrite(run, owned, write);
}

/** The resource was taken, written or removed while the pull looked: what it has found says nothing of what is there now. */
export function notApplied(owned: OwnedResource, record: ResourceRecord | undefined): WireError {
  const ref = { kind: owned.kind, id: owned.id };
  const name = `${owned.kind} ${owned.id}`;
  if (owned.lost === 'gone') return { code: 'resource_gone', message: `${name} was removed while it was pulled`, data: ref };
  const operation = record?.currentOperation ?? null;
  const why = operation === null ? 'it was written' : `operation ${operation} has begun`;
  return { code: 'superseded', message: `${name}: ${why} while it was pulled, nothing was changed`, data: { ...ref, operation } };
}

/** Undefined = a failed run. */
function judge(seen: Seen, result: NodeResult): PullOutput['found'] | undefined {
  if (result.ok) return seen.look === 'succeeded' ? 'fine' : 'nothing';
  // the plan is a chain that the look begins: if that has failed, this is its error
  if (seen.look !== 'failed') return undefined;
  const { code } = result.error;
  if (code === MISSING) return 'gone';
  return seen.broken === 'any' || seen.broken.includes(code) ? 'broken' : undefined;
}

function writeOf(
  owned: OwnedResource,
  found: PullOutput['found'],
  what: { readonly patch: ResourceChange | undefined; readonly error: WireError | undefined },
): { write?: ResourceWrite; became?: 'OK' | 'ERRED' } {
  const { kind, id } = owned;
  const seen = owned.seen!;
  const at = { ref: { kind, id }, revision: seen.revision };
  const error = what.error === undefined ? {} : { error: what.error };
  switch (found) {
    case 'nothing':
      return {};
    case 'gone':
      return seen.error === MISSING ? {} : { write: findingWrite('erred', at, error), became: 'ERRED' };
    // one that is ERRED already keeps its error: a backend that is down says the same every time (S86)
    case 'broken':
      return seen.error === undefined ? { write: findingWrite('erred', at, error), became: 'ERRED' } : {};
    case 'fine': {
      const patch = what.patch === undefined ? {} : { patch: what.patch as never };
      if (seen.error !== undefined) return { write: findingWrite('recovered', at, patch), became: 'OK' };
      return what.patch === undefined ? {} : { write: findingWrite('seen', at, patch) };
    }
  }
}

/** What the handlers have brought; it waited for this moment. */
function takePatch(run: Run, owned: OwnedResource): ResourceChange | undefined {
  const [entry] = owned.queue ?? [];
  if (entry?.item !== undefined) run.effects.push({ type: 'removeItem', item: entry.item });
  delete owned.queue;
  return entry?.patch;
}
