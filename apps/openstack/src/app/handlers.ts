/** One backend call each. Only here the REST client is used, so only workers load it. */
import type { Handler } from '@troupe/task';
import type { Backend } from '../backend/index.ts';
import { networkHandlers } from './network-handlers.ts';
import { networkPartHandlers } from './network-part-handlers.ts';
import { pullHandlers } from './pull-handlers.ts';
import { resizeHandlers } from './resize-handlers.ts';
import { serverHandlers } from './server-handlers.ts';
import { snapshotHandlers } from './snapshot-handlers.ts';
import type { TenantBackends } from './tenant-backends.ts';
import { tenantHandlers } from './tenant-handlers.ts';
import { tenantRemovalHandlers } from './tenant-removal-handlers.ts';
import { volumeChangeHandlers } from './volume-change-handlers.ts';
import { volumeHandlers } from './volume-handlers.ts';

export function openstackHandlers(backend: Backend, tenants: TenantBackends): Handler[] {
  return [
    ...volumeHandlers(backend),
    ...serverHandlers(backend),
    ...networkHandlers(backend),
    ...pullHandlers(backend, tenants.admin),
    ...snapshotHandlers(backend),
    ...volumeChangeHandlers(backend),
    ...networkPartHandlers(backend, tenants),
    ...resizeHandlers(backend),
    ...tenantHandlers(tenants),
    ...tenantRemovalHandlers(tenants),
  ];
}
