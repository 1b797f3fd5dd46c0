/**
 * Writes of the resources of an operation. The supervisor is the only writer of life-cycle state, so what it last wrote
 * is what the state is; a store may still refuse, and every refusal has its meaning here (S27).
 *
 * One write per resource is under way at a time. What is asked for meanwhile waits, and fields from handlers travel with
 * the next transition: the last patch of an operation and its end are one write.
 */
import type { ResourceChange, ResourceRecord, ResourceWrite, WriteOutcome } from '@troupe/actor';
import { encodeJson, type WireError } from '@troupe/protocol';
import { type Hold, patchWrite } from '@troupe/resource';
import type { Run } from './run.ts';
import type { Flight, OwnedResource, WriteEntry } from './state.ts';

const INLINE_LIMIT_BYTES = 1_000;

export function holdOf(run: Run, owned: OwnedResource): Hold {
  return { ref: { kind: owned.kind, id: owned.id }, operation: owned.lender ?? run.op.key, epoch: owned.epoch };
}

/** Fields to be written with whatever comes next. */
export function addPatch(run: Run, owned: OwnedResource, patch: ResourceChange): void {
  if (owned.lost !== undefined) return;
  const last = owned.queue?.at(-1);
  const entry = last !== undefined && last.write === undefined ? last : append(owned);
  const data = entry.patch?.data === undefined && patch.data === undefined ? undefined : { ...entry.patch?.data, ...patch.data };
  entry.patch = { ...entry.patch, ...patch, ...(data === undefined ? {} : { data }) };
  keepInItem(run, entry);
}

/** A write with a guard. The node hears of its outcome by a `Released`. */
export function addWrite(run: Run, owned: OwnedResource, write: ResourceWrite, node?: string): void {
  const last = owned.queue?.at(-1);
  const entry = last !== undefined && last.write === undefined ? last : append(owned);
  entry.write = write;
  if (node !== undefined) entry.nodes.push(node);
  owned.touched = true;
  keepInItem(run, entry);
}

/** Makes a node wait for all writes that are pending now; returns how many. A handler must see what earlier steps wrote. */
export function waitForWrites(run: Run, path: string): number {
  let count = 0;
  for (const owned of run.op.resources) {
    // what a pull has found is written at its end
    if (owned.seen !== undefined) continue;
    const last: { nodes: string[]; after: string[] } | undefined = owned.queue?.at(-1) ?? owned.flight;
    if (last === undefined) continue;
    if (!last.nodes.includes(path)) last.after.push(path);
    count++;
  }
  return count;
}

/** The state as it will be once everything that is pending is written. */
export function stateAhead(owned: OwnedResource): string {
  for (const entry of [...(owned.queue ?? [])].reverse()) {
    if (entry.write !== undefined && 'set' in entry.write && entry.write.set.state !== undefined) return entry.write.set.state;
  }
  return owned.flight?.state ?? owned.state;
}

export function hasPendingWrites(run: Run): boolean {
  return run.op.resources.some((owned) => owned.flight !== undefined || (owned.queue?.length ?? 0) > 0);
}

/** Emits the next write of every resource that has none under way. Called once, at the end of `receive`. */
export function flushWrites(run: Run): void {
  for (const owned of run.op.resources) {
    if (owned.flight !== undefined || owned.lost !== undefined || (owned.seen !== undefined && run.op.phase === 'running')) continue;
    const entry = owned.queue?.shift();
    if (owned.queue?.length === 0) delete owned.queue;
    if (entry === undefined) continue;
    const { patch } = entry;
    const write = entry.write === undefined ? { ...patchWrite(holdOf(run, owned), {}), set: patch ?? {} } : merge(entry.write, patch);
    const effect = run.context.newId();
    const set: ResourceChange = 'set' in write ? write.set : {};
    owned.flight = {
      effect,
      nodes: entry.nodes,
      after: entry.after,
      ...(set.state === undefined ? {} : { state: set.state }),
      ...(set.runtimeState === undefined ? {} : { runtimeState: set.runtimeState }),
      ...(set.backendId === undefined ? {} : { backendId: set.backendId }),
      ...(write.op === 'remove' ? { remove: true as const } : {}),
      ...(entry.write === undefined || patch === undefined || entry.item !== undefined ? {} : { patch }),
    };
    if (entry.item !== undefined) run.effects.push({ type: 'removeItem', item: entry.item });
    run.effects.push({ type: 'write', write: write as ResourceWrite, id: effect });
  }
}

