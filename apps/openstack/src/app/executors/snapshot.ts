/** F5: snapshots of volumes, and volumes out of snapshots. */
import { chain, createExecutor, type ExecutorDefinition, poll, ref, step, throttled } from '@troupe/executor';
import { z } from 'zod';
import { Snapshot } from '../backup-kinds.ts';
import * as looks from '../contracts.ts';
import { Volume } from '../kinds.ts';
import { after, type FullPace } from '../pace.ts';
import * as tasks from '../snapshot-contracts.ts';
import { clearBootFlag, createFromSnapshot } from '../volume-contracts.ts';
import { volumeReady } from './volume.ts';

export function changeSnapshots(pace: FullPace): ExecutorDefinition[] {
  return [createSnapshot(pace), deleteSnapshot(pace), restoreSnapshot(pace)];
}

/** The lease spans the delay and the looks, as that of a volume does. Whoever orders it for a schedule says `class: 'heavy'`. */
function createSnapshot({ every, snapshotDelay }: FullPace): ExecutorDefinition {
  return createExecutor({
    name: 'openstack.snapshot.create',
    family: 'create',
    resource: Snapshot,
    input: z.preprocess((given) => given ?? {}, z.object({ force: z.boolean().default(false) })),
    plan: ({ resource: { data }, input: { force } }) =>
      throttled(
        { scope: data.provider, need: { snapshot: 1 } },
        step('create', tasks.createSnapshot, { name: data.name, volumeId: data.volumeId, force }, { transition: 'beginCreating' }),
        poll('ready', tasks.pullSnapshot, {
          input: { backendId: ref('create.backendId') },
          until: { runtimeState: ['available'] },
          fail: { runtimeState: ['error', 'error_deleting', 'deleted'] },
          every,
          for: '100m',
          ...after(snapshotDelay),
        }),
      ),
  });
}

/** Without a backend id nothing is called: the family removes the row. */
function deleteSnapshot({ every }: FullPace): ExecutorDefinition {
  return createExecutor({
    name: 'openstack.snapshot.delete',
    family: 'delete',
    resource: Snapshot,
    plan: ({ resource: { backendId } }) =>
      chain(
        step('delete', tasks.deleteSnapshot, { backendId }, { transition: 'beginDeleting' }),
        poll('gone', tasks.isSnapshotGone, { input: { backendId }, until: { done: true }, every, for: '50m' }),
      ),
  });
}

/** Makes a volume, so it takes a token of a volume: what is limited is what the storage builds, not what it is built from. */
function restoreSnapshot(pace: FullPace): ExecutorDefinition {
  return createExecutor({
    name: 'openstack.volume.restore',
    family: 'create',
    resource: Volume,
    input: z.object({ snapshotId: z.string().min(1) }),
    plan({ resource: { data }, input: { snapshotId } }) {
      const volume = { backendId: ref('create.backendId') };
      return throttled(
        { scope: data.provider, need: { volume: 1 } },
        step('create', createFromSnapshot, { name: data.name, sizeGb: data.sizeGb, snapshotId }, { transition: 'beginCreating' }),
        poll('ready', looks.pullVolume, { input: volume, ...volumeReady(pace) }),
        step('clear boot flag', clearBootFlag, volume),
        step('pull', looks.pullVolume, volume),
      );
    },
  });
}
