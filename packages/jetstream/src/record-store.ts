/**
 * Records on STATE: the root under `ns.state.<kind>.<key>`, its items below it. Compare-and-set on the root's own last
 * sequence, so the revision is the stream sequence and a key that is deleted and made again never repeats one.
 */
import type { NatsConnection } from '@nats-io/nats-core';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import type { CommitOutcome, ItemName, LoadedRecord, RecordStore, RootRecord, StoredItem } from '@troupe/actor/internal';
import { type Address, encodeJson, type Json, type Subjects } from '@troupe/protocol';
import { readLast, readLeader } from './direct-get.ts';
import { publishExpiring } from './expiring.ts';
import { readPaged } from './paged-read.ts';
import { isWrongSequence, type Publisher } from './publisher.ts';

/** A multi-get of more than 1,024 subjects is refused, so pages stay below. */
const PAGE = 1_000;

/**
 * What a removed item leaves for a moment: an empty message replaces it and expires. It is put there twice, first to stay, then to expire: a server
 * keeps no note of what was replaced, only of what has expired. Killed and started again it finds the one before the one that expired
 * (docs/decisions/0031), and that must be the empty one, not the item.
 */
const REMOVED_TTL_MS = 1_000;

export interface RecordStoreOptions {
  readonly nc: NatsConnection;
  readonly publisher: Publisher;
  readonly subjects: Subjects;
  /** The server's clock, see `server-clock.ts`. */
  readonly serverNow: () => number;
}

export function createRecordStore(options: RecordStoreOptions): RecordStore {
  const { nc, publisher, subjects } = options;
  const stream = subjects.streams.state;
  let manager: Promise<JetStreamManager> | undefined;
  const direct = async (): Promise<JetStreamManager> => (manager ??= jetstreamManager(nc, { checkAPI: false }));

  const loadItems = async (address: Address): Promise<StoredItem[]> => {
    const items: StoredItem[] = [];
    const filter = `${subjects.state(address)}.i.>`;
    for await (const message of readPaged(await direct(), stream, filter, PAGE)) {
      if (message.data.length === 0) continue;
      const name = subjects.parseState(message.subject)?.item;
      if (name === undefined) continue;
      const { item, body } = JSON.parse(message.string()) as { item: string; body: Json };
      items.push({ ...name, item, body });
    }
    return items;
  };

  return {
    async load(address): Promise<LoadedRecord | undefined> {
      const message = await readLast(nc, stream, subjects.state(address));
      if (message === undefined || message.data.length === 0) return undefined;
      const root = JSON.parse(message.text()) as RootRecord;
      const items = Object.keys(root.nx).length === 0 ? [] : await loadItems(address);
      return { revision: message.sequence, storedAt: message.storedAt, root, items };
    },
    async putItems(address, items, ttlMs) {
      const life = ttlMs === undefined ? {} : { ttlMs };
      await Promise.all(
        items.map(({ nonce, n, item, body }) => publisher.publish(subjects.item(address, nonce, n), encodeJson({ item, body }), life)),
      );
    },
    async removeItems(address: Address, items: readonly ItemName[], ttlMs = REMOVED_TTL_MS) {
      await Promise.all(
        items.flatMap(({ nonce, n }) => {
          const subject = subjects.item(address, nonce, n);
          return [publisher.publish(subject, ''), publisher.publish(subject, '', { ttlMs })];
        }),
      );
    },
    async commit(address, expectedRevision, text, ttlMs): Promise<CommitOutcome> {
      try {
        const ack = await publishExpiring(publisher, subjects.state(address), text, {
          expectLastSubjectSequence: expectedRevision,
          ...(ttlMs === undefined ? {} : { ttlMs }),
        });
        return { ok: true, revision: ack.sequence };
      } catch (error) {
        if (isWrongSequence(error)) return { ok: false, lastRevision: error.lastSequence };
        throw error;
      }
    },
    async isCurrent(address, revision) {
      return ((await readLeader(nc, stream, subjects.state(address)))?.sequence ?? 0) === revision;
    },
    async putTombstone(address, body, ttlMs) {
      await publisher.publish(subjects.tombstone(address), encodeJson(body), { ttlMs });
    },
    serverNow: options.serverNow,
  };
}

/** Reads a tombstone: what is left of an entity whose record has expired. */
export async function readTombstone(nc: NatsConnection, subjects: Subjects, address: Address): Promise<Json | undefined> {
  const message = await readLast(nc, subjects.streams.state, subjects.tombstone(address));
  return message === undefined || message.data.length === 0 ? undefined : (JSON.parse(message.text()) as Json);
}
