/** F12 and F13: backups. */
import { chain, createExecutor, type ExecutorDefinition, nothing, poll, ref, step, throttled, transition } from '@troupe/executor';
import { Backup, Snapshot } from '../backup-kinds.ts';
import type { FullPace } from '../pace.ts';
import * as tasks from '../snapshot-contracts.ts';

/**
 * F12. The snapshots are taken in turn, each under a token of its own. On failure the backup is ERRED; a snapshot that is ready
 * stays OK, one that was not started is removed, the one that failed is ERRED. Whoever orders it for a schedule says `class: 'heavy'`.
 */
export function createBackup({ every }: FullPace): ExecutorDefinition {
  return createExecutor({
    name: 'openstack.backup.create',
    family: 'create',
    resource: Backup,
    resources: ({ resource: { data } }) =>
      data.snapshots.map((id) => ({ ref: Snapshot.ref(id), family: 'create' as const, ends: { neverStarted: 'remove' as const } })),
    plan: ({ resource: { data }, resources }) =>
      chain(
        transition(undefined, 'beginCreating'),
        ...resources.slice(1).map((snapshot) => {
          const on = Snapshot.ref(snapshot.id);
          const { name, volumeId } = snapshot.data as { name: string; volumeId: string };
          return throttled(
            { scope: data.provider, need: { snapshot: 1 } },
            step(`create ${on.id}`, tasks.createSnapshot, { name, volumeId, force: true }, { on, transition: 'beginCreating' }),
            poll(`ready ${on.id}`, tasks.pullSnapshot, {
              on,
              input: { backendId: ref(`create ${on.id}.backendId`) },
              until: { runtimeState: ['available'] },
              fail: { runtimeState: ['error', 'error_deleting', 'deleted'] },
              every,
              for: '100m',
            }),
            transition(on, 'setOk'),
          );
        }),
      ),
  });
}

/**
 * F13. Backup and snapshots are taken together or not at all. The row of a snapshot goes as soon as the cloud has let it go, so a
 * delete that failed half-way is repeated for the rest; rows that are gone are passed over.
 */
export function deleteBackup({ every }: FullPace): ExecutorDefinition {
  return createExecutor({
    name: 'openstack.backup.delete',
    family: 'delete',
    resource: Backup,
    // it never has an id on the backend; its snapshots do
    neverCreated: 'plan',
    resources: ({ resource: { data } }) => data.snapshots.map((id) => ({ ref: Snapshot.ref(id), missing: 'skip' as const })),
    plan({ resources }) {
      const snapshots = resources.slice(1).map(({ id, backendId }) => ({ on: Snapshot.ref(id), backendId }));
      return chain(
        transition(undefined, 'beginDeleting'),
        ...snapshots.map(({ on, backendId }) =>
          backendId === ''
            ? transition(on, 'beginDeleting')
            : step(`delete ${on.id}`, tasks.deleteSnapshot, { backendId }, { on, transition: 'beginDeleting' }),
        ),
        ...snapshots.map(({ on, backendId }) =>
          chain(
            backendId === ''
              ? nothing()
              : poll(`gone ${on.id}`, tasks.isSnapshotGone, { on, input: { backendId }, until: { done: true }, every, for: '50m' }),
            transition(on, 'remove'),
          ),
        ),
      );
    },
  });
}
