import { z } from 'zod';
import { isBackendError } from './errors.ts';
import { remove } from './removal.ts';
import type { Removal } from './removal.ts';
import type { SecurityGroupRule } from './security-groups.ts';
import type { CallOptions, Session } from './session.ts';
import { findOrCreate, tokenDescription } from './tokens.ts';
import type { Made } from './tokens.ts';

/** Where a new object of Neutron belongs, and how a repeated create finds it: by the token, which is its description. */
interface NewInProject {
  /** Same for every attempt, different for every object. */
  readonly token: string;
  readonly projectId: string;
  readonly name: string;
}

export interface NewSubnet extends NewInProject {
  readonly networkId: string;
  readonly cidr: string;
  readonly nameservers?: readonly string[] | undefined;
}

export interface NewRouter extends NewInProject {
  /** Gives it a gateway. */
  readonly externalNetworkId?: string | undefined;
}

export interface Route {
  readonly destination: string;
  readonly nexthop: string;
}

/** What Neutron has for a project, as far as a removal needs it. */
export interface ProjectObject {
  readonly id: string;
  readonly name: string;
  /** Of ports: `network:…` for those of the cloud itself, which go with what they serve. */
  readonly deviceOwner: string;
  readonly deviceId: string;
  readonly subnetIds: readonly string[];
  /** Of routers. */
  readonly routes: readonly Route[];
}

/** Neutron's collections, as they stand in its addresses. */
export type NetworkCollection = 'networks' | 'subnets' | 'routers' | 'security-groups' | 'ports' | 'floatingips';

/** Neutron for the projects of others: for admins. Creates may be called again after any failure. */
export interface NetworkCalls {
  createNetwork(wanted: NewInProject, options?: CallOptions): Promise<Made<ProjectObject>>;
  createSubnet(wanted: NewSubnet, options?: CallOptions): Promise<Made<ProjectObject>>;
  createRouter(wanted: NewRouter, options?: CallOptions): Promise<Made<ProjectObject>>;
  createSecurityGroup(wanted: NewInProject, options?: CallOptions): Promise<Made<ProjectObject>>;
  /** May be repeated. */
  addSecurityGroupRule(groupId: string, rule: Omit<SecurityGroupRule, 'id'>, options?: CallOptions): Promise<'added' | 'alreadySo'>;
  /** Gives the router an interface on the subnet. May be repeated. */
  connectSubnet(routerId: string, subnetId: string, options?: CallOptions): Promise<'added' | 'alreadySo'>;
  /** Success also if there is none. @throws BackendError `conflict` while routes or floating IPs need it */
  disconnectSubnet(routerId: string, subnetId: string, options?: CallOptions): Promise<Removal>;
  /** All of them. May be repeated. */
  setRoutes(routerId: string, routes: readonly Route[], options?: CallOptions): Promise<void>;
  /** Those of one project and no other, whatever else the caller may see. */
  listOfProject(collection: NetworkCollection, projectId: string, options?: CallOptions): Promise<readonly ProjectObject[]>;
  /** Success also if it is gone. @throws BackendError `conflict` if it is in use */
  removeFromNetwork(collection: NetworkCollection, id: string, options?: CallOptions): Promise<Removal>;
}

const objectSchema = z
  .object({
    id: z.string(),
    name: z.string().nullish(),
    project_id: z.string().nullish(),
    tenant_id: z.string().nullish(),
    device_owner: z.string().nullish(),
    device_id: z.string().nullish(),
    fixed_ips: z.array(z.object({ subnet_id: z.string() })).default([]),
    routes: z.array(z.object({ destination: z.string(), nexthop: z.string() })).default([]),
  })
  .transform((object) => ({
    id: object.id,
    name: object.name ?? '',
    projectId: object.project_id ?? object.tenant_id ?? '',
    deviceOwner: object.device_owner ?? '',
    deviceId: object.device_id ?? '',
    subnetIds: object.fixed_ips.map(({ subnet_id: id }) => id),
    routes: object.routes,
  }));

const routerInterface = 'network:router_interface';

