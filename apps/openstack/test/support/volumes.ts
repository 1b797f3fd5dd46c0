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

/** A machine with a data volume, made behind the back of the app: rows `<id>`, `<id>-vol-1` and `<id>-vol-2` at rest. */
export async function existingMachine(stage: Stage, id: string): Promise<ResourceRef> {
  const backend = backendOf(stage);
  const networkId = (await backend.listNetworks()).find(({ isExternal }) => !isExternal)!.id;
  const { backendId: bootVolumeId } = await existingVolume(stage, `${id}-vol-1`, { image: 'cirros' });
  const { item: data } = await backend.createVolume({ token: `${id} data`, name: `${id}-vol-2`, sizeGb: 1 });
  await until('the volume is there', async () => (await backend.getVolume(data.id)).status === 'available');
  const { item: port } = await backend.createPort({ token: id, networkId });
  const wanted = { token: id, name: id, flavorId: '1', bootVolumeId, dataVolumeIds: [data.id], portIds: [port.id] };
  const { item: server } = await backend.createServer(wanted);
  await until('the machine runs', async () => (await backend.getServer(server.id)).state === 'ACTIVE');
  const [attachment] = (await backend.getVolume(data.id)).attachments;
  const place = { attachedTo: server.id, device: attachment!.device };
  await stage.insert('volume', `${id}-vol-2`, { sizeGb: 1, ...place }, 'OK', data.id);
  const volumes = [`${id}-vol-1`, `${id}-vol-2`];
  return stage.insert('instance', id, { flavor: '1', volumes, portIds: [port.id] }, 'OK', server.id);
}
