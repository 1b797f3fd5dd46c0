/**
 * F16: whether the project of a tenant is there, and what is in it. A follower terminates what a customer has once a tenant is
 * `missing_on_backend`, so nothing says that but Keystone's own word: a lost worker, a time-out, a refusal or a proxy's 404 makes
 * the tenant ERRED with that error, and destroys nothing.
 */
import { createPull, type ExecutorDefinition, group, step } from '@troupe/executor';
import { Tenant } from '../kinds.ts';
import { tenantExists } from '../pull-contracts.ts';
import { pullTenant, tenantPulls } from '../tenant-contracts.ts';

export function pullTenantRow(): ExecutorDefinition {
  return createPull({
    name: 'openstack.tenant.pull',
    resource: Tenant,
    broken: 'any',
    look: ({ resource: { backendId } }) => step('exists', tenantExists, { backendId }),
    // each part by itself: what one of them cannot tell is no reason to forget what the others say, nor to make the tenant ERRED
    and: ({ resource: { backendId } }) =>
      group(
        { policy: 'collect', id: 'parts', window: 4 },
        ...tenantPulls.map((what) => step(`pull ${what}`, pullTenant[what], { projectId: backendId })),
      ),
  });
}
