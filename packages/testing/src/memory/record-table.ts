/** Records of entities in memory, with the revisions of one stream: they grow over all keys and are never used twice. */
import type { Clock } from '@troupe/actor';
import type { CommitOutcome, ItemName, LoadedRecord, RecordStore, RootRecord, StoredItem } from '@troupe/actor/internal';
import { type Address, encodeToken, type Json, TroupeError } from '@troupe/protocol';
import type { MemoryProcess } from './process.ts';
import { travel, travelText } from './travel.ts';

/** A root past this is refused: it is written with every turn. */
export const ROOT_LIMIT_BYTES = 65_536;

export interface RecordTable {
  /** The store as one process sees it. */
  storeFor(process: MemoryProcess): RecordStore;
  /** The root as it is stored, for assertions. */
  root(address: Address): RootRecord | undefined;
  items(address: Address): readonly StoredItem[];
  tombstone(address: Address): Json | undefined;
  /** Every key that has a root. */
  addresses(): readonly Address[];
  /** Bytes of roots and items written so far, for tests of cost. */
  readonly bytesWritten: number;
}

interface Root {
  readonly address: Address;
  readonly revision: number;
  readonly storedAt: number;
  readonly text: string;
  readonly expiresAt: number;
}

interface Kept {
  readonly text: string;
  readonly expiresAt: number;
}

export function createRecordTable(clock: Clock): RecordTable {
  const roots = new Map<string, Root>();
  const items = new Map<string, Map<string, { readonly item: StoredItem; readonly expiresAt: number }>>();
  const tombstones = new Map<string, Kept>();
  let sequence = 0;
  let bytesWritten = 0;

  const keyOf = (a: Address): string => `${encodeToken(a.kind)}.${encodeToken(a.key)}`;
  const expiry = (ttlMs: number | undefined): number => (ttlMs === undefined ? Number.POSITIVE_INFINITY : clock.now() + ttlMs);
  const rootAt = (address: Address): Root | undefined => {
    const root = roots.get(keyOf(address));
    if (root === undefined || root.expiresAt > clock.now()) return root;
    roots.delete(keyOf(address));
    return undefined;
  };
  const itemsAt = (address: Address): StoredItem[] =>
    [...(items.get(keyOf(address))?.values() ?? [])].filter((one) => one.expiresAt > clock.now()).map((one) => one.item);

  const commit = (address: Address, expected: number, text: string, ttlMs: number | undefined): CommitOutcome => {
    travelText(text, `root of ${address.kind}/${address.key}`);
    if (Buffer.byteLength(text) > ROOT_LIMIT_BYTES) {
      throw new TroupeError(
        'too_large',
        `the root of ${address.kind}/${address.key} has ${Buffer.byteLength(text)} bytes, over ${ROOT_LIMIT_BYTES}`,
      );
    }
    const last = rootAt(address)?.revision ?? 0;
    if (last !== expected) return { ok: false, lastRevision: last };
    bytesWritten += Buffer.byteLength(text);
    roots.set(keyOf(address), { address, revision: ++sequence, storedAt: clock.now(), text, expiresAt: expiry(ttlMs) });
    return { ok: true, revision: sequence };
  };

  const putItem = (address: Address, item: StoredItem, ttlMs: number | undefined): void => {
    const copy = travel(item, `item ${item.item} of ${address.kind}/${address.key}`);
    bytesWritten += Buffer.byteLength(JSON.stringify(copy));
    sequence++;
    const key = keyOf(address);
    const under = items.get(key) ?? new Map<string, { item: StoredItem; expiresAt: number }>();
    items.set(key, under.set(nameOf(item), { item: copy, expiresAt: expiry(ttlMs) }));
  };

  return {
    storeFor: (process) => ({
      load: (address) =>
        process.call('records.load', false, (): LoadedRecord | undefined => {
          const root = rootAt(address);
          if (root === undefined) return undefined;
          const parsed = JSON.parse(root.text) as RootRecord;
          return {
            revision: root.revision,
            storedAt: root.storedAt,
            root: parsed,
            items: itemsAt(address).map((item) => travel(item, 'item')),
          };
        }),
      async putItems(address, added, ttlMs) {
        // one call each: a process may die between two of them
        for (const item of added) await process.call('records.putItem', true, () => putItem(address, item, ttlMs));
      },
      async removeItems(address, removed) {
        for (const item of removed) {
          await process.call('records.removeItem', true, () => {
            items.get(keyOf(address))?.delete(nameOf(item));
          });
        }
      },
      commit: (address, expected, text, ttlMs) => process.call('records.commit', true, () => commit(address, expected, text, ttlMs)),
      isCurrent: (address, revision) => process.call('records.isCurrent', false, () => (rootAt(address)?.revision ?? 0) === revision),
      putTombstone: (address, body, ttlMs) =>
        process.call('records.putTombstone', true, () => {
          tombstones.set(keyOf(address), { text: JSON.stringify(travel(body, 'tombstone')), expiresAt: expiry(ttlMs) });
        }),
      serverNow: () => clock.now(),
    }),
    root(address) {
      const root = rootAt(address);
      return root === undefined ? undefined : (JSON.parse(root.text) as RootRecord);
    },
    items: itemsAt,
    tombstone(address) {
      const kept = tombstones.get(keyOf(address));
      return kept === undefined || kept.expiresAt <= clock.now() ? undefined : (JSON.parse(kept.text) as Json);
    },
    addresses: () => [...roots.values()].filter((root) => root.expiresAt > clock.now()).map((root) => root.address),
    get bytesWritten() {
      return bytesWritten;
    },
  };
}

function nameOf(item: ItemName): string {
  return `${item.nonce}.${item.n}`;
}
