import { ApiError } from '../core/api-error.ts';
import type { CloudCore } from '../core/core.ts';
import { tokenOfMetadata } from '../core/token-ledger.ts';
import type { TransitionSubject } from '../core/transitions.ts';
import { fits } from './quotas.ts';
import type { QuotaBook } from './quotas.ts';
import type { Owner } from './volume.ts';
import type { Volumes } from './volumes.ts';

/** A snapshot of a volume as the cloud keeps it. */
export interface Snapshot {
  readonly id: string;
  readonly projectId: string;
  readonly userId: string;
  readonly drawKey: string;
  readonly sequence: number;
  readonly volumeId: string;
  readonly sizeGb: number;
  readonly createdAt: number;
  updatedAt: number;
  name: string;
  description: string | null;
  status: string;
  metadata: Record<string, string>;
}

export interface SnapshotRequest {
  readonly volumeId: string;
  readonly name: string;
  readonly description?: string | null | undefined;
  /** Also of a volume that is in use. */
  readonly force: boolean;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

export interface Snapshots {
  create(owner: Owner, request: SnapshotRequest): Snapshot;
  find(id: string): Snapshot | undefined;
  /** @throws ApiError 404 */
  get(id: string): Snapshot;
  /** Newest first. */
  list(): readonly Snapshot[];
  /** @throws ApiError 400 if its status forbids it */
  remove(snapshot: Snapshot): void;
  update(snapshot: Snapshot, change: Partial<Pick<Snapshot, 'name' | 'description' | 'metadata'>>): void;
  setStatus(snapshot: Snapshot, status: string): void;
  vanish(snapshot: Snapshot): void;
}

export function createSnapshots(core: CloudCore, volumes: Volumes, quotas: QuotaBook): Snapshots {
  const snapshots = new Map<string, Snapshot>();
  const list = (): readonly Snapshot[] => [...snapshots.values()].toReversed();
  volumes.keepWhile(({ id }) => list().some(({ volumeId }) => volumeId === id));

  function touch(snapshot: Snapshot, status: string): void {
    snapshot.status = status;
    snapshot.updatedAt = core.clock.now();
  }

  function setStatus(snapshot: Snapshot, status: string): void {
    core.transitions.cancel(snapshot.id);
    touch(snapshot, status);
  }

  function drop(snapshot: Snapshot): void {
    core.transitions.cancel(snapshot.id);
    snapshots.delete(snapshot.id);
  }

  function subjectOf(snapshot: Snapshot): TransitionSubject {
    return {
      id: snapshot.id,
      name: snapshot.name,
      drawKey: snapshot.drawKey,
      showStatus: (status) => touch(snapshot, status),
      endInStatus: (status) => touch(snapshot, status),
      vanish: () => drop(snapshot),
    };
  }

  function checkQuota(projectId: string): void {
    const limit = quotas.of(projectId).snapshots;
    const used = list().filter((snapshot) => snapshot.projectId === projectId).length;
    if (fits(limit, used, 1)) return;
    throw new ApiError(413, `SnapshotLimitExceeded: Maximum number of snapshots allowed (${limit}) exceeded`, { retryAfterSeconds: 0 });
  }

  return {
    create(owner, request) {
      const volume = volumes.get(request.volumeId);
      const isFit = volume.status === 'available' || (volume.status === 'in-use' && request.force);
      if (!isFit) {
        const message = `Invalid volume: Volume ${volume.id} status must be available, but current status is: ${volume.status}.`;
        throw new ApiError(400, message);
      }
      checkQuota(owner.projectId);
      const now = core.clock.now();
      const snapshot: Snapshot = {
        ...core.identify('snapshot', request.name),
        projectId: owner.projectId,
        userId: owner.userId,
        volumeId: volume.id,
        sizeGb: volume.sizeGb,
        createdAt: now,
        updatedAt: now,
        name: request.name,
        description: request.description ?? null,
        status: 'creating',
        metadata: { ...request.metadata },
      };
      snapshots.set(snapshot.id, snapshot);
      core.tokens.record('snapshot', snapshot.id, tokenOfMetadata(snapshot.metadata));
      core.transitions.begin({
        name: 'snapshot.create',
        latency: 'snapshotCreate',
        subject: subjectOf(snapshot),
        done: () => touch(snapshot, 'available'),
      });
      return snapshot;
    },
    find: (id) => snapshots.get(id),
    get(id) {
      const snapshot = snapshots.get(id);
      if (snapshot === undefined) throw new ApiError(404, `Snapshot ${id} could not be found.`);
      return snapshot;
    },
    list,
    remove(snapshot) {
      if (!['available', 'error'].includes(snapshot.status))
        throw new ApiError(400, `Invalid snapshot: Snapshot status must be available or error, but is: ${snapshot.status}.`);
      setStatus(snapshot, 'deleting');
      core.transitions.begin({
        name: 'snapshot.delete',
        latency: 'snapshotDelete',
        subject: subjectOf(snapshot),
        done: () => drop(snapshot),
      });
    },
    update(snapshot, change) {
      Object.assign(snapshot, change);
      snapshot.updatedAt = core.clock.now();
    },
    setStatus,
    vanish: drop,
  };
}
