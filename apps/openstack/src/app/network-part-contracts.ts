/** Tasks on parts of the network, most of them all that their operation does. */
import { defineTask } from '@troupe/task';
import { z } from 'zod';

const pool = 'openstack';
const id = z.string().min(1);
const byId = z.object({ backendId: id });

/** Makes the addresses of ports of one machine these and no others. */
export const setAddresses = defineTask({
  name: 'openstack.floatingIps.set',
  pool,
  idempotent: 'yes',
  input: z.object({ backendIds: z.array(id), portIds: z.array(id) }),
});
export const attachFloatingIp = defineTask({
  name: 'openstack.floatingIp.attach',
  pool,
  idempotent: 'yes',
  input: byId.extend({ portId: id }),
});
export const detachFloatingIp = defineTask({ name: 'openstack.floatingIp.detach', pool, idempotent: 'yes', input: byId });

export const detachGroupFromInstances = defineTask({
  name: 'openstack.securityGroup.instances.detach',
  pool,
  idempotent: 'yes',
  input: byId,
});
export const detachGroupFromPorts = defineTask({ name: 'openstack.securityGroup.ports.detach', pool, idempotent: 'yes', input: byId });

export const createPort = defineTask({
  name: 'openstack.port.create',
  pool,
  idempotent: 'token',
  input: z.object({ projectId: id, networkId: id, name: z.string() }),
  output: byId,
});
export const removePort = defineTask({ name: 'openstack.port.delete', pool, idempotent: 'yes', input: byId });
export const removeRouter = defineTask({ name: 'openstack.router.delete', pool, idempotent: 'yes', input: byId });

export const networkPartTasks = [
  setAddresses,
  attachFloatingIp,
  detachFloatingIp,
  detachGroupFromInstances,
  detachGroupFromPorts,
  createPort,
  removePort,
  removeRouter,
];
