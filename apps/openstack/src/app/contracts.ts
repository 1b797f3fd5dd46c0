/** What supervisors and producers know of the app's tasks. No SDK, no handler. */
import { defineTask } from '@troupe/task';
import { z } from 'zod';
import { networkPartTasks } from './network-part-contracts.ts';
import { pullTasks } from './pull-contracts.ts';
import { resizeTasks } from './resize-contracts.ts';
import { snapshotTasks } from './snapshot-contracts.ts';
import { tenantTasks } from './tenant-contracts.ts';
import { volumeTasks } from './volume-contracts.ts';

const pool = 'openstack';
const id = z.string().min(1);
const byId = z.object({ backendId: id });

/** Looks for its volume by the token first: a second run finds it. */
export const createVolume = defineTask({
  name: 'openstack.volume.create',
  pool,
  idempotent: 'token',
  input: z.object({ name: z.string(), sizeGb: z.number().int().positive(), image: z.string().optional() }),
  output: byId,
});
export const pullVolume = defineTask({ name: 'openstack.volume.pull', pool, idempotent: 'yes', input: byId });
export const deleteVolume = defineTask({ name: 'openstack.volume.delete', pool, idempotent: 'yes', input: byId });
/** Output `done: true` when the object is gone; `failed: true` when the backend gave up on it. */
export const isVolumeGone = defineTask({ name: 'openstack.volume.gone', pool, idempotent: 'yes', input: byId });
export const detachVolume = defineTask({
  name: 'openstack.volume.detach',
  pool,
  idempotent: 'yes',
  input: z.object({ serverId: id, backendId: id }),
});

/** One port per network. The tokens are given, so that whoever tidies up finds the port whose answer was lost. */
export const createPorts = defineTask({
  name: 'openstack.ports.create',
  pool,
  idempotent: 'token',
  input: z.object({ name: z.string(), ports: z.array(z.object({ token: id, network: z.string() })) }),
  output: z.object({ portIds: z.array(id) }),
});
/** Removes the ports of a create, unless a machine has them. */
export const releasePorts = defineTask({
  name: 'openstack.ports.release',
  pool,
  idempotent: 'yes',
  input: z.object({ tokens: z.array(id) }),
});
/** Those that are named, and those of a machine. */
export const deletePorts = defineTask({
  name: 'openstack.ports.delete',
  pool,
  idempotent: 'yes',
  input: z.object({ serverId: id.optional(), portIds: z.array(id) }),
});

export const createServer = defineTask({
  name: 'openstack.server.create',
  pool,
  idempotent: 'token',
  input: z.object({
    name: z.string(),
    flavor: z.string(),
    /** The machine boots from the first one, which ends with it. */
    volumeIds: z.array(id).min(1),
    portIds: z.array(id),
    serverGroup: z.string().optional(),
  }),
  output: byId,
});
export const pullServer = defineTask({ name: 'openstack.server.pull', pool, idempotent: 'yes', input: byId });
export const pullGroups = defineTask({ name: 'openstack.server.groups.pull', pool, idempotent: 'yes', input: byId });
export const pullServerGroup = defineTask({ name: 'openstack.server.group.pull', pool, idempotent: 'yes', input: byId });
export const deleteServer = defineTask({ name: 'openstack.server.delete', pool, idempotent: 'yes', input: byId });
export const isServerGone = defineTask({ name: 'openstack.server.gone', pool, idempotent: 'yes', input: byId });
export const startServer = defineTask({ name: 'openstack.server.start', pool, idempotent: 'yes', input: byId });
export const stopServer = defineTask({ name: 'openstack.server.stop', pool, idempotent: 'yes', input: byId });
/** Not to be repeated blindly: a second reboot would hit a machine that is up again. */
export const rebootServer = defineTask({ name: 'openstack.server.reboot', pool, idempotent: 'no', input: byId });

export const createFloatingIp = defineTask({
  name: 'openstack.floatingIp.create',
  pool,
  idempotent: 'token',
  input: z.object({ network: z.string().optional() }),
  output: z.object({ backendId: id, address: z.string() }),
});
/** Makes each address lead to the port of the same place. */
export const pushFloatingIps = defineTask({
  name: 'openstack.floatingIps.push',
  pool,
  idempotent: 'yes',
  input: z.object({ backendIds: z.array(id), portIds: z.array(id) }),
});
export const pullFloatingIp = defineTask({ name: 'openstack.floatingIp.pull', pool, idempotent: 'yes', input: byId });
export const deleteFloatingIp = defineTask({ name: 'openstack.floatingIp.delete', pool, idempotent: 'yes', input: byId });

/** All addresses of the project. */
export const pullAddresses = defineTask({ name: 'openstack.tenant.addresses.pull', pool, idempotent: 'yes' });

export const tasks = [
  createVolume,
  pullVolume,
  deleteVolume,
  isVolumeGone,
  detachVolume,
  createPorts,
  releasePorts,
  deletePorts,
  createServer,
  pullServer,
  pullGroups,
  pullServerGroup,
  deleteServer,
  isServerGone,
  startServer,
  stopServer,
  rebootServer,
  createFloatingIp,
  pushFloatingIps,
  pullFloatingIp,
  deleteFloatingIp,
  pullAddresses,
  ...pullTasks,
  ...tenantTasks,
  ...snapshotTasks,
  ...volumeTasks,
  ...networkPartTasks,
  ...resizeTasks,
];
