import { ApiError } from '../core/api-error.ts';
import type { CloudCore } from '../core/core.ts';
import { tokenOfDescription } from '../core/token-ledger.ts';
import type { SecurityGroup, SecurityGroupRule } from './network.ts';
import { demandRoom, type QuotaBook } from './quotas.ts';

/** What a rule says; where and under what id it stands is the cloud's. */
export type RuleRequest = Omit<SecurityGroupRule, 'id' | 'groupId'>;

export interface SecurityGroups {
  /** Newest first. Every project has `default`; those that the cloud started with have one for ssh and one for the web as well. */
  securityGroupsOf(projectId: string): readonly SecurityGroup[];
  /** By id or, as Nova allows, by name. */
  findSecurityGroup(projectId: string, reference: string): SecurityGroup | undefined;
  /** Of whatever project. @throws ApiError 404 SecurityGroupNotFound */
  getSecurityGroup(id: string): SecurityGroup;
  createSecurityGroup(projectId: string, name: string, description: string): SecurityGroup;
  /** @throws ApiError 409 for `default` */
  removeSecurityGroup(group: SecurityGroup): void;
  /** @throws ApiError 409 SecurityGroupRuleExists */
  addRule(group: SecurityGroup, wanted: RuleRequest): SecurityGroupRule;
  /** @throws ApiError 404 SecurityGroupRuleNotFound */
  removeRule(id: string): void;
}

const samples: readonly { readonly name: string; readonly description: string; readonly ports: readonly number[] }[] = [
  { name: 'ssh', description: 'Remote login', ports: [22] },
  { name: 'web', description: 'Web server', ports: [80, 443] },
];

export function createSecurityGroups(core: CloudCore, quotas: QuotaBook, hasSamples: (projectId: string) => boolean): SecurityGroups {
  const byProject = new Map<string, SecurityGroup[]>();
  const startedAt = core.clock.now();
  const anyEgress = { direction: 'egress', protocol: null, portMin: null, portMax: null, remotePrefix: null, description: '' } as const;

  function make(id: string, projectId: string, name: string, description: string, createdAt: number): SecurityGroup {
    const group: SecurityGroup = { id, projectId, name, description, rules: [], createdAt };
    addRule(group, anyEgress);
    return group;
  }

  function groupsOf(projectId: string): SecurityGroup[] {
    const known = byProject.get(projectId);
    if (known !== undefined) return known;
    const made = { name: 'default', description: 'Default security group', ports: [] };
    const groups = [made, ...(hasSamples(projectId) ? samples : [])].map(({ name, description, ports }) => {
      const group = make(core.random.uuid('security group', projectId, name), projectId, name, description, startedAt);
      const open = { direction: 'ingress', protocol: 'tcp', remotePrefix: '0.0.0.0/0', description: '' } as const;
      for (const port of ports) addRule(group, { ...open, portMin: port, portMax: port });
      return group;
    });
    byProject.set(projectId, groups);
    return groups;
  }

  function addRule(group: SecurityGroup, wanted: RuleRequest): SecurityGroupRule {
    const { direction, protocol, portMin, portMax, remotePrefix } = wanted;
    const key = [direction, protocol, portMin, portMax, remotePrefix].map((part) => part ?? 'any');
    const id = core.random.uuid('security group rule', group.id, ...key);
    if (group.rules.some((rule) => rule.id === id))
      throw new ApiError(409, `Security group rule already exists. Rule id is ${id}.`, { type: 'SecurityGroupRuleExists' });
    const rule = { id, groupId: group.id, ...wanted };
    group.rules = [...group.rules, rule];
    return rule;
  }

  const all = (): readonly SecurityGroup[] => [...byProject.values()].flat();
  return {
    securityGroupsOf: groupsOf,
    findSecurityGroup: (projectId, reference) => groupsOf(projectId).find(({ id, name }) => id === reference || name === reference),
    getSecurityGroup(id) {
      const group = all().find((one) => one.id === id);
      if (group === undefined) throw new ApiError(404, `Security group ${id} does not exist`, { type: 'SecurityGroupNotFound' });
      return group;
    },
    createSecurityGroup(projectId, name, description) {
      const groups = groupsOf(projectId);
      demandRoom(quotas, projectId, 'security_group', groups);
      const group = make(core.identify('security group', name).id, projectId, name, description, core.clock.now());
      groups.push(group);
      core.tokens.record('securitygroup', group.id, tokenOfDescription(description));
      return group;
    },
    removeSecurityGroup(group) {
      if (group.name === 'default')
        throw new ApiError(409, `Insufficient rights for removing default security group.`, { type: 'SecurityGroupCannotRemoveDefault' });
      byProject.set(
        group.projectId,
        groupsOf(group.projectId).filter((one) => one !== group),
      );
    },
    addRule,
    removeRule(id) {
      const group = all().find(({ rules }) => rules.some((rule) => rule.id === id));
      if (group === undefined) throw new ApiError(404, `Security group rule ${id} does not exist`, { type: 'SecurityGroupRuleNotFound' });
      group.rules = group.rules.filter((rule) => rule.id !== id);
    },
  };
}
