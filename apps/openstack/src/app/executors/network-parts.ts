/** F18: the delete of a security group, and operations of a single step. */
import { chain, createExecutor, type ExecutorDefinition, step, transition } from '@troupe/executor';
import { z } from 'zod';
import { FloatingIp, Tenant } from '../kinds.ts';
import * as tasks from '../network-part-contracts.ts';
import { Port } from '../network-part-kinds.ts';
import * as tenantTasks from '../tenant-contracts.ts';
import { Network, quotas, Router, SecurityGroup, Subnet } from '../tenant-kinds.ts';

const id = z.string().min(1);
const inProject = z.object({ projectId: id });

/** The cloud refuses to remove a group that anything is in. The row goes with the last call, in one act. */
export function deleteSecurityGroup(): ExecutorDefinition {
  return createExecutor({
    name: 'openstack.securityGroup.delete',
    family: 'delete',
    resource: SecurityGroup,
    plan: ({ resource: { backendId } }) =>
      chain(
        step('detach from instances', tasks.detachGroupFromInstances, { backendId }, { transition: 'beginDeleting' }),
        step('detach from ports', tasks.detachGroupFromPorts, { backendId }),
        step('delete', tenantTasks.removeSecurityGroup, { backendId }),
      ),
  });
}

/** One call with its transition each. */
export function networkParts(): ExecutorDefinition[] {
  const creating = { transition: 'beginCreating' } as const;
  const updating = { transition: 'beginUpdating' } as const;
  const deleting = { transition: 'beginDeleting' } as const;
  return [
    createExecutor({
      name: 'openstack.network.create',
      family: 'create',
      resource: Network,
      input: inProject,
      plan: ({ resource: { data }, input: { projectId } }) =>
        step('create', tenantTasks.createNetwork, { projectId, name: data.name }, creating),
    }),
    createExecutor({
      name: 'openstack.subnet.create',
      family: 'create',
      resource: Subnet,
      input: inProject.extend({ networkId: id }),
      plan: ({ resource: { data }, input }) => {
        const { name, cidr = '192.168.42.0/24', nameservers } = data;
        return step(
          'create',
          tenantTasks.createSubnet,
          { ...input, name, cidr, ...(nameservers === undefined ? {} : { nameservers }) },
          creating,
        );
      },
    }),
    createExecutor({
      name: 'openstack.port.create',
      family: 'create',
      resource: Port,
      input: inProject.extend({ networkId: id }),
      plan: ({ resource: { data }, input }) => step('create', tasks.createPort, { ...input, name: data.name }, creating),
    }),
    createExecutor({
      name: 'openstack.port.delete',
      family: 'delete',
      resource: Port,
      plan: ({ resource: { backendId } }) => step('delete', tasks.removePort, { backendId }, deleting),
    }),
    createExecutor({
      name: 'openstack.router.create',
      family: 'create',
      resource: Router,
      input: inProject,
      plan({ resource: { data }, input }) {
        const { name, externalNetwork } = data;
        return step(
          'create',
          tenantTasks.createRouter,
          { ...input, name, ...(externalNetwork === undefined ? {} : { externalNetwork }) },
          creating,
        );
      },
    }),
    createExecutor({
      name: 'openstack.router.delete',
      family: 'delete',
      resource: Router,
      plan: ({ resource: { backendId } }) => step('delete', tasks.removeRouter, { backendId }, deleting),
    }),
    createExecutor({
      name: 'openstack.floatingIp.attach',
      family: 'update',
      resource: FloatingIp,
      input: z.object({ portId: id }),
      plan: ({ resource: { backendId }, input: { portId } }) => step('attach', tasks.attachFloatingIp, { backendId, portId }, updating),
    }),
    createExecutor({
      name: 'openstack.floatingIp.detach',
      family: 'update',
      resource: FloatingIp,
      plan: ({ resource: { backendId } }) => step('detach', tasks.detachFloatingIp, { backendId }, updating),
    }),
    createExecutor({
      name: 'openstack.tenant.update',
      family: 'update',
      resource: Tenant,
      input: z.object({ name: id.optional(), quotas: quotas.optional() }),
      plan({ resource: { backendId: projectId }, input }) {
        const begin = transition(undefined, 'beginUpdating', { data: input });
        // the name is ours: the cloud keeps the one that was free when the project was made
        if (input.quotas === undefined) return begin;
        return chain(begin, step('push quotas', tenantTasks.pushQuotas, { projectId, quotas: input.quotas }));
      },
    }),
  ];
}
