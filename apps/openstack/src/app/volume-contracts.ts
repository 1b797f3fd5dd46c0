/** Tasks that change a volume that is there, or make one out of a snapshot. */
import { defineTask } from '@troupe/task';
import { z } from 'zod';

const pool = 'openstack';
const id = z.string().min(1);
const byId = z.object({ backendId: id });

/** Looks for its volume by the token first: a second run finds it. */
export const createFromSnapshot = defineTask({
  name: 'openstack.volume.createFromSnapshot',
  pool,
  idempotent: 'token',
  input: z.object({ name: z.string(), sizeGb: z.number().int().positive(), snapshotId: id }),
  output: byId,
});
/** A copy of a boot volume is for its data: no machine is to boot from it by mistake. */
export const clearBootFlag = defineTask({ name: 'openstack.volume.bootFlag.clear', pool, idempotent: 'yes', input: byId });

export const volumeTasks = [createFromSnapshot, clearBootFlag];
