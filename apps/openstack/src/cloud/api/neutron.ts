import { z } from 'zod';
import { ApiError } from '../core/api-error.ts';
import { availabilityZone } from '../model/catalogue.ts';
import type { World } from '../model/world.ts';
import { neutronFloatingIpRoutes } from './neutron-floating-ips.ts';
import { neutronNetworkRoutes } from './neutron-networks.ts';
import { neutronPortRoutes } from './neutron-ports.ts';
import { neutronRoute } from './neutron-route.ts';
import { neutronRouterRoutes } from './neutron-routers.ts';
import { neutronSecurityGroupRoutes } from './neutron-security-groups.ts';
import { networkQuotaView } from './neutron-views.ts';
import { integerLike, parseBody } from './parse.ts';
import type { AuthorizedCall, Route } from './route.ts';

const quotaUpdate = z.object({
  quota: z
    .object({
      port: integerLike,
      floatingip: integerLike,
      network: integerLike,
      subnet: integerLike,
      router: integerLike,
      security_group: integerLike,
    })
    .partial(),
});

/** Neutron v2.0: networks, subnets, routers, security groups, ports, floating IPs, and their quotas. */
export function neutronRoutes(world: World): readonly Route[] {
  return [
    ...readOnlyRoutes(),
    ...neutronNetworkRoutes(world),
    ...neutronRouterRoutes(world),
    ...neutronSecurityGroupRoutes(world),
    ...neutronPortRoutes(world),
    ...neutronFloatingIpRoutes(world),
    ...quotaRoutes(world),
  ];
}

function readOnlyRoutes(): readonly Route[] {
  return [
    neutronRoute('zones.list', 'GET', '/availability_zones', () => ({
      status: 200,
      body: { availability_zones: [{ name: availabilityZone, resource: 'network', state: 'available' }] },
    })),
    neutronRoute('extensions.list', 'GET', '/extensions', () => ({ status: 200, body: { extensions: extensions.map(extensionView) } })),
    neutronRoute('extensions.show', 'GET', '/extensions/:alias', (call) => {
      const alias = extensions.find((candidate) => candidate === call.params['alias']);
      if (alias === undefined)
        throw new ApiError(404, `Extension with alias ${call.params['alias']} does not exist`, { type: 'HTTPNotFound' });
      return { status: 200, body: { extension: extensionView(alias) } };
    }),
  ];
}

function quotaRoutes({ floatingIps, identity, networks, ports, quotas, routers }: World): readonly Route[] {
  function demandRight(call: AuthorizedCall): string {
    const projectId = (call.params['id'] ?? '').replace(/\.json$/, '');
    if (projectId === call.project.id || call.user.isAdmin) return projectId;
    throw new ApiError(403, `rule:get_quota is disallowed by policy`);
  }

  return [
    neutronRoute('quotas.show', 'GET', '/quotas/:id', (call) => ({
      status: 200,
      body: networkQuotaView(quotas.of(demandRight(call)), undefined),
    })),
    neutronRoute('quotas.details', 'GET', '/quotas/:id/:detail{details(\\.json)?}', (call) => {
      const projectId = demandRight(call);
      const count = (items: readonly { readonly projectId: string }[]): number =>
        items.filter((item) => item.projectId === projectId).length;
      const used = {
        port: count(ports.list()),
        floatingip: count(floatingIps.list()),
        network: count(networks.list()),
        subnet: count(networks.list().flatMap(({ subnets }) => subnets)),
        router: count(routers.list()),
        security_group: networks.securityGroupsOf(projectId).length,
      };
      return { status: 200, body: networkQuotaView(quotas.of(projectId), used) };
    }),
    neutronRoute('quotas.update', 'PUT', '/quotas/:id', (call) => {
      const projectId = demandRight(call);
      if (!call.user.isAdmin || identity.project(projectId) === undefined)
        throw new ApiError(403, `rule:update_quota is disallowed by policy`);
      const change = parseBody(quotaUpdate, call.body).quota;
      return { status: 200, body: networkQuotaView(quotas.set(projectId, change), undefined) };
    }),
  ];
}

/** Those whose attributes are served. Clients ask for them before they use one. */
const extensions = [
  'standard-attr-description',
  'external-net',
  'router',
  'security-group',
  'quotas',
  'quota_details',
  'port-security',
  'binding',
  'availability_zone',
] as const;

function extensionView(alias: string): unknown {
  return { alias, name: alias, description: '', updated: '2019-10-16T00:00:00Z', links: [] };
}
