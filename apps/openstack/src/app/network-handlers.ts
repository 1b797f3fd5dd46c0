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
    handle(contracts.createPort, async ({ token, name, network = 'private' }, { signal }) => {
      const { id: networkId } = await networkOf(network, signal);
      const { item } = await told(backend.createPort({ token, networkId, name }, { signal }));
      return withPatch({ portId: item.id }, { data: { portId: item.id } });
    }),
    handle(contracts.releasePorts, async ({ token }, { signal }) => {
      const idle = (await told(backend.listPorts({ token }, { signal }))).filter(({ deviceId }) => deviceId === '');
      for (const { id } of idle) await told(backend.deletePort(id, { signal }));
      return { released: idle.length };
    }),
    handle(contracts.deletePorts, async ({ serverId, portId }, { signal }) => {
      const ofServer = serverId === undefined ? [] : await told(backend.listPorts({ deviceId: serverId }, { signal }));
      const ids = new Set([...ofServer.map(({ id }) => id), ...(portId === undefined ? [] : [portId])]);
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
    handle(contracts.pushFloatingIp, async ({ backendId, portId }, { signal }) => {
      const { status } = await told(backend.associateFloatingIp(backendId, portId, { signal }));
      return { status };
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
