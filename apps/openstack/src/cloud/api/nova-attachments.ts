import { z } from 'zod';
import { ApiError } from '../core/api-error.ts';
import { fixedIpsOf } from './neutron-views.ts';
import type { Port } from '../model/network.ts';
import type { World } from '../model/world.ts';
import { tagSchema } from './nova-requests.ts';
import { novaRoute, serverOf } from './nova-route.ts';
import { attachmentView } from './nova-views.ts';
import { optionalText, parseBody } from './parse.ts';
import type { Route } from './route.ts';

const attachSchema = z.object({
  volumeAttachment: z.object({
    volumeId: z.string(),
    device: optionalText,
    tag: tagSchema.optional(),
    delete_on_termination: z.boolean().optional(),
  }),
});

/** What hangs on a server: volumes, interfaces, security groups. */
export function novaAttachmentRoutes(world: World): readonly Route[] {
  const { networks, ports, servers, volumes } = world;

  const interfaceView = (port: Port): unknown => ({
    port_id: port.id,
    net_id: port.networkId,
    mac_addr: port.macAddress,
    port_state: port.status,
    fixed_ips: fixedIpsOf(port),
  });

  return [
    novaRoute('attachments.list', 'GET', '/servers/:id/os-volume_attachments', (call) => {
      const server = serverOf(call, world);
      return { status: 200, body: { volumeAttachments: server.disks.map((disk) => attachmentView(call, server, disk)) } };
    }),
    novaRoute('attachments.create', 'POST', '/servers/:id/os-volume_attachments', (call) => {
      const server = serverOf(call, world);
      const { volumeId, device, tag, delete_on_termination: deleteOnTermination } = parseBody(attachSchema, call.body).volumeAttachment;
      if (volumes.find(volumeId)?.projectId !== server.projectId) throw new ApiError(404, `Volume ${volumeId} could not be found.`);
      const disk = servers.attachVolume(server, { volumeId, device, tag, deleteOnTermination });
      return { status: 200, body: { volumeAttachment: attachmentView(call, server, disk) } };
    }),
    novaRoute('attachments.show', 'GET', '/servers/:id/os-volume_attachments/:volume', (call) => {
      const server = serverOf(call, world);
      const disk = servers.diskOf(server, call.params['volume'] ?? '');
      return { status: 200, body: { volumeAttachment: attachmentView(call, server, disk) } };
    }),
    novaRoute('attachments.delete', 'DELETE', '/servers/:id/os-volume_attachments/:volume', (call) => {
      servers.detachVolume(serverOf(call, world), call.params['volume'] ?? '');
      return { status: 202 };
    }),
    novaRoute('interfaces.list', 'GET', '/servers/:id/os-interface', (call) => ({
      status: 200,
      body: { interfaceAttachments: ports.ofDevice(serverOf(call, world).id).map(interfaceView) },
    })),
    novaRoute('groups.list', 'GET', '/servers/:id/os-security-groups', (call) => {
      const server = serverOf(call, world);
      const ids = new Set(ports.ofDevice(server.id).flatMap((port) => port.securityGroupIds));
      const groups = networks.securityGroupsOf(server.projectId).filter((group) => ids.has(group.id));
      const view = groups.map(({ id, name, description, projectId }) => ({ id, name, description, tenant_id: projectId, rules: [] }));
      return { status: 200, body: { security_groups: view } };
    }),
  ];
}
