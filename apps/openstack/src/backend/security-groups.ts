import { z } from 'zod';
import type { CallOptions, Session } from './session.ts';

export interface SecurityGroup {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly rules: readonly SecurityGroupRule[];
}

export interface SecurityGroupRule {
  readonly id: string;
  readonly direction: string;
  readonly protocol: string | undefined;
  readonly portMin: number | undefined;
  readonly portMax: number | undefined;
  readonly remotePrefix: string | undefined;
}

export interface SecurityGroupCalls {
  /** All of the project, with their rules. */
  listSecurityGroups(options?: CallOptions): Promise<readonly SecurityGroup[]>;
  /** Those that a server is in, without their rules. @throws BackendError `not_found` */
  listServerSecurityGroups(serverId: string, options?: CallOptions): Promise<readonly { readonly id: string; readonly name: string }[]>;
}

const ruleSchema = z.object({
  id: z.string(),
  direction: z.string(),
  protocol: z.string().nullish(),
  port_range_min: z.number().nullish(),
  port_range_max: z.number().nullish(),
  remote_ip_prefix: z.string().nullish(),
});

const groupsSchema = z.object({
  security_groups: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      description: z.string().nullish(),
      security_group_rules: z.array(ruleSchema).default([]),
    }),
  ),
});

const serverGroupsSchema = z.object({ security_groups: z.array(z.object({ id: z.string(), name: z.string() })) });

export function createSecurityGroupCalls(session: Session): SecurityGroupCalls {
  return {
    async listSecurityGroups({ signal } = {}) {
      const answer = await session.call({ service: 'network', method: 'GET', path: '/security-groups', signal }, groupsSchema);
      return answer.security_groups.map((group) => ({
        id: group.id,
        name: group.name,
        description: group.description ?? '',
        rules: group.security_group_rules.map((rule) => ({
          id: rule.id,
          direction: rule.direction,
          protocol: rule.protocol ?? undefined,
          portMin: rule.port_range_min ?? undefined,
          portMax: rule.port_range_max ?? undefined,
          remotePrefix: rule.remote_ip_prefix ?? undefined,
        })),
      }));
    },
    async listServerSecurityGroups(serverId, { signal } = {}) {
      const path = `/servers/${encodeURIComponent(serverId)}/os-security-groups`;
      const answer = await session.call({ service: 'compute', method: 'GET', path, signal }, serverGroupsSchema);
      return answer.security_groups;
    },
  };
}
