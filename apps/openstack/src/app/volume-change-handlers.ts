import { Fatal, handle, type Handler, withPatch } from '@troupe/task';
import type { Backend } from '../backend/index.ts';
import { told } from './told.ts';
import * as contracts from './volume-contracts.ts';

export function volumeChangeHandlers(backend: Backend): Handler[] {
  return [
    handle(contracts.createFromSnapshot, async (wanted, { idempotencyToken: token, signal }) => {
      const { item } = await told(backend.createVolume({ token, ...wanted }, { signal }));
      return withPatch({ backendId: item.id }, { backendId: item.id, runtimeState: item.status });
    }),
    handle(contracts.clearBootFlag, async ({ backendId }, { signal }) => ({
      how: await told(backend.setBootable(backendId, false, { signal })),
    })),
    handle(contracts.extendVolume, async ({ backendId, sizeGb }, { signal }) => ({
      how: await told(backend.extendVolume(backendId, sizeGb, { signal })),
    })),
    handle(contracts.attachVolume, async ({ backendId, serverId, device }, { signal }) => ({
      how: await told(backend.attachVolume(serverId, backendId, { device, signal })),
    })),
    handle(contracts.retypeVolume, async ({ backendId, volumeType }, { signal }) => ({
      how: await told(backend.retypeVolume(backendId, volumeType, { signal })),
    })),
    handle(contracts.checkType, async ({ backendId, volumeType }, { signal }) => {
      const volume = await told(backend.getVolume(backendId, { signal }));
      if (volume.volumeType !== volumeType)
        throw new Fatal(`the cloud left volume ${backendId} of type ${volume.volumeType}`, { code: 'type_unchanged' });
      return withPatch({ volumeType }, { runtimeState: volume.status, data: { volumeType } });
    }),
  ];
}
