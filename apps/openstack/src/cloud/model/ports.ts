import { ApiError } from '../core/api-error.ts';
import type { CloudCore } from '../core/core.ts';
import { tokenOfDescription } from '../core/token-ledger.ts';
import type { Port, PortRequest } from './network.ts';
import type { Networks } from './networks.ts';
import { fits } from './quotas.ts';
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

  function addressOf(networkId: string, wanted: string | undefined): string {
    const { pool } = networks.get(networkId).subnet;
    if (wanted === undefined) {
      const address = pool.allocate();
      if (address !== undefined) return address;
      throw new ApiError(409, `No more IP addresses available on network ${networkId}.`, { type: 'IpAddressGenerationFailure' });
    }
    if (pool.claim(wanted)) return wanted;
    throw new ApiError(409, `IP address ${wanted} already allocated in subnet or outside of it`, { type: 'IpAddressAlreadyAllocated' });
  }

  return {
    create(projectId, request) {
      const limit = quotas.of(projectId).port;
      const used = list().filter((port) => port.projectId === projectId).length;
      if (!fits(limit, used, 1)) throw new ApiError(409, `Quota exceeded for resources: ['port'].`, { type: 'OverQuota' });
      const network = networks.get(request.networkId);
      const securityGroupIds = groupsOf(projectId, request.securityGroupIds);
      const address = addressOf(network.id, request.address);
      const identity = core.identify('port', request.name ?? '');
      const mac = core.random.hex(6, 'mac', identity.id).match(/../g)?.join(':') ?? '';
      const now = core.clock.now();
      const port: Port = {
        ...identity,
        projectId,
        networkId: network.id,
        subnetId: network.subnet.id,
        address,
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
      networks.get(port.networkId).subnet.pool.release(port.address);
      for (const listener of listeners) listener(port);
    },
    onRemoved: (listener) => void listeners.push(listener),
  };
}
