/** Operations as they are shown: the view of the executor package, and what only the store knows. */
import { operationView, type OperationView } from '@troupe/executor';
import type { Json, JsonObject, Outcome } from '@troupe/protocol';
import type { StoredEntity, StoredRoot } from './reader.ts';

export interface OperationInfo extends OperationView {
  /** Set while it is put aside because its turns failed over and over; the verb `release` lets it go on. */
  readonly quarantine?: { readonly reason: string; readonly at: number; readonly message: string };
  /** Its record has expired: outcome and end are all that is known. */
  readonly isExpired?: true;
}

/** From the root alone, for lists and quick looks: without the log of a running operation, and without the nodes of a large plan. */
export function operationInfo({ key, root }: Pick<StoredRoot, 'key' | 'root'>): OperationInfo | undefined {
  if (root.s === undefined) return quarantined(key, root.q);
  return withQuarantine(operationView(key, { root: root.s as JsonObject, items: new Map() }), root.q);
}

export function entityInfo(key: string, { record, quarantine }: StoredEntity): OperationInfo | undefined {
  return record === undefined ? quarantined(key, quarantine) : withQuarantine(operationView(key, record), quarantine);
}

/** What is left of an operation whose record has expired. */
export function tombstoneInfo(key: string, tombstone: Json | undefined): OperationInfo | undefined {
  if (typeof tombstone !== 'object' || tombstone === null) return undefined;
  const { executor, outcome, endedAt } = tombstone as { executor?: string; outcome?: Outcome; endedAt?: number };
  return {
    ...nothingKnown(key),
    executor: executor ?? '',
    status: 'ended',
    state: 'expired',
    isExpired: true,
    ...(outcome === undefined ? {} : { outcome }),
    ...(endedAt === undefined ? {} : { endedAt }),
  };
}

function withQuarantine(view: OperationView, q: OperationInfo['quarantine']): OperationInfo {
  if (q === undefined) return view;
  const { waitsOn: _nothing, ...rest } = view;
  return { ...rest, state: 'quarantined', quarantine: q };
}

function quarantined(key: string, q: OperationInfo['quarantine']): OperationInfo | undefined {
  return q === undefined ? undefined : { ...nothingKnown(key), state: 'quarantined', quarantine: q };
}

function nothingKnown(id: string): OperationInfo {
  return {
    id,
    executor: '',
    status: 'accepting',
    state: 'accepting',
    class: 'regular',
    resources: [],
    createdAt: '',
    steps: { done: 0, total: 0 },
    current: [],
    log: [],
  };
}
