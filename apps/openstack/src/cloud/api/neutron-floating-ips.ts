import { z } from 'zod';
import { ApiError } from '../core/api-error.ts';
import type { FloatingIp } from '../model/network.ts';
import type { World } from '../model/world.ts';
import { listAnswer } from './neutron-list.ts';
import { neutronRoute, visible } from './neutron-route.ts';
import { floatingIpView } from './neutron-views.ts';
import type { NeutronObject } from './neutron-views.ts';
import { optionalText, parseBody } from './parse.ts';
import type { AuthorizedCall, Route } from './route.ts';

const floatingIpCreate = z.object({
  floatingip: z.object({
    floating_network_id: z.string(),
    description: optionalText,
    floating_ip_address: optionalText,
    port_id: optionalText,
  }),
});

const floatingIpUpdate = z.object({ floatingip: z.object({ port_id: z.string().nullable(), description: z.string() }).partial() });
export function neutronFloatingIpRoutes(world: World): readonly Route[] {
  const { floatingIps } = world;
  const view = (ip: FloatingIp): NeutronObject => floatingIpView(world, ip);

  function ipOf(call: AuthorizedCall): FloatingIp {
    const ip = floatingIps.get(call.params['id'] ?? '');
    if (ip.projectId === call.project.id || call.user.isAdmin) return ip;
    throw new ApiError(404, `Floating IP ${ip.id} could not be found`, { type: 'FloatingIPNotFound' });
  }

  return [
    neutronRoute('floatingips.list', 'GET', '/floatingips', (call) =>
      listAnswer(call, 'floatingips', visible(call, floatingIps.list()).map(view)),
    ),
    neutronRoute('floatingips.show', 'GET', '/floatingips/:id', (call) => ({ status: 200, body: { floatingip: view(ipOf(call)) } })),
    neutronRoute('floatingips.create', 'POST', '/floatingips', (call) => {
      const { floatingip } = parseBody(floatingIpCreate, call.body);
      const ip = floatingIps.create(call.project.id, {
        networkId: floatingip.floating_network_id,
        description: floatingip.description,
        address: floatingip.floating_ip_address,
        portId: floatingip.port_id,
      });
      return { status: 201, body: { floatingip: view(ip) } };
    }),
    neutronRoute('floatingips.update', 'PUT', '/floatingips/:id', (call) => {
      const ip = ipOf(call);
      const { port_id: portId, description } = parseBody(floatingIpUpdate, call.body).floatingip;
      if (portId === null) floatingIps.disassociate(ip);
      else if (portId !== undefined) floatingIps.associate(ip, portId);
      if (description !== undefined) floatingIps.describe(ip, description);
      return { status: 200, body: { floatingip: view(ip) } };
    }),
    neutronRoute('floatingips.delete', 'DELETE', '/floatingips/:id', (call) => {
      floatingIps.remove(ipOf(call));
      return { status: 204 };
    }),
  ];
}
