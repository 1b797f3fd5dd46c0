import { z } from 'zod';
import { remove, unlessMissing } from './removal.ts';
import type { Removal } from './removal.ts';
import type { CallOptions, Session } from './session.ts';
import { findOrCreate, tokenOf, volumeTokenFilter, withToken } from './tokens.ts';
import type { Made } from './tokens.ts';

export interface Volume {
  readonly id: string;
  readonly name: string;
  /** Cinder's word, one of `volumeStates` unless the cloud has invented one. */
  readonly status: string;
  readonly sizeGb: number;
  readonly isBootable: boolean;
  readonly volumeType: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly token: string | undefined;
  readonly attachments: readonly { readonly serverId: string; readonly device: string }[];
}

export interface NewVolume {
  /** Same for every attempt, different for every volume. */
  readonly token: string;
  readonly name: string;
  readonly sizeGb: number;
  readonly description?: string | undefined;
  /** Makes a volume that a server can boot from. */
  readonly imageId?: string | undefined;
  /** Makes a copy of this snapshot, at least of its size. */
  readonly snapshotId?: string | undefined;
  readonly volumeType?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

export interface VolumeCalls {
  /** Finds the volume of this token or creates it. May be called again after any failure. */
  createVolume(wanted: NewVolume, options?: CallOptions): Promise<Made<Volume>>;
  findVolumeByToken(token: string, options?: CallOptions): Promise<Volume | undefined>;
  /** @throws BackendError `not_found` */
  getVolume(id: string, options?: CallOptions): Promise<Volume>;
  /** Undefined if there is no such volume. */
  findVolume(id: string, options?: CallOptions): Promise<Volume | undefined>;
  /** Success also if it is gone or on its way. @throws BackendError `bad_request` if its state forbids it, as when it is attached */
  deleteVolume(id: string, options?: CallOptions): Promise<Removal>;
}

const volumeSchema = z
  .object({
    id: z.string(),
    name: z.string().nullish(),
    status: z.string(),
    size: z.number(),
    bootable: z.string().nullish(),
    volume_type: z.string().nullish(),
    metadata: z.record(z.string(), z.string()).default({}),
    attachments: z.array(z.object({ server_id: z.string(), device: z.string().nullish() })).default([]),
  })
  .transform((volume): Volume => ({
    id: volume.id,
    name: volume.name ?? '',
    status: volume.status,
    sizeGb: volume.size,
    isBootable: volume.bootable === 'true',
    volumeType: volume.volume_type ?? undefined,
    metadata: volume.metadata,
    token: tokenOf(volume.metadata),
    attachments: volume.attachments.map((attachment) => ({ serverId: attachment.server_id, device: attachment.device ?? '' })),
  }));

const one = z.object({ volume: volumeSchema });
const many = z.object({ volumes: z.array(volumeSchema) });

export function createVolumeCalls(session: Session): VolumeCalls {
  async function getVolume(id: string, { signal }: CallOptions = {}): Promise<Volume> {
    const { volume } = await session.call({ service: 'volume', method: 'GET', path: `/volumes/${encodeURIComponent(id)}`, signal }, one);
    return volume;
  }

  async function findVolumeByToken(token: string, { signal }: CallOptions = {}): Promise<Volume | undefined> {
    const query = { metadata: volumeTokenFilter(token) };
    const { volumes } = await session.call({ service: 'volume', method: 'GET', path: '/volumes/detail', query, signal }, many);
    // A cloud that does not know the filter lists everything: the metadata decides.
    return volumes.filter((volume) => volume.token === token).at(-1);
  }

  return {
    getVolume,
    findVolumeByToken,
    findVolume: (id, options) => unlessMissing(getVolume(id, options)),
    createVolume: (wanted, options = {}) =>
      findOrCreate(
        () => findVolumeByToken(wanted.token, options),
        async () => {
          const body = {
            volume: {
              name: wanted.name,
              size: wanted.sizeGb,
              description: wanted.description,
              imageRef: wanted.imageId,
              snapshot_id: wanted.snapshotId,
              volume_type: wanted.volumeType,
              metadata: withToken(wanted.metadata, wanted.token),
            },
          };
          const { volume } = await session.call({ service: 'volume', method: 'POST', path: '/volumes', body, ...options }, one);
          return volume;
        },
      ),
    deleteVolume: (id, options = {}) =>
      remove(
        () => session.send({ service: 'volume', method: 'DELETE', path: `/volumes/${encodeURIComponent(id)}`, ...options }),
        async () => {
          const volume = await unlessMissing(getVolume(id, options));
          if (volume === undefined) return 'gone';
          return volume.status === 'deleting' ? 'underWay' : undefined;
        },
      ),
  };
}
