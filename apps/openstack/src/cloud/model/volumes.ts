import { ApiError } from '../core/api-error.ts';
import type { CloudCore } from '../core/core.ts';
import { tokenOfMetadata } from '../core/token-ledger.ts';
import type { TransitionSubject } from '../core/transitions.ts';
import type { Catalogue } from './catalogue.ts';
import { fits } from './quotas.ts';
import type { QuotaBook } from './quotas.ts';
import type { Owner, Volume, VolumeRequest } from './volume.ts';

/** Cinder's word list for "may be deleted". */
const deletable: ReadonlySet<string> = new Set(['available', 'error', 'error_restoring', 'error_extending', 'error_managing']);

export interface VolumeUsage {
  readonly volumes: number;
  readonly gigabytes: number;
}

/** Cinder's state: volumes and what becomes of them. */
export interface Volumes {
  create(owner: Owner, request: VolumeRequest): Volume;
  find(id: string): Volume | undefined;
  /** @throws ApiError 404 */
  get(id: string): Volume;
  /** Newest first. */
  list(): readonly Volume[];
  /** Also with `force`, a volume that is being deleted already is left alone. */
  remove(volume: Volume, force?: boolean): void;
  extend(volume: Volume, sizeGb: number): void;
  /** Also while a server has it. */
  retype(volume: Volume, volumeType: string): void;
  /** Keeps the volume for a server that is about to attach it. */
  reserve(volume: Volume): void;
  unreserve(volume: Volume): void;
  /** Attaches at once. */
  attach(volume: Volume, serverId: string, device: string): void;
  /** Attaches after a while; `then` runs when it is done. */
  beginAttach(volume: Volume, serverId: string, device: string, then: () => void): void;
  /** Detaches at once. */
  detach(volume: Volume, serverId: string): void;
  /** Detaches after a while; `then` runs when it is done. */
  beginDetach(volume: Volume, serverId: string, then: () => void): void;
  update(volume: Volume, change: Partial<Pick<Volume, 'name' | 'description' | 'metadata' | 'bootable'>>): void;
  setStatus(volume: Volume, status: string): void;
  vanish(volume: Volume): void;
  usage(projectId: string): VolumeUsage;
  /** Volumes of which this is true cannot be deleted: they have snapshots. */
  keepWhile(isNeeded: (volume: Volume) => boolean): void;
  /** Runs once the volume is no longer being created, and at once if it is not. */
  whenSettled(id: string, run: () => void): void;
}

