/**
 * The words in which the cloud says how an object is. Polls name the words they wait for and the words they fail at out of these lists;
 * what is in no list is an unknown value, and a poll goes on past it.
 */

/** Runtime states of a VM. */
export const vmStates = [
  'ACTIVE',
  'BUILDING',
  'SHUTOFF',
  'STOPPED',
  'VERIFY_RESIZE',
  'RESIZED',
  'REVERT_RESIZE',
  'REBOOT',
  'HARD_REBOOT',
  'PAUSED',
  'SUSPENDED',
  'RESCUED',
  'REBUILD',
  'PASSWORD',
  'ERROR',
  'DELETED',
  'SOFT_DELETED',
  'UNKNOWN',
] as const;

export type VmState = (typeof vmStates)[number];

/** Nova's status words where they differ from ours. Nova says RESIZE while it resizes, VERIFY_RESIZE when that is done. */
export const vmStateByNovaStatus: Readonly<Record<string, VmState>> = Object.freeze({
  BUILD: 'BUILDING',
  RESCUE: 'RESCUED',
  RESIZE: 'RESIZED',
  SHELVED: 'STOPPED',
  SHELVED_OFFLOADED: 'STOPPED',
});

/** The state that a status word of Nova stands for; UNKNOWN for a word that nobody knows. */
export function vmStateOf(novaStatus: string): VmState {
  if (Object.hasOwn(vmStateByNovaStatus, novaStatus)) return vmStateByNovaStatus[novaStatus] ?? 'UNKNOWN';
  return (vmStates as readonly string[]).includes(novaStatus) ? (novaStatus as VmState) : 'UNKNOWN';
}

/** Runtime states of a volume. `deleted` is never said by Cinder: it is what a 404 means. */
export const volumeStates = [
  'creating',
  'available',
  'in-use',
  'deleting',
  'retyping',
  'error',
  'error_deleting',
  'error_extending',
  'error_restoring',
  'deleted',
  // Words on the way from one to another, which no poll waits for.
  'downloading',
  'uploading',
  'reserved',
  'attaching',
  'detaching',
  'extending',
  'backing-up',
  'restoring-backup',
  'awaiting-transfer',
  'maintenance',
] as const;

export type VolumeState = (typeof volumeStates)[number];

export function isVolumeState(word: string): word is VolumeState {
  return (volumeStates as readonly string[]).includes(word);
}

/** Runtime states of a snapshot. `deleted` is never said by Cinder: it is what a 404 means. */
export const snapshotStates = ['creating', 'available', 'deleting', 'error', 'error_deleting', 'deleted'] as const;

export type SnapshotState = (typeof snapshotStates)[number];

export function isSnapshotState(word: string): word is SnapshotState {
  return (snapshotStates as readonly string[]).includes(word);
}

/** Runtime states of a floating IP. */
export const floatingIpStates = ['ACTIVE', 'DOWN', 'ERROR'] as const;

export type FloatingIpState = (typeof floatingIpStates)[number];

export function isFloatingIpState(word: string): word is FloatingIpState {
  return (floatingIpStates as readonly string[]).includes(word);
}
