/** The app's operations, most of them of the operation families F1 to F18, and the small ones that these are made of. */
import type { ExecutorDefinition } from '@troupe/executor';
import { createBackup, deleteBackup } from './executors/backup.ts';
import { changeFlavor } from './executors/instance-resize.ts';
import { updateAddresses } from './executors/instance-addresses.ts';
import { networkParts } from './executors/network-parts.ts';
import { changeSnapshots } from './executors/snapshot.ts';
import { changeVolumes } from './executors/volume-change.ts';
import { createInstance } from './executors/instance-create.ts';
import { deleteInstance } from './executors/instance-delete.ts';
import { changePower } from './executors/instance-power.ts';
import { deleteFloatingIp, pullAddresses, pullFloatingIp } from './executors/network.ts';
import { pullInstance, pullVolume } from './executors/pulls.ts';
import { createSecurityGroup, createTenant } from './executors/tenant-create.ts';
import { importTenant, migrateTenant } from './executors/tenant-import.ts';
import { deleteTenant, partRemovals } from './executors/tenant-delete.ts';
import { pullTenantRow } from './executors/tenant-pull.ts';
import { createVolume, deleteVolume, detachVolume } from './executors/volume.ts';
import { defaultPace, type Pace } from './pace.ts';

export function openstackExecutors(given: Pace = {}, { pullAfterCreate = true } = {}): ExecutorDefinition[] {
  const pace = { ...defaultPace, ...given };
  const pullTenant = pullTenantRow();
  const children = {
    detachVolume: detachVolume(pace),
    deleteVolume: deleteVolume(pace),
    deleteFloatingIp: deleteFloatingIp(pace),
    pullFloatingIp: pullFloatingIp(pace),
    pullAddresses: pullAddresses(),
    createSecurityGroup: createSecurityGroup(),
    ...partRemovals(),
  };
  return [
    createVolume(pace),
    createInstance(pace, children.pullAddresses),
    deleteInstance(pace, children),
    changePower('start', pace),
    changePower('stop', pace),
    changePower('restart', pace),
    createTenant(children.createSecurityGroup, pullAfterCreate ? pullTenant : undefined),
    deleteTenant(pace, children),
    importTenant(),
    migrateTenant(),
    createBackup(pace),
    deleteBackup(pace),
    ...Object.values(children),
    ...changeSnapshots(pace),
    ...changeVolumes(pace),
    changeFlavor(pace),
    updateAddresses(pace, children.pullAddresses),
    ...networkParts(),
    pullInstance(),
    pullTenant,
    pullVolume(),
  ];
}
