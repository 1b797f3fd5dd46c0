import { handle, type Handler, withPatch } from '@troupe/task';
import { type Backend, isBackendError } from '../backend/index.ts';
import * as contracts from './resize-contracts.ts';
import { told } from './told.ts';

export function resizeHandlers(backend: Backend): Handler[] {
  return [
    handle(contracts.resizeServer, async ({ backendId, flavor }, { signal }) => ({
      how: await told(backend.resizeServer(backendId, flavor, { signal })),
    })),
    handle(contracts.confirmResize, async ({ backendId, flavor }, { attempt, signal }) => {
      const how = await backend.confirmResize(backendId, { signal }).catch((error: unknown) => {
        // the answer to an earlier attempt was lost, and the cloud is at it: the next look will tell
        if (attempt > 1 && isBackendError(error, 'bad_request')) return 'underWay' as const;
        return told(Promise.reject(error as Error));
      });
      return withPatch({ how }, { data: { flavor } });
    }),
    handle(contracts.revertResize, async ({ backendId }, { signal }) => ({
      how: await told(backend.revertResize(backendId, { signal })),
    })),
  ];
}
