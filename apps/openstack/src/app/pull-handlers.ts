import { handle, type Handler, withPatch } from '@troupe/task';
import type { Backend } from '../backend/index.ts';
import * as contracts from './pull-contracts.ts';
import { missing, told } from './told.ts';

export function pullHandlers(backend: Backend, admin: Backend): Handler[] {
  const portIdsOf = async (deviceId: string, signal: AbortSignal): Promise<string[]> =>
    (await told(backend.listPorts({ deviceId }, { signal }))).map(({ id }) => id).sort();

  return [
    handle(contracts.tenantExists, async ({ backendId }, { signal }) => {
      if (!(await told(admin.projectExists(backendId, { signal })))) throw missing('project', backendId);
      return { exists: true };
    }),
    handle(contracts.pullServerPorts, async ({ backendId }, { signal }) => {
      const portIds = await portIdsOf(backendId, signal);
      return withPatch({ ports: portIds.length }, { data: { portIds } });
    }),
    handle(contracts.pullServerAddresses, async ({ backendId }, { signal }) => {
      const portIds = new Set(await portIdsOf(backendId, signal));
      const ips = await told(backend.listFloatingIps({}, { signal }));
      const addresses = ips.flatMap(({ portId, address }) => (portId !== undefined && portIds.has(portId) ? [address] : [])).sort();
      return withPatch({ addresses: addresses.length }, { data: { addresses } });
    }),
  ];
}
