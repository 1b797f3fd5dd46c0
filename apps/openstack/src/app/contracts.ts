/** What supervisors and producers know of the app's tasks. No SDK, no handler. */
import { defineTask } from '@troupe/task';
import { z } from 'zod';

const pool = 'openstack';
const byId = z.object({ backendId: z.string().min(1) });

/** Looks for its volume by the token first: a second run finds it. */
export const createVolume = defineTask({
  name: 'openstack.volume.create',
  pool,
  idempotent: 'token',
  input: z.object({ name: z.string(), sizeGb: z.number().int().positive(), image: z.string().optional() }),
  output: z.object({ backendId: z.string() }),
});
export const pullVolume = defineTask({ name: 'openstack.volume.pull', pool, idempotent: 'yes', input: byId });
export const deleteVolume = defineTask({ name: 'openstack.volume.delete', pool, idempotent: 'yes', input: byId });
/** Output `done: true` when the object is gone; `failed: true` when the backend gave up on it. */
export const isVolumeGone = defineTask({ name: 'openstack.volume.gone', pool, idempotent: 'yes', input: byId });

export const createPort = defineTask({
  name: 'openstack.port.create',
  pool,
  idempotent: 'token',
  input: z.object({ name: z.string(), network: z.string().optional() }),
  output: z.object({ portId: z.string() }),
});
export const deletePorts = defineTask({ name: 'openstack.port.delete', pool, idempotent: 'yes', input: byId });

export const createServer = defineTask({
  name: 'openstack.server.create',
  pool,
  idempotent: 'token',
  input: z.object({ name: z.string(), flavor: z.string(), volumeIds: z.array(z.string()).min(1), portId: z.string() }),
  output: z.object({ backendId: z.string() }),
});
export const pullServer = defineTask({ name: 'openstack.server.pull', pool, idempotent: 'yes', input: byId });
export const deleteServer = defineTask({ name: 'openstack.server.delete', pool, idempotent: 'yes', input: byId });
export const isServerGone = defineTask({ name: 'openstack.server.gone', pool, idempotent: 'yes', input: byId });
export const startServer = defineTask({ name: 'openstack.server.start', pool, idempotent: 'yes', input: byId });
export const stopServer = defineTask({ name: 'openstack.server.stop', pool, idempotent: 'yes', input: byId });
/** Not to be repeated blindly: a second reboot would hit a machine that is up again. */
export const rebootServer = defineTask({ name: 'openstack.server.reboot', pool, idempotent: 'no', input: byId });
export const detachVolume = defineTask({
  name: 'openstack.volume.detach',
  pool,
  idempotent: 'yes',
  input: z.object({ serverId: z.string().min(1), backendId: z.string().min(1) }),
});

export const tasks = [
  createVolume,
  pullVolume,
  deleteVolume,
  isVolumeGone,
  createPort,
  deletePorts,
  createServer,
  pullServer,
  deleteServer,
  isServerGone,
  startServer,
  stopServer,
  rebootServer,
  detachVolume,
];