function merge(write: ResourceWrite, patch: ResourceChange | undefined): ResourceWrite {
  if (patch === undefined || write.op !== 'change') return write;
  const data = patch.data === undefined && write.set.data === undefined ? {} : { data: { ...patch.data, ...write.set.data } };
  return { ...write, set: { ...patch, ...write.set, ...data } };
}

/** A node that waited for a write and may go on. */
export interface Released {
  readonly path: string;
  /** Set if the write was the node's own and the state forbade it. */
  readonly error?: WireError;
}

export interface Settled {
  readonly owned: OwnedResource;
  readonly flight: Flight;
  /** `lost`: not ours any more; `refused`: ours, but its state forbids the write. */
  readonly how: 'written' | 'lost' | 'refused';
  readonly released: readonly Released[];
  readonly record?: ResourceRecord;
}

/** Folds the outcome of a write under way; undefined if nobody waits for it. */
export function settleWrite(run: Run, effect: string, outcome: WriteOutcome): Settled | undefined {
  const owned = run.op.resources.find((one) => one.flight?.effect === effect);
  const flight = owned?.flight;
  if (owned === undefined || flight === undefined) return undefined;
  delete owned.flight;
  const record = outcome.record === undefined ? {} : { record: outcome.record };
  const all = (error?: WireError): Released[] => [
    ...flight.nodes.map((path) => ({ path, ...(error === undefined ? {} : { error }) })),
    ...flight.after.map((path) => ({ path })),
  ];
  const appliedBefore = !outcome.ok && outcome.reason === 'state' && flight.state !== undefined && outcome.record?.state === flight.state;
  const goneAlready = !outcome.ok && outcome.reason === 'missing' && flight.remove === true;
  if (outcome.ok || appliedBefore || goneAlready) {
    owned.state = flight.state ?? owned.state;
    owned.runtimeState = flight.runtimeState ?? owned.runtimeState;
    owned.backendId = flight.backendId ?? owned.backendId;
    if (flight.remove === true) dropQueue(run, owned, 'removed');
    return { owned, flight, how: 'written', released: all(), ...record };
  }
  if (outcome.reason === 'state') {
    if (flight.patch !== undefined) (owned.queue ??= []).unshift({ nodes: [], after: [], patch: flight.patch });
    return { owned, flight, how: 'refused', released: all(forbidden(owned, flight, outcome.record?.state)), ...record };
  }
  const waiting = dropQueue(run, owned, outcome.reason === 'missing' ? 'gone' : 'stale');
  return { owned, flight, how: 'lost', released: [...all(), ...waiting], ...record };
}

function forbidden(owned: OwnedResource, flight: Flight, found = owned.state): WireError {
  const ref = { kind: owned.kind, id: owned.id };
  return {
    code: 'forbidden_state',
    message: `${owned.kind} ${owned.id} is ${found}, which forbids ${flight.state ?? 'the write'}`,
    data: { ...ref, state: found },
  };
}

/** Writes nothing more to a resource; whoever waited for it goes on, as cleanup that needs no row must. */
function dropQueue(run: Run, owned: OwnedResource, lost: 'gone' | 'stale' | 'removed'): Released[] {
  owned.lost = lost;
  const released: Released[] = [];
  for (const entry of owned.queue ?? []) {
    if (entry.item !== undefined) run.effects.push({ type: 'removeItem', item: entry.item });
    released.push(...[...entry.nodes, ...entry.after].map((path) => ({ path })));
  }
  delete owned.queue;
  return released;
}

function append(owned: OwnedResource): WriteEntry {
  const entry: WriteEntry = { nodes: [], after: [] };
  (owned.queue ??= []).push(entry);
  return entry;
}

function keepInItem(run: Run, entry: WriteEntry): void {
  const body = {
    ...(entry.patch === undefined ? {} : { patch: entry.patch }),
    ...(entry.write === undefined ? {} : { write: entry.write }),
  };
  if (entry.item === undefined && encodeJson(body).length <= INLINE_LIMIT_BYTES) return;
  entry.item ??= `write/${run.context.newId()}`;
  run.effects.push({ type: 'putItem', item: entry.item, body: body as never });
}
