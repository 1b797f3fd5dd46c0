import { handle, type Handler, withPatch } from '@troupe/task';
import type { Backend, Network } from '../backend/index.ts';
import * as contracts from './contracts.ts';
import { missing, told } from './told.ts';

export function networkHandlers(backend: Backend): Handler[] {
  const networkOf = async (nameOrId: string, signal: AbortSignal): Promise<Network> => {
    const networks = await told(backend.listNetworks({ signal }));
    const found = networks.find(({ name, id }) => name === nameOrId || id === nameOrId);
    if (found === undefined) throw missing('network', nameOrId);
    return found;
  };

  return [
    handle(contracts.createPorts, async ({ name, ports }, { signal }) => {
      const portIds: string[] = [];
      for (const { token, network } of ports) {
        const { id: networkId } = await networkOf(network, signal);
        portIds.push((await told(backend.createPort({ token, networkId, name }, { signal }))).item.id);
      }
      return withPatch({ portIds }, { data: { portIds } });
    }),
    handle(contracts.releasePorts, async ({ tokens }, { signal }) => {
      let released = 0;
      for (const token of tokens) {
        const idle = (await told(backend.listPorts({ token }, { signal }))).filter(({ deviceId }) => deviceId === '');
        for (const { id } of idle) await told(backend.deletePort(id, { signal }));
        released += idle.length;
      }
      return { released };
    }),
    handle(contracts.deletePorts, async ({ serverId, portIds }, { signal }) => {
      const ofServer = serverId === undefined ? [] : await told(backend.listPorts({ deviceId: serverId }, { signal }));
      const ids = new Set([...ofServer.map(({ id }) => id), ...portIds]);
      for (const id of ids) await told(backend.deletePort(id, { signal }));
      return { ports: ids.size };
    }),
    handle(contracts.createFloatingIp, async ({ network = 'public' }, { idempotencyToken, signal }) => {
      const { id: networkId } = await networkOf(network, signal);
      const { item } = await told(backend.createFloatingIp({ token: idempotencyToken, networkId }, { signal }));
      return withPatch(
        { backendId: item.id, address: item.address },
        { backendId: item.id, runtimeState: item.status, data: { address: item.address } },
      );
    }),
    handle(contracts.pushFloatingIps, async ({ backendIds, portIds }, { signal }) => {
      for (const [i, backendId] of backendIds.entries()) await told(backend.associateFloatingIp(backendId, portIds[i]!, { signal }));
      return { pushed: backendIds.length };
    }),
    handle(contracts.pullFloatingIp, async ({ backendId }, { signal }) => {
      const ip = await told(backend.findFloatingIp(backendId, { signal }));
      if (ip === undefined) throw missing('floating IP', backendId);
      return withPatch({ status: ip.status }, { runtimeState: ip.status, data: { address: ip.address } });
    }),
    handle(contracts.deleteFloatingIp, async ({ backendId }, { signal }) => ({
      how: await told(backend.deleteFloatingIp(backendId, { signal })),
    })),
    handle(contracts.pullAddresses, async (_input, { signal }) => {
      const addresses = (await told(backend.listFloatingIps({}, { signal }))).map(({ address }) => address).sort();
      return withPatch({ addresses: addresses.length }, { data: { addresses } });
    }),
  ];
}
