/** Small operations on floating IPs and tenants, which those of instances use as children. */
import { createExecutor, type ExecutorDefinition, step } from '@troupe/executor';
import * as tasks from '../contracts.ts';
import { FloatingIp, Tenant } from '../kinds.ts';
import { after, type FullPace } from '../pace.ts';

export function deleteFloatingIp({ floatingIpDelay }: FullPace): ExecutorDefinition {
  return createExecutor({
    name: 'openstack.floatingIp.delete',
    family: 'delete',
    resource: FloatingIp,
    plan: ({ resource: { backendId } }) =>
      step('delete', tasks.deleteFloatingIp, { backendId }, { transition: 'beginDeleting', ...after(floatingIpDelay) }),
  });
}

export function pullFloatingIp({ floatingIpDelay }: FullPace): ExecutorDefinition {
  return createExecutor({
    name: 'openstack.floatingIp.pull',
    family: 'update',
    resource: FloatingIp,
    plan: ({ resource: { backendId } }) =>
      step('pull', tasks.pullFloatingIp, { backendId }, { transition: 'beginUpdating', ...after(floatingIpDelay) }),
  });
}

export function pullAddresses(): ExecutorDefinition {
  return createExecutor({
    name: 'openstack.tenant.pullAddresses',
    family: 'update',
    resource: Tenant,
    plan: () => step('pull', tasks.pullAddresses, {}, { transition: 'beginUpdating' }),
  });
}
