import { z } from 'zod';
import { ApiError } from '../core/api-error.ts';
import type { Network, Subnet } from '../model/network.ts';
import type { World } from '../model/world.ts';
import { listAnswer } from './neutron-list.ts';
import { neutronRoute, ownerFields, ownerOf } from './neutron-route.ts';
import { networkView, subnetView } from './neutron-views.ts';
import { integerLike, optionalText, parseBody } from './parse.ts';
import type { AuthorizedCall, Route } from './route.ts';

const networkCreate = z.object({
  network: z.object({ name: optionalText, description: optionalText, mtu: integerLike.optional(), ...ownerFields }),
});

const subnetCreate = z.object({
  subnet: z.object({
    network_id: z.string(),
    cidr: z.string(),
    ip_version: z.literal(4).default(4),
    name: optionalText,
    description: optionalText,
    gateway_ip: z.string().nullish(),
    enable_dhcp: z.boolean().optional(),
    dns_nameservers: z.array(z.string()).optional(),
    ...ownerFields,
  }),
});

/** Networks and subnets. Those of the cloud are everybody's to see and nobody's to change. */
export function neutronNetworkRoutes({ networks, ports }: World): readonly Route[] {
  const isSeen = (call: AuthorizedCall, projectId: string): boolean =>
    projectId === '' || projectId === call.project.id || call.user.isAdmin;

  function networkOf(call: AuthorizedCall, id = call.params['id'] ?? ''): Network {
    const network = networks.get(id);
    if (isSeen(call, network.projectId)) return network;
    throw new ApiError(404, `Network ${id} could not be found.`, { type: 'NetworkNotFound' });
  }

  function subnetOf(call: AuthorizedCall): Subnet {
    const subnet = networks.getSubnet(call.params['id'] ?? '');
    if (isSeen(call, subnet.projectId)) return subnet;
    throw new ApiError(404, `Subnet ${subnet.id} could not be found.`, { type: 'SubnetNotFound' });
  }

  function demandOwn({ projectId }: { readonly projectId: string }): void {
    if (projectId === '') throw new ApiError(403, 'rule:delete_network is disallowed by policy');
  }

  const seenNetworks = (call: AuthorizedCall): readonly Network[] => networks.list().filter(({ projectId }) => isSeen(call, projectId));

  return [
    neutronRoute('networks.list', 'GET', '/networks', (call) => listAnswer(call, 'networks', seenNetworks(call).map(networkView))),
    neutronRoute('networks.show', 'GET', '/networks/:id', (call) => ({ status: 200, body: { network: networkView(networkOf(call)) } })),
    neutronRoute('networks.create', 'POST', '/networks', (call) => {
      const { network } = parseBody(networkCreate, call.body);
      return { status: 201, body: { network: networkView(networks.create(ownerOf(call, network), network)) } };
    }),
    neutronRoute('networks.delete', 'DELETE', '/networks/:id', (call) => {
      const network = networkOf(call);
      demandOwn(network);
      if (ports.list().some(({ networkId }) => networkId === network.id)) {
        const message = `Unable to complete operation on network ${network.id}. There are one or more ports still in use on the network.`;
        throw new ApiError(409, message, { type: 'NetworkInUse' });
      }
      networks.remove(network);
      return { status: 204 };
    }),
    neutronRoute('subnets.list', 'GET', '/subnets', (call) => {
      const subnets = seenNetworks(call).flatMap((network) => network.subnets);
      return listAnswer(call, 'subnets', subnets.map(subnetView));
    }),
    neutronRoute('subnets.show', 'GET', '/subnets/:id', (call) => ({ status: 200, body: { subnet: subnetView(subnetOf(call)) } })),
    neutronRoute('subnets.create', 'POST', '/subnets', (call) => {
      const { subnet: wanted } = parseBody(subnetCreate, call.body);
      const projectId = ownerOf(call, wanted);
      demandOwn(networkOf(call, wanted.network_id));
      const subnet = networks.createSubnet(projectId, {
        networkId: wanted.network_id,
        cidr: wanted.cidr,
        name: wanted.name,
        description: wanted.description,
        gateway: wanted.gateway_ip,
        hasDhcp: wanted.enable_dhcp,
        nameservers: wanted.dns_nameservers,
      });
      return { status: 201, body: { subnet: subnetView(subnet) } };
    }),
    neutronRoute('subnets.delete', 'DELETE', '/subnets/:id', (call) => {
      const subnet = subnetOf(call);
      demandOwn(subnet);
      if (ports.list().some(({ subnetId }) => subnetId === subnet.id)) {
        const message = `Unable to complete operation on subnet ${subnet.id}: One or more ports have an IP allocation from this subnet.`;
        throw new ApiError(409, message, { type: 'SubnetInUse' });
      }
      networks.removeSubnet(subnet);
      return { status: 204 };
    }),
  ];
}
