import { createBackend, type Backend } from '@troupe/openstack';
import type { JsonObject, ResourceRef } from '@troupe/protocol';
import { until } from '@troupe/test-infra';
import { configOf } from './bench.ts';
import type { Stage } from './stage.ts';

export interface Existing {
  readonly ref: ResourceRef;
  readonly backendId: string;
}

export const backendOf = ({ cloud }: Stage): Backend => createBackend(configOf(cloud));

/** A volume made behind the back of the app, and its row at rest. */
export async function existingVolume(
  stage: Stage,
  id: string,
  { image, ...data }: JsonObject & { image?: string } = {},
): Promise<Existing> {
  const backend = backendOf(stage);
  const imageId = image === undefined ? undefined : (await backend.findImage(image))!.id;
  const { item } = await backend.createVolume({ token: id, name: id, sizeGb: 1, imageId });
  await until('the volume is there', async () => (await backend.getVolume(item.id)).status === 'available');
  return { ref: await stage.insert('volume', id, { sizeGb: 1, ...data }, 'OK', item.id), backendId: item.id };
}

/** The same with a snapshot of it, whose row is `<id>-snap`. */
export async function snapshotOf(stage: Stage, id: string, options: { image?: string } = {}): Promise<Existing> {
  const backend = backendOf(stage);
  const { backendId: volumeId } = await existingVolume(stage, id, options);
  const { item } = await backend.createSnapshot({ token: id, volumeId, name: id });
  await until('the snapshot is there', async () => (await backend.getSnapshot(item.id)).status === 'available');
  return { ref: await stage.insert('snapshot', `${id}-snap`, { volumeId }, 'OK', item.id), backendId: item.id };
}
