/** Resources in memory, under the rules that every store follows. */
import type { Clock, ResourceRecord, ResourceStore } from '@troupe/actor';
import { decideWrite, isTombstone, type StoredResource, untouched } from '@troupe/actor/internal';
import { encodeToken, type ResourceRef, TroupeError } from '@troupe/protocol';
import type { MemoryProcess } from './process.ts';
import { travel } from './travel.ts';

export interface ResourceTable {
  storeFor(process: MemoryProcess): ResourceStore;
  /** The record as it is stored, for assertions. */
  record(ref: ResourceRef): ResourceRecord | undefined;
  records(): readonly ResourceRecord[];
  /** Puts a record there as a test needs it; what is left out is that of a resting resource. */
  put(ref: ResourceRef, fields: Partial<Omit<ResourceRecord, 'kind' | 'id' | 'revision'>>): ResourceRecord;
}

export interface ResourceTableOptions {
  readonly clock: Clock;
  /** Default 30 days. */
  readonly tombstoneTtlMs?: number;
  /** Hears of every write that changed something, after it. */
  readonly onWrite?: (before: StoredResource | undefined, after: StoredResource) => void;
}

const TOMBSTONE_TTL_MS = 30 * 86_400_000;

interface Row {
  readonly revision: number;
  readonly text: string;
}

export function createResourceTable(options: ResourceTableOptions): ResourceTable {
  const { clock } = options;
  const rows = new Map<string, Row>();
  let sequence = 0;

  const keyOf = (ref: ResourceRef): string => `${encodeToken(ref.kind)}.${encodeToken(ref.id)}`;
  const read = (key: string): StoredResource | undefined => {
    const row = rows.get(key);
    if (row === undefined) return undefined;
    const stored = JSON.parse(row.text) as StoredResource;
    if (!isTombstone(stored)) return { ...stored, revision: row.revision };
    return stored.modified + (options.tombstoneTtlMs ?? TOMBSTONE_TTL_MS) > clock.now() ? stored : undefined;
  };
  const recordAt = (key: string): ResourceRecord | undefined => {
    const stored = read(key);
    return stored === undefined || isTombstone(stored) ? undefined : stored;
  };
  /** Stores if the row is still the one that was read. */
  const replace = (key: string, seen: number, next: StoredResource): number | undefined => {
    if ((rows.get(key)?.revision ?? 0) !== seen) return undefined;
    const before = read(key);
    const copy = travel(next, `resource ${next.kind}/${next.id}`);
    rows.set(key, { revision: ++sequence, text: JSON.stringify(copy) });
    options.onWrite?.(before, read(key)!);
    return sequence;
  };

  return {
    storeFor: (process) => ({
      get: (ref) => process.call('resources.read', false, () => recordAt(keyOf(ref))),
      async write(write, fence) {
        const order = process.travel(write, `write of ${write.ref.kind}/${write.ref.id}`);
        const key = keyOf(write.ref);
        for (;;) {
          const seen = await process.call('resources.read', false, () => ({ stored: read(key), revision: rows.get(key)?.revision ?? 0 }));
          const decision = decideWrite(seen.stored, order, { ...fence, now: clock.now() });
          if (decision.type === 'answer') return decision.outcome;
          const revision = await process.call('resources.write', true, () => replace(key, seen.revision, decision.next));
          if (revision !== undefined) return decision.outcomeAt(revision);
        }
      },
      async *list(kind) {
        for (const key of [...rows.keys()]) {
          const record = await process.call('resources.read', false, () => recordAt(key));
          if (record !== undefined && (kind === undefined || record.kind === kind)) yield record;
        }
      },
    }),
    record: (ref) => recordAt(keyOf(ref)),
    records: () => [...rows.keys()].flatMap((key) => recordAt(key) ?? []),
    put(ref, fields) {
      const key = keyOf(ref);
      const record: StoredResource = { ...untouched(ref), state: 'OK', modified: clock.now(), ...fields, ...ref };
      if (replace(key, rows.get(key)?.revision ?? 0, record) === undefined) throw new TroupeError('internal', 'a put met another writer');
      return recordAt(key)!;
    },
  };
}
