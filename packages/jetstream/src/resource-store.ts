/**
 * Resources in a KV bucket, one key `<kind>.<id>` each. What a write does is decided by the rules in `actor`; here is only
 * what makes the decision hold: compare-and-set on the revision that was read, and again from the start when it was not
 * the last one. The rules recognise a write by its effect id, so an acknowledgement that got lost ends as `already`.
 */
import type { NatsConnection } from '@nats-io/nats-core';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import type { ResourceStore } from '@troupe/actor';
import { decideWrite, isTombstone, type StoredResource } from '@troupe/actor/internal';
import { decodeToken, encodeToken, type ResourceRef, type Subjects, TroupeError } from '@troupe/protocol';
import { readLast, readLeader } from './direct-get.ts';
import { publishExpiring } from './expiring.ts';
import { readPaged } from './paged-read.ts';
import { isWrongSequence, type Publisher } from './publisher.ts';
import { decodeResource, encodeResource } from './resource-codec.ts';

export interface ResourceStoreOptions {
  readonly nc: NatsConnection;
  readonly publisher: Publisher;
  readonly subjects: Subjects;
  /** Epoch milliseconds for `modified`; the server's clock, see `server-clock.ts`. */
  readonly serverNow: () => number;
  /** How long a removed resource answers its remover. Default 30 days, as long as the tombstones of operations. */
  readonly tombstoneTtlMs?: number;
  /** Records per request of a listing. Default 500. */
  readonly pageSize?: number;
}

const TOMBSTONE_TTL_MS = 30 * 86_400_000;
const PAGE = 500;

/** A resource has one writer at a time; whoever loses so often in a row is fighting a bug, and must not do so for ever. */
const ATTEMPTS = 32;

interface Read {
  readonly stored: StoredResource | undefined;
  /** Last sequence of the key, 0 if it has none: what the write must find there. */
  readonly sequence: number;
}

const NOTHING: Read = { stored: undefined, sequence: 0 };

export function createKvResourceStore(options: ResourceStoreOptions): ResourceStore {
  const { nc, publisher, subjects, serverNow } = options;
  const bucket = subjects.buckets.resources;
  const stream = `KV_${bucket}`;
  const prefix = `$KV.${bucket}.`;
  const subjectOf = (ref: ResourceRef): string => `${prefix}${encodeToken(ref.kind)}.${encodeToken(ref.id)}`;
  let manager: Promise<JetStreamManager> | undefined;
  const api = (): Promise<JetStreamManager> => (manager ??= jetstreamManager(nc, { checkAPI: false }));

  const readBy = async (read: typeof readLast, ref: ResourceRef): Promise<Read> => {
    const message = await read(nc, stream, subjectOf(ref));
    if (message === undefined) return NOTHING;
    return { stored: decodeResource(ref, message.text(), message.header, message.sequence), sequence: message.sequence };
  };
  const readNear = (ref: ResourceRef): Promise<Read> => readBy(readLast, ref);

  return {
    async get(ref) {
      const { stored } = await readNear(ref);
      return stored === undefined || isTombstone(stored) ? undefined : stored;
    },

    async write(write, fence) {
      let current = await readNear(write.ref);
      let fromLeader = false;
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const decision = decideWrite(current.stored, write, { ...fence, now: serverNow() });
        if (decision.type === 'store') {
          const { body, headers, ttlMs } = encodeResource(decision.next, options.tombstoneTtlMs ?? TOMBSTONE_TTL_MS);
          try {
            const ack = await publishExpiring(publisher, subjectOf(write.ref), body, {
              expectLastSubjectSequence: current.sequence,
              headers,
              ...(ttlMs === undefined ? {} : { ttlMs }),
            });
            return decision.outcomeAt(ack.sequence);
          } catch (error) {
            if (!isWrongSequence(error)) throw error;
          }
        } else if (decision.outcome.ok || fromLeader) {
          return decision.outcome;
        }
        // a refusal is final, and a direct read may come from a replica that is behind
        current = await readBy(readLeader, write.ref);
        fromLeader = true;
      }
      const name = `${write.ref.kind}/${write.ref.id}`;
      throw new TroupeError('unavailable', `${name} changed under every one of ${ATTEMPTS} attempts to write it`, { retryable: true });
    },

    /** In the order of the last write. What is written during a listing may come twice, the newer one later. */
    async *list(kind) {
      const filter = kind === undefined ? `${prefix}>` : `${prefix}${encodeToken(kind)}.>`;
      for await (const message of readPaged(await api(), stream, filter, options.pageSize ?? PAGE)) {
        const ref = refOf(message.subject.slice(prefix.length));
        const stored = ref && decodeResource(ref, message.string(), (name) => message.header.get(name), message.seq);
        if (stored !== undefined && !isTombstone(stored)) yield stored;
      }
    },
  };
}

/** The reference that a key stands for; undefined for a key that somebody else has put there. */
function refOf(key: string): ResourceRef | undefined {
  const [kind, id, ...rest] = key.split('.');
  if (kind === undefined || id === undefined || rest.length > 0) return undefined;
  try {
    return { kind: decodeToken(kind), id: decodeToken(id) };
  } catch {
    return undefined;
  }
}
