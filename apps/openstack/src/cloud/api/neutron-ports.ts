import { z } from 'zod';
import { ApiError } from '../core/api-error.ts';
import type { Port } from '../model/network.ts';
import { routerInterface } from '../model/ports.ts';
import type { World } from '../model/world.ts';
import { listAnswer } from './neutron-list.ts';
import { neutronRoute, visible } from './neutron-route.ts';
import { portView } from './neutron-views.ts';
import { optionalText, parseBody } from './parse.ts';
import type { AuthorizedCall, Route } from './route.ts';

const portFields = z.object({
  name: z.string(),
  description: z.string(),
  device_id: z.string(),
  device_owner: z.string(),
  security_groups: z.array(z.string()),
});

const portCreate = z.object({
  port: portFields.partial().extend({ network_id: z.string(), fixed_ips: z.array(z.object({ ip_address: optionalText })).optional() }),
});

const portUpdate = z.object({ port: portFields.partial() });

export function neutronPortRoutes({ ports }: World): readonly Route[] {
  function portOf(call: AuthorizedCall): Port {
    const port = ports.get(call.params['id'] ?? '');
    if (port.projectId === call.project.id || call.user.isAdmin) return port;
    throw new ApiError(404, `Port ${port.id} could not be found.`, { type: 'PortNotFound' });
  }

  return [
    neutronRoute('ports.list', 'GET', '/ports', (call) => listAnswer(call, 'ports', visible(call, ports.list()).map(portView))),
    neutronRoute('ports.show', 'GET', '/ports/:id', (call) => ({ status: 200, body: { port: portView(portOf(call)) } })),
    neutronRoute('ports.create', 'POST', '/ports', (call) => {
      const { port } = parseBody(portCreate, call.body);
      const created = ports.create(call.project.id, {
        networkId: port.network_id,
        name: port.name,
        description: port.description,
        address: port.fixed_ips?.[0]?.ip_address,
        deviceId: port.device_id,
        deviceOwner: port.device_owner,
        securityGroupIds: port.security_groups,
      });
      return { status: 201, body: { port: portView(created) } };
    }),
    neutronRoute('ports.update', 'PUT', '/ports/:id', (call) => {
      const port = portOf(call);
      const {
        name,
        description,
        device_id: deviceId,
        device_owner: deviceOwner,
        security_groups: groups,
      } = parseBody(portUpdate, call.body).port;
      ports.update(port, {
        name: name ?? port.name,
        description: description ?? port.description,
        deviceId: deviceId ?? port.deviceId,
        deviceOwner: deviceOwner ?? port.deviceOwner,
        securityGroupIds: groups ?? port.securityGroupIds,
      });
      return { status: 200, body: { port: portView(port) } };
    }),
    neutronRoute('ports.delete', 'DELETE', '/ports/:id', (call) => {
      const port = portOf(call);
      if (port.deviceOwner === routerInterface) {
        const message = `Port ${port.id} cannot be deleted directly via the port API: has device owner ${port.deviceOwner}.`;
        throw new ApiError(409, message, { type: 'ServicePortInUse' });
      }
      ports.remove(port);
      return { status: 204 };
    }),
  ];
}
