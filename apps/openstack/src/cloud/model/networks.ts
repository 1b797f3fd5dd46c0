import { ApiError } from '../core/api-error.ts';
import type { CloudCore } from '../core/core.ts';
import { createAddressPool } from './address-pool.ts';
import type { Network, SecurityGroup, SecurityGroupRule } from './network.ts';

/** The networks of the cloud, which nobody changes, and the security groups, which every project has. */
export interface Networks {
  list(): readonly Network[];
  find(id: string): Network | undefined;
  /** @throws ApiError 404 NetworkNotFound */
  get(id: string): Network;
  /** The one that servers get when they name none. */
  readonly internal: Network;
  readonly external: Network;
  securityGroupsOf(projectId: string): readonly SecurityGroup[];
  /** By id or, as Nova allows, by name. */
  findSecurityGroup(projectId: string, reference: string): SecurityGroup | undefined;
}

const groupTemplates: readonly { readonly name: string; readonly description: string; readonly ports: readonly number[] }[] = [
  { name: 'default', description: 'Default security group', ports: [] },
  { name: 'ssh', description: 'Remote login', ports: [22] },
  { name: 'web', description: 'Web server', ports: [80, 443] },
];

export function createNetworks(core: CloudCore): Networks {
  const createdAt = core.clock.now();

  function network(name: string, isExternal: boolean, address: string, prefixLength: number): Network {
    const id = core.random.uuid('network', name);
    const pool = createAddressPool(address, prefixLength);
    const subnet = { id: core.random.uuid('subnet', name), name: `${name}-subnet`, networkId: id, pool, createdAt };
    return { id, name, isExternal, subnet, createdAt };
  }

  // Both ranges are reserved for private use and for benchmarks, and wide enough for any load test.
  const internal = network('private', false, '10.0.0.0', 14);
  const external = network('public', true, '198.18.0.0', 15);
  const all = [internal, external];
  const groups = new Map<string, readonly SecurityGroup[]>();

  function rulesOf(groupId: string, ports: readonly number[]): readonly SecurityGroupRule[] {
    const rule = (direction: 'ingress' | 'egress', port: number | null): SecurityGroupRule => ({
      id: core.random.uuid('security group rule', groupId, direction, port ?? 'any'),
      direction,
      protocol: port === null ? null : 'tcp',
      portMin: port,
      portMax: port,
      remotePrefix: port === null ? null : '0.0.0.0/0',
    });
    return [rule('egress', null), ...ports.map((port) => rule('ingress', port))];
  }

  function securityGroupsOf(projectId: string): readonly SecurityGroup[] {
    const known = groups.get(projectId);
    if (known !== undefined) return known;
    const made = groupTemplates.map(({ name, description, ports }): SecurityGroup => {
      const id = core.random.uuid('security group', projectId, name);
      return { id, projectId, name, description, rules: rulesOf(id, ports), createdAt };
    });
    groups.set(projectId, made);
    return made;
  }

  const find = (id: string): Network | undefined => all.find((candidate) => candidate.id === id);
  return {
    internal,
    external,
    list: () => all,
    find,
    get(id) {
      const found = find(id);
      if (found === undefined) throw new ApiError(404, `Network ${id} could not be found.`, { type: 'NetworkNotFound' });
      return found;
    },
    securityGroupsOf,
    findSecurityGroup: (projectId, reference) =>
      securityGroupsOf(projectId).find((group) => group.id === reference || group.name === reference),
  };
}
