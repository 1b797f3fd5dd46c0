import { ApiError } from '../core/api-error.ts';
import { deviceName } from './server-build.ts';
import { demandState } from './server-store.ts';
import type { ServerStore } from './server-store.ts';
import type { Server, ServerDisk } from './server.ts';
import type { Volumes } from './volumes.ts';

export interface AttachRequest {
  readonly volumeId: string;
  readonly device?: string | undefined;
  readonly tag?: string | undefined;
  readonly deleteOnTermination?: boolean | undefined;
}

export interface ServerDisks {
  attachVolume(server: Server, request: AttachRequest): ServerDisk;
  detachVolume(server: Server, volumeId: string): void;
  /** @throws ApiError 404 if the volume is not attached to the server */
  diskOf(server: Server, volumeId: string): ServerDisk;
}

export function createServerDisks(store: ServerStore, volumes: Volumes): ServerDisks {
  function diskOf(server: Server, volumeId: string): ServerDisk {
    const disk = server.disks.find((candidate) => candidate.volumeId === volumeId);
    if (disk === undefined) throw new ApiError(404, `Instance ${server.id} is not attached to volume ${volumeId}.`);
    return disk;
  }

  function freeDevice(server: Server): string {
    const used = new Set(server.disks.map((disk) => disk.device));
    // A server that boots from an image has its root disk on the first device, though no volume is behind it.
    if (server.imageId !== undefined) used.add(deviceName(0));
    for (let index = 0; ; index += 1) if (!used.has(deviceName(index))) return deviceName(index);
  }

  return {
    attachVolume(server, { volumeId, device, tag, deleteOnTermination }) {
      demandState(server, 'attach_volume', ['active', 'stopped']);
      const volume = volumes.get(volumeId);
      volumes.reserve(volume);
      const disk: ServerDisk = {
        volumeId,
        device: device ?? freeDevice(server),
        isRoot: false,
        deleteOnTermination: deleteOnTermination ?? false,
        tag: tag ?? null,
      };
      server.disks = [...server.disks, disk];
      volumes.beginAttach(volume, server.id, disk.device, () => {
        // The server went away meanwhile, and took nothing along: the volume was not attached yet.
        if (!store.holds(server)) volumes.detach(volume, server.id);
      });
      return disk;
    },
    detachVolume(server, volumeId) {
      const disk = diskOf(server, volumeId);
      demandState(server, 'detach_volume', ['active', 'stopped']);
      if (disk.isRoot) throw new ApiError(403, 'Cannot detach a root device volume');
      const volume = volumes.get(volumeId);
      if (volume.status !== 'in-use') {
        throw new ApiError(
          400,
          `Invalid volume: Unable to detach volume. Volume status must be 'in-use' and attach_status must be 'attached' to detach.`,
        );
      }
      volumes.beginDetach(volume, server.id, () => {
        server.disks = server.disks.filter((candidate) => candidate.volumeId !== volumeId);
      });
    },
    diskOf,
  };
}
