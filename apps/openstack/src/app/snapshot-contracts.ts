/** Tasks on snapshots of volumes. */
import { defineTask } from '@troupe/task';
import { z } from 'zod';

const pool = 'openstack';
const id = z.string().min(1);
const byId = z.object({ backendId: id });

/** Looks for its snapshot by the token first: a second run finds it. */
export const createSnapshot = defineTask({
  name: 'openstack.snapshot.create',
  pool,
  idempotent: 'token',
  /** `force`: also of a volume that is in use. */
  input: z.object({ name: z.string(), volumeId: id, force: z.boolean().optional() }),
  output: byId,
});
export const pullSnapshot = defineTask({ name: 'openstack.snapshot.pull', pool, idempotent: 'yes', input: byId });
export const deleteSnapshot = defineTask({ name: 'openstack.snapshot.delete', pool, idempotent: 'yes', input: byId });
/** Output `done: true` when the object is gone; `failed: true` when the backend gave up on it. */
export const isSnapshotGone = defineTask({ name: 'openstack.snapshot.gone', pool, idempotent: 'yes', input: byId });

export const snapshotTasks = [createSnapshot, pullSnapshot, deleteSnapshot, isSnapshotGone];
