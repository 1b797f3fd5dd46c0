import { z } from 'zod';
import { ApiError } from '../core/api-error.ts';
import type { ServerGroup } from '../model/server-groups.ts';
import type { World } from '../model/world.ts';
import { novaPageMaximum, novaRoute } from './nova-route.ts';
import { paginate } from './paging.ts';
import { parseBody } from './parse.ts';
import type { AuthorizedCall, Route } from './route.ts';

const policy = z.enum(['affinity', 'anti-affinity', 'soft-affinity', 'soft-anti-affinity']);
const createSchema = z.object({
  server_group: z.object({ name: z.string().min(1).max(255), policies: z.tuple([policy]).optional(), policy: policy.optional() }),
});

/** Nova's server groups. From 2.64 on a group has one policy, before it had a list of one. */
export function novaServerGroupRoutes({ serverGroups, servers }: World): readonly Route[] {
  const hasOnePolicy = ({ minor }: AuthorizedCall): boolean => minor >= 64;

  function view(call: AuthorizedCall, { id, name, policy: rule, projectId, userId }: ServerGroup): unknown {
    const members = servers.list().flatMap((server) => (server.groupId === id ? [server.id] : []));
    return {
      id,
      name,
      members,
      ...(hasOnePolicy(call) ? { policy: rule, rules: {} } : { policies: [rule], metadata: {} }),
      ...(call.minor >= 13 ? { project_id: projectId, user_id: userId } : {}),
    };
  }

  function groupOf(call: AuthorizedCall): ServerGroup {
    const id = call.params['id'] ?? '';
    const group = serverGroups.find(id);
    if (group?.projectId !== call.project.id) throw new ApiError(404, `Instance group ${id} could not be found.`);
    return group;
  }

  return [
    novaRoute('servergroups.list', 'GET', '/os-server-groups', (call) => {
      const page = paginate(call, serverGroups.listOf(call.project.id), { maximum: novaPageMaximum });
      return { status: 200, body: { server_groups: page.items.map((group) => view(call, group)) } };
    }),
    novaRoute('servergroups.create', 'POST', '/os-server-groups', (call) => {
      const { name, policies, policy: one } = parseBody(createSchema, call.body).server_group;
      const wanted = hasOnePolicy(call) ? one : policies?.[0];
      if (wanted === undefined) {
        const field = hasOnePolicy(call) ? 'policy' : 'policies';
        throw new ApiError(400, `Invalid input for field/attribute server_group. '${field}' is a required property`);
      }
      return { status: 200, body: { server_group: view(call, serverGroups.create(call.owner, { name, policy: wanted })) } };
    }),
    novaRoute('servergroups.show', 'GET', '/os-server-groups/:id', (call) => ({
      status: 200,
      body: { server_group: view(call, groupOf(call)) },
    })),
    novaRoute('servergroups.delete', 'DELETE', '/os-server-groups/:id', (call) => {
      serverGroups.remove(groupOf(call));
      return { status: 204 };
    }),
  ];
}
