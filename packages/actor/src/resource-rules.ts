/**
 * What a resource store answers to a write, as one pure function: every store loads what it has, asks this, and stores
 * the result by compare-and-set, asking again when somebody was faster. So no two stores can differ in a rule.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ResourceRef } from '@troupe/protocol';
import type { AppliedWrite, Fence, ResourceChange, ResourceRecord, ResourceWrite, WriteOutcome, WriteRefusal } from './store.ts';

/** What stays of a removed resource until its time is over: enough to answer its remover, and to refuse its ghosts. */
export interface ResourceTombstone {
  readonly kind: string;
  readonly id: string;
  readonly removedBy: string;
  readonly fence: Fence;
  readonly modified: number;
}

export type StoredResource = ResourceRecord | ResourceTombstone;

export type WriteDecision =
  | { readonly type: 'answer'; readonly outcome: WriteOutcome }
  /** To be stored in place of what was loaded; `outcomeAt` gives the answer once its revision is known. */
  | { readonly type: 'store'; readonly next: StoredResource; outcomeAt(revision: number): WriteOutcome };

export interface WriteStamp {
  /** Revision of the turn that ordered the write, and the id of its effect. */
  readonly turn: number;
  readonly effect: string;
  /** Epoch milliseconds, for `modified`. */
  readonly now: number;
}

/** How many writes a record remembers, besides all of its newest turn. */
export const REMEMBERED_WRITES = 8;

/** A resource that no write has touched yet. */
export function untouched(ref: ResourceRef): ResourceRecord {
  return {
    ...ref,
    state: '',
    runtimeState: '',
    backendId: '',
    error: null,
    action: '',
    actionDetails: null,
    currentOperation: null,
    epoch: 0,
    data: {},
    modified: 0,
    revision: 0,
    rested: null,
    fence: { epoch: 0, turn: 0, applied: [], forgotten: 0 },
  };
}

export function isTombstone(stored: StoredResource): stored is ResourceTombstone {
  return 'removedBy' in stored;
}

export function decideWrite(stored: StoredResource | undefined, write: ResourceWrite, stamp: WriteStamp): WriteDecision {
  const applied = stored?.fence.applied.find((one) => one.effect === stamp.effect);
  if (stored !== undefined && applied !== undefined) return repeated(stored, write, applied);
  if (write.op === 'create') return decideCreate(stored, write, stamp);
  if (stored === undefined) return refuse('missing');
  if (isTombstone(stored)) {
    const own = write.op === 'remove' && stored.removedBy === write.operation;
    return own ? { type: 'answer', outcome: { ok: true, already: true } } : refuse('missing');
  }
  switch (write.op) {
    case 'take':
      return decideTake(stored, write, stamp);
    case 'patch':
      return decidePatch(stored, write, stamp);
    case 'waive':
      return decideWaive(stored, write, stamp);
    default:
      return decideOwned(stored, write, stamp);
  }
}

function repeated(stored: StoredResource, write: ResourceWrite, applied: AppliedWrite): WriteDecision {
  const record = isTombstone(stored) ? undefined : stored;
  // whoever took it and does not have it any more was overruled; to let it believe that it owns it would be a lie
  if (write.op === 'take' && record !== undefined && record.currentOperation !== write.operation) return refuse('stale', record);
  return {
    type: 'answer',
    outcome: {
      ok: true,
      already: true,
      ...(record === undefined ? {} : { record }),
      ...(applied.before === undefined ? {} : { before: { state: applied.before } }),
      ...(applied.after === undefined ? {} : { after: { state: applied.after } }),
    },
  };
}

