import type { Server, Volume } from '@troupe/openstack';
import type { Bench } from './bench.ts';

/** Time enough for anything on the cloud to come to its end. */
export const longMs = 60_000;

/** A volume that is there. */
export async function readyVolume({ backend, clock }: Bench, name: string, imageId?: string): Promise<Volume> {
  const { item } = await backend.createVolume({ token: `token of ${name}`, name, sizeGb: 4, imageId });
  clock.advance(longMs);
  return backend.getVolume(item.id);
}

/** A server that runs, booted from a volume of its own, with one port that its owner made. */
export async function runningServer(bench: Bench, name: string, dataVolumeIds: readonly string[] = []): Promise<Server> {
  const { backend, clock, ids } = bench;
  const boot = await readyVolume(bench, `${name}-boot`, ids.image);
  const { item: port } = await backend.createPort({ token: `token of ${name}-port`, networkId: ids.privateNetwork });
  const { item } = await backend.createServer({
    token: `token of ${name}`,
    name,
    flavorId: '2',
    bootVolumeId: boot.id,
    dataVolumeIds,
    portIds: [port.id],
  });
  clock.advance(longMs);
  return backend.getServer(item.id);
}
