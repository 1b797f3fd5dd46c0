import { ApiError } from '../core/api-error.ts';
import type { CloudCore } from '../core/core.ts';
import { tokenOfDescription } from '../core/token-ledger.ts';
import type { Port, PortRequest } from './network.ts';
import type { Networks } from './networks.ts';
import { demandRoom } from './quotas.ts';
import type { QuotaBook } from './quotas.ts';

export interface Ports {
  create(projectId: string, request: PortRequest): Port;
  find(id: string): Port | undefined;
  /** @throws ApiError 404 PortNotFound */
  get(id: string): Port;
  /** Newest first. */
  list(): readonly Port[];
  ofDevice(deviceId: string): readonly Port[];
  update(
    port: Port,
    change: Partial<Pick<Port, 'name' | 'description' | 'deviceId' | 'deviceOwner' | 'securityGroupIds' | 'status'>>,
  ): void;
  remove(port: Port): void;
  /** Called for every port that goes away, whatever the reason. */
  onRemoved(listener: (port: Port) => void): void;
}

/** Whom a port of a router says it belongs to. */
export const routerInterface = 'network:router_interface';

export function createPorts(core: CloudCore, networks: Networks, quotas: QuotaBook): Ports {
  const ports = new Map<string, Port>();
  const listeners: ((port: Port) => void)[] = [];
  const list = (): readonly Port[] => [...ports.values()].toReversed();

  function groupsOf(projectId: string, wanted: readonly string[] | undefined): readonly string[] {
    const references = wanted ?? ['default'];
    return references.map((reference) => {
      const group = networks.findSecurityGroup(projectId, reference);
      if (group === undefined) throw new ApiError(404, `Security group ${reference} does not exist`, { type: 'SecurityGroupNotFound' });
      return group.id;
    });
  }

  function addressOf(request: PortRequest): Pick<Port, 'subnetId' | 'address'> {
    const { networkId, subnetId, address: wanted } = request;
    const subnets = networks.get(networkId).subnets.filter(({ id }) => subnetId === undefined || id === subnetId);
    if (wanted === undefined) {
      if (subnets.length === 0 && subnetId === undefined) return { subnetId: '', address: '' };
      for (const { id, pool } of subnets) {
        const address = pool.allocate();
        if (address !== undefined) return { subnetId: id, address };
      }
      throw new ApiError(409, `No more IP addresses available on network ${networkId}.`, { type: 'IpAddressGenerationFailure' });
    }
    // that of the gateway is outside of the pool, so only a router can have it
    const gateway = subnets.find(({ pool }) => request.deviceOwner === routerInterface && pool.gateway === wanted);
    const subnet = gateway ?? subnets.find(({ pool }) => pool.claim(wanted));
    if (subnet !== undefined) return { subnetId: subnet.id, address: wanted };
    throw new ApiError(409, `IP address ${wanted} already allocated in subnet or outside of it`, { type: 'IpAddressAlreadyAllocated' });
  }

  return {
    create(projectId, request) {
      demandRoom(quotas, projectId, 'port', list());
      const network = networks.get(request.networkId);
      const securityGroupIds = groupsOf(projectId, request.securityGroupIds);
      const place = addressOf(request);
      const identity = core.identify('port', request.name ?? '');
      const mac = core.random.hex(6, 'mac', identity.id).match(/../g)?.join(':') ?? '';
      const now = core.clock.now();
      const port: Port = {
        ...identity,
        projectId,
        networkId: network.id,
        ...place,
        macAddress: `fa:16:3e:${mac}`,
        createdAt: now,
        updatedAt: now,
        name: request.name ?? '',
        description: request.description ?? '',
        status: 'DOWN',
        deviceId: request.deviceId ?? '',
        deviceOwner: request.deviceOwner ?? '',
        securityGroupIds,
      };
      ports.set(port.id, port);
      core.tokens.record('port', port.id, tokenOfDescription(port.description));
      return port;
    },
    find: (id) => ports.get(id),
    get(id) {
      const port = ports.get(id);
      if (port === undefined) throw new ApiError(404, `Port ${id} could not be found.`, { type: 'PortNotFound' });
      return port;
    },
    list,
    ofDevice: (deviceId) => list().filter((port) => port.deviceId === deviceId),
    update(port, change) {
      const given = change.securityGroupIds;
      const groups = given === undefined ? {} : { securityGroupIds: groupsOf(port.projectId, given) };
      Object.assign(port, change, groups, { updatedAt: core.clock.now() });
    },
    remove(port) {
      if (!ports.delete(port.id)) return;
      networks.findSubnet(port.subnetId)?.pool.release(port.address);
      for (const listener of listeners) listener(port);
    },
    onRemoved: (listener) => void listeners.push(listener),
  };
}