function decideCreate(
  stored: StoredResource | undefined,
  write: Extract<ResourceWrite, { op: 'create' }>,
  stamp: WriteStamp,
): WriteDecision {
  if (stored !== undefined && !isTombstone(stored)) return refuse('exists', stored);
  // a create that is older than the removal's memory may be the ghost of the one that was removed
  if (stored !== undefined && stamp.turn <= stored.fence.forgotten) return refuse('stale');
  // epochs go on where the removed record stopped: nothing that was ordered for it fits the new one
  const epoch = (stored?.fence.epoch ?? 0) + 1;
  const record: ResourceRecord = {
    ...write.ref,
    state: write.state,
    runtimeState: '',
    backendId: '',
    error: null,
    action: '',
    actionDetails: null,
    currentOperation: write.operation ?? null,
    epoch,
    data: {},
    modified: stamp.now,
    revision: 0,
    rested: null,
    fence: remember(stored?.fence, epoch, stamp, { after: write.state }),
  };
  return store(undefined, { ...record, ...changed(record, write.set) });
}

function decideTake(record: ResourceRecord, write: Extract<ResourceWrite, { op: 'take' }>, stamp: WriteStamp): WriteDecision {
  if (record.currentOperation === write.operation) return { type: 'answer', outcome: { ok: true, already: true, record } };
  // A take raises the epoch, so its pair is never the lower one; what tells a ghost (of an operation that had the
  // resource and ended) from a take that was merely slow is that the ghost is remembered, or too old to be.
  if (stamp.turn <= record.fence.forgotten) return refuse('stale', record);
  if (write.seize !== true) {
    if (record.currentOperation !== null) return refuse('conflict', record);
    const { promised } = record.fence;
    if (promised !== undefined && promised !== write.operation) return refuse('conflict', record);
    if (!write.from.includes(record.state)) return refuse('state', record);
    if (write.runtime !== undefined && !write.runtime.includes(record.runtimeState)) return refuse('state', record);
  }
  return store(record, {
    ...record,
    ...changed(record, write.set),
    currentOperation: write.operation,
    epoch: record.epoch + 1,
    rested: record.rested ?? { state: record.state, error: record.error },
    modified: stamp.now,
    fence: remember(record.fence, record.epoch + 1, stamp, { before: record.state, after: write.set.state ?? record.state }),
  });
}

function decideOwned(
  record: ResourceRecord,
  write: Extract<ResourceWrite, { op: 'change' | 'restore' | 'remove' }>,
  stamp: WriteStamp,
): WriteDecision {
  const { fence } = record;
  if (write.epoch < record.epoch) return refuse('stale', record);
  if (write.epoch > record.epoch) return refuse('conflict', record);
  if (stamp.turn < fence.turn) return refuse('stale', record);
  if (record.currentOperation === null) return refuse('stale', record);
  if (record.currentOperation !== write.operation) return refuse('conflict', record);
  switch (write.op) {
    case 'remove': {
      const { kind, id } = record;
      const removal = remember(fence, record.epoch, stamp, { before: record.state });
      return store(record, { kind, id, removedBy: write.operation, modified: stamp.now, fence: removal });
    }
    case 'restore': {
      if (record.rested === null) return refuse('state', record);
      const { state, error } = record.rested;
      const restored = remember(fence, record.epoch, stamp, { before: record.state, after: state });
      return store(record, {
        ...record,
        state,
        error,
        action: '',
        actionDetails: null,
        currentOperation: null,
        rested: null,
        modified: stamp.now,
        fence: restored,
      });
    }
    case 'change': {
      if (write.from !== undefined && !write.from.includes(record.state)) return refuse('state', record);
      const epoch = write.raise === true ? record.epoch + 1 : record.epoch;
      return store(record, {
        ...record,
        ...changed(record, write.set),
        ...(write.finish === true ? { currentOperation: null, rested: null } : {}),
        epoch,
        modified: stamp.now,
        fence: promisedTo(
          write.finish === true ? write.promise : undefined,
          remember(record.fence, epoch, stamp, { before: record.state, after: write.set.state ?? record.state }),
        ),
      });
    }
  }
}

