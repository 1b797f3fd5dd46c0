/** F15: a tenant with everything that its project has on the cloud. */
import { chain, createExecutor, type ExecutorDefinition, type PlanNode, poll, step, transition } from '@troupe/executor';
import type { ResourceRef } from '@troupe/protocol';
import { Tenant } from '../kinds.ts';
import type { FullPace } from '../pace.ts';
import * as tasks from '../tenant-contracts.ts';
import { Network, SecurityGroup, Subnet } from '../tenant-kinds.ts';
import { deleteSecurityGroup } from './network-parts.ts';
import { restThenUnlessGone, restThenWhatever } from './other.ts';

export interface PartRemovals {
  readonly deleteNetwork: ExecutorDefinition;
  readonly deleteSubnet: ExecutorDefinition;
  readonly deleteGroup: ExecutorDefinition;
}

/** One call each, but for groups; what the cloud does not have any more is gone all the same. */
export function partRemovals(): PartRemovals {
  const removal = (kind: typeof Network, task: typeof tasks.removeNetwork): ExecutorDefinition =>
    createExecutor({
      name: task.name,
      family: 'delete',
      resource: kind,
      plan: ({ resource: { backendId } }) => step('delete', task, { backendId }, { transition: 'beginDeleting' }),
    });
  return {
    deleteNetwork: removal(Network, tasks.removeNetwork),
    deleteSubnet: removal(Subnet as never, tasks.removeSubnet),
    deleteGroup: deleteSecurityGroup(),
  };
}

/**
 * The rows of what was made with the tenant go by operations of their own once the cloud has nothing of it: a row that somebody has is
 * waited for, and one that is gone is gone. The deadline follows from the parts: three polls of 50 min alone are more than two hours.
 */
export function deleteTenant({ every }: FullPace, parts: PartRemovals): ExecutorDefinition {
  return createExecutor({
    name: 'openstack.tenant.delete',
    family: 'delete',
    resource: Tenant,
    // also the rows of what was never made on the cloud go with it
    neverCreated: 'plan',
    plan({ resource: { backendId: projectId, data }, options: { force } }) {
      const leave = force ? restThenWhatever : restThenUnlessGone;
      const row = (executor: ExecutorDefinition, resource: ResourceRef): PlanNode => leave(`row ${resource.id}`, executor, resource);
      const rows = [
        ...(data.subnet === undefined ? [] : [row(parts.deleteSubnet, Subnet.ref(data.subnet))]),
        ...(data.network === undefined ? [] : [row(parts.deleteNetwork, Network.ref(data.network))]),
        ...(data.securityGroups ?? []).map((id) => row(parts.deleteGroup, SecurityGroup.ref(id))),
      ];
      if (projectId === '') return chain(transition(undefined, 'beginDeleting'), ...rows);
      const project = { projectId };
      const remove = (what: tasks.TenantRemoval): PlanNode => step(what, tasks.removeOfTenant[what], project);
      const none = (what: tasks.TenantRemains): PlanNode =>
        poll(`no ${what}`, tasks.isTenantWithout[what], { input: project, until: { done: true }, every, for: '50m' });
      return chain(
        step('floatingIps', tasks.removeOfTenant.floatingIps, project, { transition: 'beginDeleting' }),
        ...(['routes', 'ports', 'routers'] as const).map(remove),
        step('pull routers', tasks.pullTenant.routers, project),
        remove('networks'),
        remove('securityGroups'),
        remove('snapshots'),
        none('snapshots'),
        remove('instances'),
        none('instances'),
        remove('volumes'),
        none('volumes'),
        remove('serverGroups'),
        ...rows,
        step('user', tasks.deleteUser, project),
        step('tenant', tasks.deleteTenant, project),
      );
    },
  });
}