export function createNetworkCalls(session: Session): NetworkCalls {
  const pathOf = (collection: NetworkCollection, id: string): string => `/${collection}/${encodeURIComponent(id)}`;
  // paths have a dash where bodies have an underscore
  const keyOf = (collection: NetworkCollection): string => collection.replace('-', '_');

  async function list(collection: NetworkCollection, query: Record<string, string>, options: CallOptions) {
    const key = keyOf(collection);
    const answer = z.object({ [key]: z.array(objectSchema) });
    const found = await session.call({ service: 'network', method: 'GET', path: `/${collection}`, query, ...options }, answer);
    return found[key] as z.output<typeof objectSchema>[];
  }

  async function listOfProject(
    collection: NetworkCollection,
    projectId: string,
    options: CallOptions = {},
  ): Promise<readonly ProjectObject[]> {
    // an admin sees everybody's: a filter that were ignored would delete them
    return (await list(collection, { project_id: projectId }, options)).filter((object) => object.projectId === projectId);
  }

  function create(collection: NetworkCollection, wanted: NewInProject, fields: object, options: CallOptions): Promise<Made<ProjectObject>> {
    const { token, projectId, name } = wanted;
    const description = tokenDescription(token);
    const key = keyOf(collection).slice(0, -1);
    return findOrCreate<ProjectObject>(
      async () => (await list(collection, { description, project_id: projectId }, options)).find((one) => one.projectId === projectId),
      async () => {
        const body = { [key]: { name, description, project_id: projectId, ...fields } };
        const answer = z.object({ [key]: objectSchema });
        const made = await session.call({ service: 'network', method: 'POST', path: `/${collection}`, body, ...options }, answer);
        return made[key] as ProjectObject;
      },
    );
  }

  const change = (path: string, body: object, options: CallOptions): Promise<void> =>
    session.send({ service: 'network', method: 'PUT', path, body, ...options });

  return {
    createNetwork: (wanted, options = {}) => create('networks', wanted, {}, options),
    createSubnet: (wanted, options = {}) =>
      create(
        'subnets',
        wanted,
        { network_id: wanted.networkId, cidr: wanted.cidr, ip_version: 4, dns_nameservers: wanted.nameservers ?? [] },
        options,
      ),
    createRouter: (wanted, options = {}) =>
      create(
        'routers',
        wanted,
        wanted.externalNetworkId === undefined ? {} : { external_gateway_info: { network_id: wanted.externalNetworkId } },
        options,
      ),
    createSecurityGroup: (wanted, options = {}) => create('security-groups', wanted, {}, options),
    async addSecurityGroupRule(groupId, rule, options = {}) {
      const body = {
        security_group_rule: {
          security_group_id: groupId,
          direction: rule.direction,
          ethertype: 'IPv4',
          protocol: rule.protocol,
          port_range_min: rule.portMin,
          port_range_max: rule.portMax,
          remote_ip_prefix: rule.remotePrefix,
        },
      };
      try {
        await session.send({ service: 'network', method: 'POST', path: '/security-group-rules', body, ...options });
        return 'added';
      } catch (error) {
        if (isBackendError(error, 'conflict') && error.data.fault === 'SecurityGroupRuleExists') return 'alreadySo';
        throw error;
      }
    },
    async connectSubnet(routerId, subnetId, options = {}) {
      const ports = await list('ports', { device_id: routerId, device_owner: routerInterface }, options);
      if (ports.some(({ deviceId, subnetIds }) => deviceId === routerId && subnetIds.includes(subnetId))) return 'alreadySo';
      await change(`${pathOf('routers', routerId)}/add_router_interface`, { subnet_id: subnetId }, options);
      return 'added';
    },
    disconnectSubnet: (routerId, subnetId, options = {}) =>
      remove(
        () => change(`${pathOf('routers', routerId)}/remove_router_interface`, { subnet_id: subnetId }, options),
        () => Promise.resolve(undefined),
      ),
    setRoutes: (routerId, routes, options = {}) => change(pathOf('routers', routerId), { router: { routes } }, options),
    listOfProject,
    removeFromNetwork: (collection, id, options = {}) =>
      remove(
        () => session.send({ service: 'network', method: 'DELETE', path: pathOf(collection, id), ...options }),
        () => Promise.resolve(undefined),
      ),
  };
}
