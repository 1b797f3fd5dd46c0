import { ApiError } from '../core/api-error.ts';
import type { CloudCore } from '../core/core.ts';
import { tokenOfDescription } from '../core/token-ledger.ts';
import { createAddressPool } from './address-pool.ts';
import type { Network, NetworkRequest, Subnet, SubnetRequest } from './network.ts';
import { demandRoom, type QuotaBook } from './quotas.ts';
import type { SecurityGroups } from './security-groups.ts';

/** The networks of the cloud, which nobody changes, those of projects, and their subnets. */
export interface Networks extends SecurityGroups {
  list(): readonly Network[];
  find(id: string): Network | undefined;
  /** @throws ApiError 404 NetworkNotFound */
  get(id: string): Network;
  findSubnet(id: string): Subnet | undefined;
  /** @throws ApiError 404 SubnetNotFound */
  getSubnet(id: string): Subnet;
  /** The one that servers get when they name none. */
  readonly internal: Network;
  readonly external: Network;
  create(projectId: string, request: NetworkRequest): Network;
  /** With its subnets. Whoever calls has seen that nothing is on it. */
  remove(network: Network): void;
  /** @throws ApiError 400 for an address range that is none or overlaps */
  createSubnet(projectId: string, request: SubnetRequest): Subnet;
  removeSubnet(subnet: Subnet): void;
}

const cidrPattern = /^(\d{1,3}(?:\.\d{1,3}){3})\/(\d{1,2})$/;

export function createNetworks(core: CloudCore, quotas: QuotaBook, groups: SecurityGroups): Networks {
  const createdAt = core.clock.now();

  function ofCloud(name: string, isExternal: boolean, address: string, prefixLength: number): Network {
    const id = core.random.uuid('network', name);
    const subnet: Subnet = {
      id: core.random.uuid('subnet', name),
      name: `${name}-subnet`,
      description: '',
      projectId: '',
      networkId: id,
      pool: createAddressPool(address, prefixLength),
      hasGateway: true,
      hasDhcp: true,
      nameservers: [],
      createdAt,
    };
    return { id, name, description: '', projectId: '', isExternal, mtu: 1500, subnets: [subnet], createdAt };
  }

  // Both ranges are reserved for private use and for benchmarks, and wide enough for any load test.
  const internal = ofCloud('private', false, '10.0.0.0', 14);
  const external = ofCloud('public', true, '198.18.0.0', 15);
  const all = new Map([internal, external].map((network) => [network.id, network]));
  const subnets = (): readonly Subnet[] => [...all.values()].flatMap((network) => network.subnets);

  function get(id: string): Network {
    const found = all.get(id);
    if (found === undefined) throw new ApiError(404, `Network ${id} could not be found.`, { type: 'NetworkNotFound' });
    return found;
  }

  return {
    ...groups,
    internal,
    external,
    list: () => [...all.values()],
    find: (id) => all.get(id),
    get,
    findSubnet: (id) => subnets().find((subnet) => subnet.id === id),
    getSubnet(id) {
      const found = subnets().find((subnet) => subnet.id === id);
      if (found === undefined) throw new ApiError(404, `Subnet ${id} could not be found.`, { type: 'SubnetNotFound' });
      return found;
    },
    create(projectId, { name = '', description = '', mtu = 1500 }) {
      demandRoom(quotas, projectId, 'network', [...all.values()]);
      const { id } = core.identify('network', name);
      const network: Network = { id, name, description, projectId, isExternal: false, mtu, subnets: [], createdAt: core.clock.now() };
      all.set(id, network);
      core.tokens.record('network', id, tokenOfDescription(description));
      return network;
    },
    remove: (network) => void all.delete(network.id),
    createSubnet(projectId, request) {
      const network = get(request.networkId);
      demandRoom(quotas, projectId, 'subnet', subnets());
      const [, address = '', prefix = ''] = cidrPattern.exec(request.cidr) ?? [];
      const isServed = Number(prefix) >= 8 && Number(prefix) <= 29;
      if (!isServed) throw invalid(`'${request.cidr}' is not a valid IP subnet, or none of this cloud`);
      const pool = createAddressPool(address, Number(prefix));
      if (network.subnets.some((subnet) => subnet.pool.cidr === pool.cidr))
        throw invalid(`Requested subnet with cidr: ${pool.cidr} for network: ${network.id} overlaps with another subnet.`);
      if (typeof request.gateway === 'string' && request.gateway !== pool.gateway)
        throw invalid(`Gateway ${request.gateway} is not the first address of ${pool.cidr}`);
      const { name = '', description = '', hasDhcp = true, nameservers = [] } = request;
      const subnet: Subnet = {
        id: core.identify('subnet', name).id,
        name,
        description,
        projectId,
        networkId: network.id,
        pool,
        hasGateway: request.gateway !== null,
        hasDhcp,
        nameservers,
        createdAt: core.clock.now(),
      };
      network.subnets = [...network.subnets, subnet];
      core.tokens.record('subnet', subnet.id, tokenOfDescription(description));
      return subnet;
    },
    removeSubnet(subnet) {
      const network = get(subnet.networkId);
      network.subnets = network.subnets.filter((one) => one !== subnet);
    },
  };
}

function invalid(why: string): ApiError {
  return new ApiError(400, `Invalid input for operation: ${why}.`, { type: 'InvalidInput' });
}
