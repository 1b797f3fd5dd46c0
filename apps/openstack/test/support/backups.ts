import { createBackend } from '@troupe/openstack';
import type { Backend } from '@troupe/openstack';
import type { ResourceRef } from '@troupe/protocol';
import { until } from '@troupe/test-infra';
import { configOf } from './bench.ts';
import type { Stage } from './stage.ts';

export const backendOf = ({ cloud }: Stage): Backend => createBackend(configOf(cloud));

/** Volumes on the cloud, made behind the back of the app. */
export async function readyVolumes(backend: Backend, names: readonly string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const name of names) {
    const { item } = await backend.createVolume({ token: name, name, sizeGb: 1 });
    await until('the volume is there', async () => (await backend.getVolume(item.id)).status === 'available');
    ids.push(item.id);
  }
  return ids;
}

/** Most snapshots that were being made at once, as somebody sees who looks all the time. */
export async function peakWhile(backend: Backend, work: Promise<unknown>): Promise<number> {
  let isOver = false;
  let peak = 0;
  const end = () => {
    isOver = true;
  };
  void work.then(end, end);
  while (!isOver) peak = Math.max(peak, (await backend.listSnapshots()).filter(({ status }) => status === 'creating').length);
  return peak;
}

export const snapshotOf = (backup: string, n: number): ResourceRef => ({ kind: 'snapshot', id: `${backup}-${n}` });

/** Rows of a backup of these volumes and of its snapshots `<id>-1`, `<id>-2` …, in their order. */
export async function insertBackup(stage: Stage, id: string, volumeIds: readonly string[]): Promise<ResourceRef> {
  const refs = volumeIds.map((_, i) => snapshotOf(id, i + 1));
  for (const [i, volumeId] of volumeIds.entries()) await stage.insert('snapshot', refs[i]!.id, { volumeId });
  return stage.insert('backup', id, { snapshots: refs.map((ref) => ref.id) });
}

/** A backup that is there. */
export async function insertMadeBackup(stage: Stage, backend: Backend, id: string, volumeIds: readonly string[]): Promise<ResourceRef> {
  const made = await Promise.all(volumeIds.map((volumeId, i) => backend.createSnapshot({ token: `${id} ${i}`, volumeId, name: id })));
  for (const { item } of made)
    await until('the snapshot is there', async () => (await backend.getSnapshot(item.id)).status === 'available');
  for (const [i, { item }] of made.entries())
    await stage.insert('snapshot', snapshotOf(id, i + 1).id, { volumeId: item.volumeId }, 'OK', item.id);
  return stage.insert('backup', id, { snapshots: made.map((_, i) => snapshotOf(id, i + 1).id) }, 'OK');
}
