import { handle, type Handler, withPatch } from '@troupe/task';
import type { Backend } from '../backend/index.ts';
import * as contracts from './contracts.ts';
import { missing, told } from './told.ts';

export function serverHandlers(backend: Backend): Handler[] {
  return [
    handle(contracts.createServer, async ({ name, flavor, volumeIds, portIds, serverGroup }, { idempotencyToken, signal }) => {
      const [bootVolumeId, ...dataVolumeIds] = volumeIds as [string, ...string[]];
      const wanted = {
        token: idempotencyToken,
        name,
        flavorId: flavor,
        bootVolumeId,
        deleteBootVolume: true,
        dataVolumeIds,
        portIds,
        serverGroupId: serverGroup,
      };
      const { item } = await told(backend.createServer(wanted, { signal }));
      return withPatch({ backendId: item.id }, { backendId: item.id, runtimeState: item.state });
    }),
    handle(contracts.pullServer, async ({ backendId }, { signal }) => {
      const server = await told(backend.findServer(backendId, { signal }));
      if (server === undefined) throw missing('server', backendId);
      return withPatch({ status: server.state }, { runtimeState: server.state });
    }),
    handle(contracts.pullGroups, async ({ backendId }, { signal }) => {
      const groups = await told(backend.listServerSecurityGroups(backendId, { signal }));
      const securityGroups = [...new Set(groups.map(({ name }) => name))].sort();
      return withPatch({ groups: securityGroups.length }, { data: { securityGroups } });
    }),
    handle(contracts.pullServerGroup, async ({ backendId }, { signal }) => {
      const serverGroup = (await told(backend.findServerGroupOf(backendId, { signal })))?.id ?? null;
      return withPatch({ serverGroup }, { data: { serverGroup } });
    }),
    handle(contracts.deleteServer, async ({ backendId }, { signal }) => ({
      how: await told(backend.deleteServer(backendId, { signal })),
    })),
    handle(contracts.isServerGone, async ({ backendId }, { signal }) => {
      const server = await told(backend.findServer(backendId, { signal }));
      // a broken machine says ERROR also while it is being deleted
      if (server?.state === 'ERROR' && server.taskState === undefined) {
        return { done: false, failed: true, message: `the cloud could not delete server ${backendId}` };
      }
      return { done: server === undefined || server.state === 'DELETED' };
    }),
    handle(contracts.startServer, async ({ backendId }, { signal }) => ({
      how: await told(backend.startServer(backendId, { signal })),
    })),
    handle(contracts.stopServer, async ({ backendId }, { signal }) => ({
      how: await told(backend.stopServer(backendId, { signal })),
    })),
    handle(contracts.rebootServer, {
      run: async ({ backendId }, { signal }) => ({ how: await told(backend.rebootServer(backendId, 'SOFT', { signal })) }),
      // a machine that is rebooting, or was just told to, shows it; one that is up tells nothing of the past
      async reconcile({ backendId }, { signal }) {
        const server = await told(backend.getServer(backendId, { signal }));
        return server.state === 'REBOOT' || server.state === 'HARD_REBOOT' ? { found: { how: 'underWay' } } : { found: 'unknown' };
      },
    }),
  ];
}
