import { z } from 'zod';
import { remove, unlessMissing } from './removal.ts';
import type { Removal } from './removal.ts';
import type { CallOptions, Session } from './session.ts';
import { findOrCreate, tokenOf, volumeTokenFilter, withToken } from './tokens.ts';
import type { Made } from './tokens.ts';

export interface Snapshot {
  readonly id: string;
  readonly name: string;
  /** Cinder's word, one of `snapshotStates` unless the cloud has invented one. */
  readonly status: string;
  readonly volumeId: string;
  readonly sizeGb: number;
  readonly token: string | undefined;
}

export interface NewSnapshot {
  /** Same for every attempt, different for every snapshot. */
  readonly token: string;
  readonly volumeId: string;
  readonly name: string;
  readonly description?: string | undefined;
  /** Also of a volume that is in use. */
  readonly force?: boolean | undefined;
}

export interface SnapshotCalls {
  /** Finds the snapshot of this token or creates it. May be called again after any failure. */
  createSnapshot(wanted: NewSnapshot, options?: CallOptions): Promise<Made<Snapshot>>;
  /** @throws BackendError `not_found` */
  getSnapshot(id: string, options?: CallOptions): Promise<Snapshot>;
  /** Undefined if there is no such snapshot. */
  findSnapshot(id: string, options?: CallOptions): Promise<Snapshot | undefined>;
  /** Those of the project. */
  listSnapshots(options?: CallOptions): Promise<readonly Snapshot[]>;
  /** Success also if it is gone or on its way. @throws BackendError `bad_request` if its state forbids it */
  deleteSnapshot(id: string, options?: CallOptions): Promise<Removal>;
}

const snapshotSchema = z
  .object({
    id: z.string(),
    name: z.string().nullish(),
    status: z.string(),
    volume_id: z.string(),
    size: z.number(),
    metadata: z.record(z.string(), z.string()).default({}),
  })
  .transform((snapshot): Snapshot => ({
    id: snapshot.id,
    name: snapshot.name ?? '',
    status: snapshot.status,
    volumeId: snapshot.volume_id,
    sizeGb: snapshot.size,
    token: tokenOf(snapshot.metadata),
  }));

const one = z.object({ snapshot: snapshotSchema });
const many = z.object({ snapshots: z.array(snapshotSchema) });

export function createSnapshotCalls(session: Session): SnapshotCalls {
  const pathOf = (id: string): string => `/snapshots/${encodeURIComponent(id)}`;

  async function getSnapshot(id: string, { signal }: CallOptions = {}): Promise<Snapshot> {
    const { snapshot } = await session.call({ service: 'volume', method: 'GET', path: pathOf(id), signal }, one);
    return snapshot;
  }

  async function list(query: Readonly<Record<string, string>>, { signal }: CallOptions): Promise<readonly Snapshot[]> {
    const { snapshots } = await session.call({ service: 'volume', method: 'GET', path: '/snapshots/detail', query, signal }, many);
    return snapshots;
  }

  return {
    getSnapshot,
    findSnapshot: (id, options) => unlessMissing(getSnapshot(id, options)),
    listSnapshots: (options = {}) => list({}, options),
    createSnapshot: (wanted, options = {}) =>
      findOrCreate(
        async () => {
          const found = await list({ metadata: volumeTokenFilter(wanted.token), volume_id: wanted.volumeId }, options);
          // Cinder knows the first filter from 3.22 on and lists all before that: the metadata decides.
          return found.filter(({ token }) => token === wanted.token).at(-1);
        },
        async () => {
          const body = {
            snapshot: {
              volume_id: wanted.volumeId,
              name: wanted.name,
              description: wanted.description,
              force: wanted.force ?? false,
              metadata: withToken(undefined, wanted.token),
            },
          };
          const { snapshot } = await session.call({ service: 'volume', method: 'POST', path: '/snapshots', body, ...options }, one);
          return snapshot;
        },
      ),
    deleteSnapshot: (id, options = {}) =>
      remove(
        () => session.send({ service: 'volume', method: 'DELETE', path: pathOf(id), ...options }),
        async () => {
          const snapshot = await unlessMissing(getSnapshot(id, options));
          if (snapshot === undefined) return 'gone';
          return snapshot.status === 'deleting' ? 'underWay' : undefined;
        },
      ),
  };
}