export function createVolumes(core: CloudCore, catalogue: Catalogue, quotas: QuotaBook): Volumes {
  const volumes = new Map<string, Volume>();
  const usageByProject = new Map<string, VolumeUsage>();
  const beingCreated = new Set<string>();
  const settledWaiters = new Map<string, (() => void)[]>();
  let isNeeded: (volume: Volume) => boolean = () => false;

  function settle(volume: Volume, outcome: string): void {
    beingCreated.delete(volume.id);
    core.builds.end('volume', volume.id, outcome);
    const waiters = settledWaiters.get(volume.id) ?? [];
    settledWaiters.delete(volume.id);
    for (const run of waiters) run();
  }

  function touch(volume: Volume, status: string): void {
    volume.status = status;
    volume.updatedAt = core.clock.now();
  }

  function drop(volume: Volume, outcome: string): void {
    core.transitions.cancel(volume.id);
    if (volumes.delete(volume.id)) account(volume.projectId, -1, -volume.sizeGb);
    settle(volume, outcome);
  }

  function setStatus(volume: Volume, status: string): void {
    core.transitions.cancel(volume.id);
    touch(volume, status);
    settle(volume, status);
  }

  function subjectOf(volume: Volume): TransitionSubject {
    return {
      id: volume.id,
      name: volume.name,
      drawKey: volume.drawKey,
      // A detour of a build keeps counting as a build: it still occupies the backend.
      showStatus: (status) => touch(volume, status),
      endInStatus: (status) => setStatus(volume, status),
      vanish: () => drop(volume, 'vanished'),
    };
  }

  function usage(projectId: string): VolumeUsage {
    return usageByProject.get(projectId) ?? { volumes: 0, gigabytes: 0 };
  }

  /** Kept along the way: counting anew for every create made a load test measure the cloud instead of its clients. */
  function account(projectId: string, volumeCount: number, sizeGb: number): void {
    const used = usage(projectId);
    usageByProject.set(projectId, { volumes: used.volumes + volumeCount, gigabytes: used.gigabytes + sizeGb });
  }

  function checkGigabytes(projectId: string, moreGb: number): void {
    const limit = quotas.of(projectId).gigabytes;
    const used = usage(projectId).gigabytes;
    if (fits(limit, used, moreGb)) return;
    throw overLimit(
      `VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. ` +
        `Requested ${moreGb}G, quota is ${limit}G and ${used}G has been consumed.`,
    );
  }

  function checkQuota(projectId: string, request: VolumeRequest): void {
    checkGigabytes(projectId, request.sizeGb);
    const limit = quotas.of(projectId).volumes;
    if (!fits(limit, usage(projectId).volumes, 1)) throw volumeLimit(limit, 'volumes');
    if (!core.builds.admit('volume', request.name)) throw volumeLimit(core.builds.limit('volume') ?? 0, 'volumes_creating');
  }

  function attach(volume: Volume, serverId: string, device: string): void {
    const id = core.random.uuid('attachment', volume.id, serverId, volume.updatedAt);
    volume.attachments.push({ id, serverId, device, attachedAt: core.clock.now() });
    touch(volume, 'in-use');
  }

  function detach(volume: Volume, serverId: string): void {
    volume.attachments = volume.attachments.filter((attachment) => attachment.serverId !== serverId);
    touch(volume, volume.attachments.length === 0 ? 'available' : 'in-use');
  }

  return {
    create(owner, request) {
      checkQuota(owner.projectId, request);
      const now = core.clock.now();
      const volume: Volume = {
        ...core.identify('volume', request.name),
        projectId: owner.projectId,
        userId: owner.userId,
        createdAt: now,
        updatedAt: now,
        name: request.name,
        description: request.description ?? null,
        status: 'creating',
        sizeGb: request.sizeGb,
        bootable: false,
        imageId: request.imageId,
        sourceVolumeId: request.sourceVolumeId,
        snapshotId: request.snapshotId,
        volumeType: request.volumeType ?? catalogue.defaultVolumeType.name,
        metadata: { ...request.metadata },
        attachments: [],
      };
      volumes.set(volume.id, volume);
      account(volume.projectId, 1, volume.sizeGb);
      beingCreated.add(volume.id);
      core.tokens.record('volume', volume.id, tokenOfMetadata(volume.metadata));
      core.builds.begin('volume', volume.id, volume.name);
      core.transitions.begin({
        name: 'volume.create',
        latency: 'volumeCreate',
        subject: subjectOf(volume),
        // A volume made from an image shows another word while the image is copied.
        ...(volume.imageId === undefined ? {} : { halfway: () => touch(volume, 'downloading') }),
        done: () => {
          volume.bootable = volume.imageId !== undefined || volumes.get(request.originId ?? '')?.bootable === true;
          touch(volume, 'available');
          settle(volume, 'available');
        },
      });
      return volume;
    },
    find: (id) => volumes.get(id),
    get(id) {
      const volume = volumes.get(id);
      if (volume === undefined) throw new ApiError(404, `Volume ${id} could not be found.`);
      return volume;
    },
    list: () => [...volumes.values()].toReversed(),
    remove(volume, force = false) {
      if (volume.status === 'deleting' && force) return;
      if (isNeeded(volume) || (!force && (!deletable.has(volume.status) || volume.attachments.length > 0))) {
        throw invalidVolume(
          'Volume status must be available or error or error_restoring or error_extending or error_managing and must not be migrating, ' +
            'attached, belong to a group, have snapshots, awaiting a transfer, or be disassociated from snapshots after volume transfer.',
        );
      }
      setStatus(volume, 'deleting');
      core.transitions.begin({
        name: 'volume.delete',
        latency: 'volumeDelete',
        subject: subjectOf(volume),
        done: () => drop(volume, 'deleted'),
      });
    },
    extend(volume, sizeGb) {
      if (volume.status !== 'available') {
        throw invalidVolume(`Volume ${volume.id} status must be 'available' to extend, currently ${volume.status}.`);
      }
      if (sizeGb <= volume.sizeGb) {
        throw new ApiError(
          400,
          `Invalid input received: New size for extend must be greater than current size. (current: ${volume.sizeGb}, extended: ${sizeGb}).`,
        );
      }
      checkGigabytes(volume.projectId, sizeGb - volume.sizeGb);
      touch(volume, 'extending');
      core.transitions.begin({
        name: 'volume.extend',
        latency: 'volumeExtend',
        subject: subjectOf(volume),
        done: () => {
          account(volume.projectId, 0, sizeGb - volume.sizeGb);
          volume.sizeGb = sizeGb;
          touch(volume, 'available');
        },
      });
    },
    retype(volume, volumeType) {
      const { status } = volume;
      if (status !== 'available' && status !== 'in-use') {
        throw invalidVolume(
          `Unable to update type due to incorrect status: ${status} on volume: ${volume.id}. Volume status must be available or in-use.`,
        );
      }
      if (volumeType === volume.volumeType) {
        throw new ApiError(400, `Invalid input received: New volume_type same as original: ${volumeType}.`);
      }
      touch(volume, 'retyping');
      core.transitions.begin({
        name: 'volume.retype',
        latency: 'volumeRetype',
        subject: subjectOf(volume),
        done: () => {
          volume.volumeType = volumeType;
          touch(volume, status);
        },
      });
    },
    reserve(volume) {
      if (volume.status !== 'available') {
        throw invalidVolume(`volume '${volume.id}' status must be 'available'. Currently in '${volume.status}' status.`);
      }
      touch(volume, 'reserved');
    },
    unreserve: (volume) => touch(volume, 'available'),
    attach,
    beginAttach(volume, serverId, device, then) {
      touch(volume, 'attaching');
      core.transitions.begin({
        name: 'volume.attach',
        latency: 'volumeAttach',
        subject: subjectOf(volume),
        done: () => {
          attach(volume, serverId, device);
          then();
        },
      });
    },
    detach,
    beginDetach(volume, serverId, then) {
      touch(volume, 'detaching');
      core.transitions.begin({
        name: 'volume.detach',
        latency: 'volumeDetach',
        subject: subjectOf(volume),
        done: () => {
          detach(volume, serverId);
          then();
        },
      });
    },
    update(volume, change) {
      Object.assign(volume, change);
      volume.updatedAt = core.clock.now();
    },
    setStatus,
    vanish: (volume) => drop(volume, 'vanished'),
    usage,
    keepWhile(condition) {
      isNeeded = condition;
    },
    whenSettled(id, run) {
      if (!beingCreated.has(id)) return run();
      settledWaiters.set(id, [...(settledWaiters.get(id) ?? []), run]);
    },
  };
}

function invalidVolume(reason: string): ApiError {
  return new ApiError(400, `Invalid volume: ${reason}`);
}

/**
 * Cinder answers every exceeded quota with 413 and `Retry-After: 0`. It has no quota on builds in progress; the limit of the simulated
 * cloud is worded as one, so that a client that can cope with the real service can cope with it.
 */
function volumeLimit(limit: number, resource: string): ApiError {
  return overLimit(`VolumeLimitExceeded: Maximum number of volumes allowed (${limit}) exceeded for quota '${resource}'.`);
}

function overLimit(message: string): ApiError {
  return new ApiError(413, message, { retryAfterSeconds: 0 });
}
