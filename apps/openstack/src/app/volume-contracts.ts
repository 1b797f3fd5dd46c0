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
export const extendVolume = defineTask({
  name: 'openstack.volume.extend',
  pool,
  idempotent: 'yes',
  input: byId.extend({ sizeGb: z.number().int().positive() }),
});
export const attachVolume = defineTask({
  name: 'openstack.volume.attach',
  pool,
  idempotent: 'yes',
  input: byId.extend({ serverId: id, device: z.string().optional() }),
});
export const retypeVolume = defineTask({
  name: 'openstack.volume.retype',
  pool,
  idempotent: 'yes',
  input: byId.extend({ volumeType: id }),
});
/** Fails with `type_unchanged` where the cloud has gone back to the type that the volume had. */
export const checkType = defineTask({
  name: 'openstack.volume.type.check',
  pool,
  idempotent: 'yes',
  input: byId.extend({ volumeType: id }),
});

export const volumeTasks = [createFromSnapshot, clearBootFlag, extendVolume, attachVolume, retypeVolume, checkType];
