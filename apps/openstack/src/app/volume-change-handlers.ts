import { handle, type Handler, withPatch } from '@troupe/task';
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
  ];
}
