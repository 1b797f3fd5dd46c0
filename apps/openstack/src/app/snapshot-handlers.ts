import { handle, type Handler, withPatch } from '@troupe/task';
import type { Backend } from '../backend/index.ts';
import * as contracts from './snapshot-contracts.ts';
import { missing, told } from './told.ts';

export function snapshotHandlers(backend: Backend): Handler[] {
  return [
    handle(contracts.createSnapshot, async ({ name, volumeId, force }, { idempotencyToken: token, signal }) => {
      const { item } = await told(backend.createSnapshot({ token, name, volumeId, force }, { signal }));
      return withPatch({ backendId: item.id }, { backendId: item.id, runtimeState: item.status });
    }),
    handle(contracts.pullSnapshot, async ({ backendId }, { signal }) => {
      const snapshot = await told(backend.findSnapshot(backendId, { signal }));
      if (snapshot === undefined) throw missing('snapshot', backendId);
      return withPatch({ status: snapshot.status }, { runtimeState: snapshot.status, data: { sizeGb: snapshot.sizeGb } });
    }),
    handle(contracts.deleteSnapshot, async ({ backendId }, { signal }) => ({
      how: await told(backend.deleteSnapshot(backendId, { signal })),
    })),
    handle(contracts.isSnapshotGone, async ({ backendId }, { signal }) => {
      const snapshot = await told(backend.findSnapshot(backendId, { signal }));
      if (snapshot?.status === 'error_deleting')
        return { done: false, failed: true, message: `the cloud could not delete snapshot ${backendId}` };
      return { done: snapshot === undefined };
    }),
  ];
}
