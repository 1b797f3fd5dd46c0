/** Looks that only pulls need. */
import { defineTask } from '@troupe/task';
import { z } from 'zod';

const byId = z.object({ backendId: z.string().min(1) });
const common = { pool: 'openstack', idempotent: 'yes', input: byId } as const;

/** Ports of a machine. */
export const pullServerPorts = defineTask({ name: 'openstack.server.ports.pull', ...common });
/** Floating IPs that lead to ports of a machine. */
export const pullServerAddresses = defineTask({ name: 'openstack.server.addresses.pull', ...common });

/** Whether the project of a tenant is there. Its handler needs an admin. */
export const tenantExists = defineTask({ name: 'openstack.tenant.exists', ...common });

export const pullTasks = [pullServerPorts, pullServerAddresses, tenantExists];
