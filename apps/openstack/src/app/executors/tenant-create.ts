/** F14: a tenant with its network, subnet and security groups. */
import {
  chain,
  child,
  createExecutor,
  type ExecutorDefinition,
  type Following,
  nothing,
  type PlanNode,
  ref,
  step,
  transition,
} from '@troupe/executor';
import type { ResourceRef } from '@troupe/protocol';
import { z } from 'zod';
import { Tenant } from '../kinds.ts';
import * as tasks from '../tenant-contracts.ts';
import { Network, SecurityGroup, Subnet } from '../tenant-kinds.ts';

const project = { projectId: ref('create.backendId') };

/** Also for a group of a tenant that is there. */
export function createSecurityGroup(): ExecutorDefinition {
  return createExecutor({
    name: 'openstack.securityGroup.create',
    family: 'create',
    resource: SecurityGroup,
    input: z.object({ projectId: z.string().min(1) }),
    plan({ resource: { data }, input: { projectId } }) {
      const { name, rules = [] } = data;
      return chain(
        step('create', tasks.createSecurityGroup, { projectId, name }, { transition: 'beginCreating' }),
        rules.length === 0 ? nothing() : step('rules', tasks.addRules, { backendId: ref('create.backendId'), rules }),
      );
    },
  });
}

/**
 * On failure the tenant is ERRED with what has been made so far, which its delete removes; a network, subnet or group that was
 * not started is removed, a group that is ready stays OK, any other is ERRED.
 */
export function createTenant(createGroup: ExecutorDefinition, pulled?: ExecutorDefinition): ExecutorDefinition {
  return createExecutor({
    name: 'openstack.tenant.create',
    family: 'create',
    resource: Tenant,
    guard: {
      check({ resource: { data } }) {
        if (data.network === undefined || data.subnet === undefined) return 'a tenant is made with a network and a subnet';
        return undefined;
      },
    },
    resources: ({ resource: { data } }) => [
      ...[Network.ref(data.network!), Subnet.ref(data.subnet!), ...(data.securityGroups ?? []).map((id) => SecurityGroup.ref(id))].map(
        (one) => ({ ref: one, family: 'create' as const, ends: { neverStarted: 'remove' as const } }),
      ),
    ],
    // an operation of its own: that it fails is not this one's failure
    ...(pulled === undefined
      ? {}
      : { after: ({ outcome, resources }) => (outcome === 'succeeded' ? pullOf(pulled, resources[0]!) : undefined) }),
    plan({ resource: { data }, resources }) {
      const network = resources.find(({ kind }) => kind === Network.kind)!;
      const subnet = resources.find(({ kind }) => kind === Subnet.kind)!;
      const { name, quotas, externalNetwork, securityGroups = [] } = data;
      const { cidr, nameservers } = subnet.data as { cidr?: string; nameservers?: string[] };
      return chain(
        step('create', tasks.createTenant, { name }, { transition: 'beginCreating' }),
        step('admin user', tasks.addAdmin, project),
        step('user', tasks.createUser, project),
        step(
          'network',
          tasks.createNetwork,
          { ...project, name: nameOf(network) },
          { on: Network.ref(network.id), transition: 'beginCreating' },
        ),
        step(
          'subnet',
          tasks.createSubnet,
          {
            ...project,
            name: nameOf(subnet),
            networkId: ref('network.backendId'),
            cidr: cidr ?? '192.168.42.0/24',
            ...(nameservers === undefined ? {} : { nameservers }),
          },
          { on: Subnet.ref(subnet.id), transition: 'beginCreating' },
        ),
        quotas === undefined ? nothing() : step('push quotas', tasks.pushQuotas, { ...project, quotas }),
        ...securityGroups.map((id) =>
          chain(
            child(`group ${id}`, createGroup, { resource: SecurityGroup.ref(id), input: project }),
            // lent to its create, so it would rest with the tenant only
            transition(SecurityGroup.ref(id), 'setOk'),
          ),
        ),
        pull('groups'),
        externalNetwork === undefined
          ? nothing()
          : chain(
              step('connect', tasks.connectTenant, { ...project, name, externalNetwork, subnetId: ref('subnet.backendId') }),
              pull('routers'),
            ),
        ...(['limits', 'images', 'flavors', 'volumeTypes', 'zones', 'volumeZones'] as const).map(pull),
      );
    },
  });
}

const pullOf = (executor: ExecutorDefinition, { kind, id }: ResourceRef): Following => ({ executor, resource: { kind, id } });

function pull(what: tasks.TenantPull): PlanNode {
  return step(`pull ${what}`, tasks.pullTenant[what], project);
}

const nameOf = ({ data }: { readonly data: object }): string => (data as { name: string }).name;
