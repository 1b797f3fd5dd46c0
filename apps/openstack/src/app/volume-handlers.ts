import { handle, type Handler, withPatch } from '@troupe/task';
import type { Backend } from '../backend/index.ts';
import * as contracts from './contracts.ts';
import { missing, told } from './told.ts';

export function volumeHandlers(backend: Backend): Handler[] {
  return [
    handle(contracts.createVolume, async ({ name, sizeGb, image }, { idempotencyToken, signal }) => {
      const found = image === undefined ? undefined : await told(backend.findImage(image, { signal }));
      if (image !== undefined && found === undefined) throw missing('image', image);
      const options = found === undefined ? {} : { imageId: found.id };
      const { item } = await told(backend.createVolume({ token: idempotencyToken, name, sizeGb, ...options }, { signal }));
      return withPatch({ backendId: item.id }, { backendId: item.id, runtimeState: item.status });
    }),
    handle(contracts.pullVolume, async ({ backendId }, { signal }) => {
      const volume = await told(backend.findVolume(backendId, { signal }));
      if (volume === undefined) throw missing('volume', backendId);
      const [attachment] = volume.attachments;
      const data = {
        sizeGb: volume.sizeGb,
        attachedTo: attachment?.serverId ?? null,
        device: attachment?.device ?? null,
        volumeType: volume.volumeType ?? null,
      };
      return withPatch({ status: volume.status }, { runtimeState: volume.status, data });
    }),
    handle(contracts.deleteVolume, async ({ backendId }, { signal }) => ({
      how: await told(backend.deleteVolume(backendId, { signal })),
    })),
    handle(contracts.isVolumeGone, async ({ backendId }, { signal }) => {
      const volume = await told(backend.findVolume(backendId, { signal }));
      if (volume?.status === 'error_deleting')
        return { done: false, failed: true, message: `the cloud could not delete volume ${backendId}` };
      return { done: volume === undefined };
    }),
    handle(contracts.detachVolume, async ({ serverId, backendId }, { signal }) => ({
      how: await told(backend.detachVolume(serverId, backendId, { signal })),
    })),
  ];
}
