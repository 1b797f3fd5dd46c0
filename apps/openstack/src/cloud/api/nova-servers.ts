import { z } from 'zod';
import { ApiError } from '../core/api-error.ts';
import type { Server } from '../model/server.ts';
import type { World } from '../model/world.ts';
import { selectServers } from './nova-filters.ts';
import { serverRequest, tagSchema } from './nova-requests.ts';
import { novaPageMaximum, novaRoute, serverOf } from './nova-route.ts';
import { serverDetail, serverSummary } from './nova-views.ts';
import { paginate } from './paging.ts';
import { metadataSchema, parseBody } from './parse.ts';
import type { Answer, AuthorizedCall, Route } from './route.ts';

const updateSchema = z.object({ server: z.object({ name: z.string().min(1), description: z.string().nullable() }).partial() });
const rebootSchema = z.object({
  type: z
    .string()
    .transform((type) => type.toUpperCase())
    .pipe(z.enum(['SOFT', 'HARD'])),
});

type Action = (world: World, server: Server, call: AuthorizedCall, body: unknown) => void;

/** `POST /servers/{id}/action`: the body names the action. */
const actions: Readonly<Record<string, Action>> = {
  'os-start': ({ servers }, server) => servers.start(server),
  'os-stop': ({ servers }, server) => servers.stop(server),
  reboot: ({ servers }, server, _call, body) => servers.reboot(server, parseBody(rebootSchema, body).type),
  resize: ({ servers }, server, _call, body) =>
    servers.resize(server, parseBody(z.object({ flavorRef: z.union([z.string().min(1), z.int()]).transform(String) }), body).flavorRef),
  removeSecurityGroup({ networks, ports }, server, _call, body) {
    const { name } = parseBody(z.object({ name: z.string() }), body);
    const group = networks.findSecurityGroup(server.projectId, name);
    const members = ports.ofDevice(server.id).filter((port) => group !== undefined && port.securityGroupIds.includes(group.id));
    if (group === undefined || members.length === 0)
      throw new ApiError(404, `Security group ${name} not associated with the instance ${server.id}`);
    for (const port of members) ports.update(port, { securityGroupIds: port.securityGroupIds.filter((id) => id !== group.id) });
  },
  confirmResize: ({ servers }, server) => servers.confirmResize(server),
  revertResize: ({ servers }, server) => servers.revertResize(server),
  'os-resetState'({ servers }, server, call, body) {
    if (!call.user.isAdmin) throw new ApiError(403, `Policy doesn't allow os_compute_api:os-admin-actions:reset_state to be performed.`);
    const { state } = parseBody(z.object({ state: z.enum(['active', 'error']) }), body);
    servers.setStatus(server, state === 'active' ? 'ACTIVE' : 'ERROR', 'The state was reset.');
  },
};

/** Nova's servers: life and actions. */
export function novaServerRoutes(world: World): readonly Route[] {
  const { servers } = world;

  function listServers(call: AuthorizedCall, view: (server: Server) => unknown): Answer {
    const page = paginate(call, selectServers(call, world), { maximum: novaPageMaximum });
    return { status: 200, body: { servers: page.items.map(view), ...(page.next === undefined ? {} : { servers_links: page.next }) } };
  }

  function createServer(call: AuthorizedCall): Answer {
    const server = servers.create(call.owner, serverRequest(call));
    const { id, links } = serverSummary(call, server);
    const groups = server.securityGroups.length === 0 ? ['default'] : server.securityGroups;
    return {
      status: 202,
      headers: { Location: `${call.baseUrl}/compute/v2.1/servers/${server.id}` },
      body: {
        server: {
          id,
          links,
          'OS-DCF:diskConfig': 'MANUAL',
          security_groups: groups.map((name) => ({ name })),
          adminPass: world.core.random.hex(12, 'admin password', server.id),
        },
      },
    };
  }

  function runAction(call: AuthorizedCall): Answer {
    const server = serverOf(call, world);
    const [name, body] = Object.entries(parseBody(z.record(z.string(), z.unknown()), call.body))[0] ?? [];
    const action = name === undefined || !Object.hasOwn(actions, name) ? undefined : actions[name];
    if (action === undefined) throw new ApiError(400, `There is no such action: ${name ?? 'none'}`);
    action(world, server, call, body ?? {});
    return { status: name === 'confirmResize' ? 204 : 202 };
  }

  const detail = (call: AuthorizedCall, server: Server): Answer => ({ status: 200, body: { server: serverDetail(call, world, server) } });

  return [
    novaRoute('servers.list', 'GET', '/servers', (call) => listServers(call, (server) => serverSummary(call, server))),
    novaRoute('servers.detail', 'GET', '/servers/detail', (call) => listServers(call, (server) => serverDetail(call, world, server))),
    novaRoute('servers.create', 'POST', '/servers', createServer),
    novaRoute('servers.show', 'GET', '/servers/:id', (call) => detail(call, serverOf(call, world))),
    novaRoute('servers.update', 'PUT', '/servers/:id', (call) => {
      const server = serverOf(call, world);
      servers.update(server, parseBody(updateSchema, call.body).server as Partial<Server>);
      return detail(call, server);
    }),
    novaRoute('servers.delete', 'DELETE', '/servers/:id', (call) => {
      servers.remove(serverOf(call, world));
      return { status: 204 };
    }),
    novaRoute('servers.action', 'POST', '/servers/:id/action', runAction),
    novaRoute('metadata.list', 'GET', '/servers/:id/metadata', (call) => ({
      status: 200,
      body: { metadata: serverOf(call, world).metadata },
    })),
    novaRoute('metadata.update', 'POST', '/servers/:id/metadata', (call) => {
      const server = serverOf(call, world);
      const { metadata } = parseBody(z.object({ metadata: metadataSchema }), call.body);
      servers.update(server, { metadata: { ...server.metadata, ...metadata } });
      return { status: 200, body: { metadata: server.metadata } };
    }),
    novaRoute('tags.list', 'GET', '/servers/:id/tags', (call) => ({ status: 200, body: { tags: serverOf(call, world).tags } })),
    novaRoute('tags.replace', 'PUT', '/servers/:id/tags', (call) => {
      const server = serverOf(call, world);
      servers.update(server, { tags: parseBody(z.object({ tags: z.array(tagSchema).max(50) }), call.body).tags });
      return { status: 200, body: { tags: server.tags } };
    }),
  ];
}