/** Not fenced by the turn of an owner: whom it is promised to owns nothing yet. */
function decideWaive(record: ResourceRecord, write: Extract<ResourceWrite, { op: 'waive' }>, stamp: WriteStamp): WriteDecision {
  const { fence, state } = record;
  if (record.currentOperation !== null || fence.promised !== write.operation)
    return { type: 'answer', outcome: { ok: true, already: true, record } };
  const { promised: _, ...kept } = fence;
  const remembered = remember(kept, record.epoch, stamp, { before: state, after: state });
  return store(record, { ...record, modified: stamp.now, fence: promisedTo(write.promise, remembered) });
}

function promisedTo(operation: string | undefined, fence: Fence): Fence {
  return operation === undefined ? fence : { ...fence, promised: operation };
}

function decidePatch(record: ResourceRecord, write: Extract<ResourceWrite, { op: 'patch' }>, stamp: WriteStamp): WriteDecision {
  if (record.currentOperation !== null) return refuse('conflict', record);
  if (record.revision !== write.revision) return refuse('stale', record);
  if (write.from !== undefined && !write.from.includes(record.state)) return refuse('state', record);
  // most pulls find what was there: no revision, and nobody is told
  if (changesNothing(record, write.set)) return { type: 'answer', outcome: { ok: true, already: true, record } };
  return store(record, {
    ...record,
    ...changed(record, write.set),
    modified: stamp.now,
    // a finding of a pull does not take it from whom it is promised to
    fence: promisedTo(
      record.fence.promised,
      remember(record.fence, record.epoch, stamp, { before: record.state, after: write.set.state ?? record.state }),
    ),
  });
}

function changesNothing(record: ResourceRecord, set: ResourceChange): boolean {
  const next = { ...record, ...changed(record, set) };
  return isDeepStrictEqual(next, record);
}

/** The declared fields of a change, and nothing else: a write never carries a whole record (S26). */
function changed(record: ResourceRecord, set: ResourceChange): Partial<ResourceRecord> {
  return {
    ...(set.state === undefined ? {} : { state: set.state }),
    ...(set.runtimeState === undefined ? {} : { runtimeState: set.runtimeState }),
    ...(set.backendId === undefined ? {} : { backendId: set.backendId }),
    ...(set.error === undefined ? {} : { error: set.error }),
    ...(set.action === undefined ? {} : { action: set.action }),
    ...(set.actionDetails === undefined ? {} : { actionDetails: set.actionDetails }),
    ...(set.data === undefined ? {} : { data: { ...record.data, ...set.data } }),
  };
}

function remember(fence: Fence | undefined, epoch: number, stamp: WriteStamp, states: { before?: string; after?: string }): Fence {
  const applied = [...(fence?.applied ?? []), { effect: stamp.effect, turn: stamp.turn, ...states }];
  let forgotten = fence?.forgotten ?? 0;
  let drop = 0;
  while (applied.length - drop > REMEMBERED_WRITES && applied[drop]!.turn !== stamp.turn) {
    forgotten = Math.max(forgotten, applied[drop]!.turn);
    drop++;
  }
  const turn = fence !== undefined && fence.epoch === epoch ? Math.max(fence.turn, stamp.turn) : stamp.turn;
  return { epoch, turn, applied: applied.slice(drop), forgotten };
}

function refuse(reason: WriteRefusal, record?: ResourceRecord): WriteDecision {
  return { type: 'answer', outcome: { ok: false, reason, ...(record === undefined ? {} : { record }) } };
}

function store(before: ResourceRecord | undefined, next: StoredResource): WriteDecision {
  return {
    type: 'store',
    next,
    outcomeAt: (revision) => ({
      ok: true,
      already: false,
      ...(isTombstone(next) ? {} : { record: { ...next, revision } }),
      ...(before === undefined ? {} : { before: { state: before.state } }),
      ...(isTombstone(next) ? {} : { after: { state: next.state } }),
    }),
  };
}
