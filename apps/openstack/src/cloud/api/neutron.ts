import { z } from 'zod';
import { ApiError } from '../core/api-error.ts';
import { availabilityZone } from '../model/catalogue.ts';
import type { World } from '../model/world.ts';
import { neutronFloatingIpRoutes } from './neutron-floating-ips.ts';
import { listAnswer } from './neutron-list.ts';
import { neutronPortRoutes } from './neutron-ports.ts';
import { neutronRoute } from './neutron-route.ts';
import { networkQuotaView, networkView, securityGroupView, subnetView } from './neutron-views.ts';
import type { NeutronObject } from './neutron-views.ts';
import { integerLike, parseBody } from './parse.ts';
import type { AuthorizedCall, Route } from './route.ts';

const quotaUpdate = z.object({ quota: z.object({ port: integerLike, floatingip: integerLike }).partial().loose() });

/** Neutron v2.0: ports and floating IPs in full; networks, subnets and security groups to read. */
export function neutronRoutes(world: World): readonly Route[] {
  return [...readOnlyRoutes(world), ...neutronPortRoutes(world), ...neutronFloatingIpRoutes(world), ...quotaRoutes(world)];
}

function readOnlyRoutes({ networks }: World): readonly Route[] {
  function collection(plural: string, kind: string, itemsOf: (call: AuthorizedCall) => readonly NeutronObject[]): readonly Route[] {
    // Two words are spelled with a dash in paths and with an underscore in bodies.
    const path = `/${plural.replace('_', '-')}`;
    return [
      neutronRoute(`${plural}.list`, 'GET', path, (call) => listAnswer(call, plural, itemsOf(call))),
      neutronRoute(`${plural}.show`, 'GET', `${path}/:id`, (call) => {
        const id = call.params['id'] ?? '';
        const item = itemsOf(call).find((candidate) => candidate.id === id);
        if (item === undefined) throw new ApiError(404, `${kind} ${id} could not be found.`, { type: `${kind}NotFound` });
        return { status: 200, body: { [plural.replace(/s$/, '')]: item } };
      }),
    ];
  }

  return [
    ...collection('networks', 'Network', () => networks.list().map(networkView)),
    ...collection('subnets', 'Subnet', () => networks.list().map((network) => subnetView(network.subnet))),
    ...collection('security_groups', 'SecurityGroup', (call) => networks.securityGroupsOf(call.project.id).map(securityGroupView)),
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

function quotaRoutes({ floatingIps, identity, ports, quotas }: World): readonly Route[] {
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
      const used = { port: count(ports.list()), floatingip: count(floatingIps.list()) };
      return { status: 200, body: networkQuotaView(quotas.of(projectId), used) };
    }),
    neutronRoute('quotas.update', 'PUT', '/quotas/:id', (call) => {
      const projectId = demandRight(call);
      if (!call.user.isAdmin || identity.project(projectId) === undefined)
        throw new ApiError(403, `rule:update_quota is disallowed by policy`);
      const { port, floatingip } = parseBody(quotaUpdate, call.body).quota;
      return { status: 200, body: networkQuotaView(quotas.set(projectId, { port, floatingip }), undefined) };
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
