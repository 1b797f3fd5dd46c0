import { z } from 'zod';
import { ApiError } from '../core/api-error.ts';
import type { SecurityGroup } from '../model/network.ts';
import type { World } from '../model/world.ts';
import { listAnswer } from './neutron-list.ts';
import { neutronRoute, ownerFields, ownerOf } from './neutron-route.ts';
import { securityGroupRuleView, securityGroupView } from './neutron-views.ts';
import { integerLike, optionalText, parseBody } from './parse.ts';
import type { AuthorizedCall, Route } from './route.ts';

const groupCreate = z.object({ security_group: z.object({ name: z.string().min(1), description: optionalText, ...ownerFields }) });
const ruleCreate = z.object({
  security_group_rule: z.object({
    security_group_id: z.string(),
    direction: z.enum(['ingress', 'egress']),
    ethertype: z.enum(['IPv4', 'IPv6']).default('IPv4'),
    protocol: optionalText,
    port_range_min: integerLike.nullish(),
    port_range_max: integerLike.nullish(),
    remote_ip_prefix: optionalText,
    description: optionalText,
  }),
});

export function neutronSecurityGroupRoutes({ identity, networks, ports }: World): readonly Route[] {
  function seen(call: AuthorizedCall): readonly SecurityGroup[] {
    const projects = call.user.isAdmin ? identity.projects() : [call.project];
    return projects.flatMap(({ id }) => networks.securityGroupsOf(id));
  }

  function groupOf(call: AuthorizedCall, id = call.params['id'] ?? ''): SecurityGroup {
    const group = seen(call).find((one) => one.id === id);
    if (group === undefined) throw new ApiError(404, `Security group ${id} does not exist`, { type: 'SecurityGroupNotFound' });
    return group;
  }

  return [
    neutronRoute('security_groups.list', 'GET', '/security-groups', (call) =>
      listAnswer(call, 'security_groups', seen(call).map(securityGroupView)),
    ),
    neutronRoute('security_groups.show', 'GET', '/security-groups/:id', (call) => ({
      status: 200,
      body: { security_group: securityGroupView(groupOf(call)) },
    })),
    neutronRoute('security_groups.create', 'POST', '/security-groups', (call) => {
      const { security_group: wanted } = parseBody(groupCreate, call.body);
      const group = networks.createSecurityGroup(ownerOf(call, wanted), wanted.name, wanted.description ?? '');
      return { status: 201, body: { security_group: securityGroupView(group) } };
    }),
    neutronRoute('security_groups.delete', 'DELETE', '/security-groups/:id', (call) => {
      const group = groupOf(call);
      if (ports.list().some(({ securityGroupIds }) => securityGroupIds.includes(group.id)))
        throw new ApiError(409, `Security Group ${group.id} in use.`, { type: 'SecurityGroupInUse' });
      networks.removeSecurityGroup(group);
      return { status: 204 };
    }),
    neutronRoute('security_group_rules.create', 'POST', '/security-group-rules', (call) => {
      const { security_group_rule: wanted } = parseBody(ruleCreate, call.body);
      const group = groupOf(call, wanted.security_group_id);
      const rule = networks.addRule(group, {
        direction: wanted.direction,
        protocol: wanted.protocol ?? null,
        portMin: wanted.port_range_min ?? null,
        portMax: wanted.port_range_max ?? null,
        remotePrefix: wanted.remote_ip_prefix ?? null,
        description: wanted.description ?? '',
      });
      return { status: 201, body: { security_group_rule: securityGroupRuleView(group, rule) } };
    }),
    neutronRoute('security_group_rules.list', 'GET', '/security-group-rules', (call) => {
      const rules = seen(call).flatMap((group) => group.rules.map((rule) => securityGroupRuleView(group, rule)));
      return listAnswer(call, 'security_group_rules', rules);
    }),
    neutronRoute('security_group_rules.delete', 'DELETE', '/security-group-rules/:id', (call) => {
      const id = call.params['id'] ?? '';
      if (!seen(call).some(({ rules }) => rules.some((rule) => rule.id === id)))
        throw new ApiError(404, `Security group rule ${id} does not exist`, { type: 'SecurityGroupRuleNotFound' });
      networks.removeRule(id);
      return { status: 204 };
    }),
  ];
}
