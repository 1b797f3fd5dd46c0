import type { CloudRandom } from '../core/random.ts';

export interface Flavor {
  readonly id: string;
  readonly name: string;
  readonly vcpus: number;
  readonly ramMb: number;
  readonly diskGb: number;
}

export interface Image {
  readonly id: string;
  readonly name: string;
  readonly sizeBytes: number;
  readonly minDiskGb: number;
  readonly minRamMb: number;
  readonly createdAt: number;
}

export interface VolumeType {
  readonly id: string;
  readonly name: string;
  readonly description: string;
}

/** What the cloud offers and nobody changes: flavors, images, volume types. */
export interface Catalogue {
  readonly flavors: readonly Flavor[];
  readonly images: readonly Image[];
  readonly volumeTypes: readonly VolumeType[];
  readonly defaultVolumeType: VolumeType;
  flavor(id: string): Flavor | undefined;
  image(id: string): Image | undefined;
  /** By id or name: Cinder takes both. */
  volumeType(reference: string): VolumeType | undefined;
}

export const availabilityZone = 'nova';

export function createCatalogue(random: CloudRandom, nowMs: number): Catalogue {
  const flavors: readonly Flavor[] = [
    { id: '1', name: 'm1.tiny', vcpus: 1, ramMb: 512, diskGb: 1 },
    { id: '2', name: 'm1.small', vcpus: 1, ramMb: 2048, diskGb: 20 },
    { id: '3', name: 'm1.medium', vcpus: 2, ramMb: 4096, diskGb: 40 },
    { id: '4', name: 'm1.large', vcpus: 4, ramMb: 8192, diskGb: 80 },
  ];
  const image = (name: string, sizeBytes: number, minDiskGb: number, minRamMb: number): Image => ({
    id: random.uuid('image', name),
    name,
    sizeBytes,
    minDiskGb,
    minRamMb,
    createdAt: nowMs,
  });
  const images = [image('cirros', 21_430_272, 1, 0), image('debian-12', 348_127_232, 3, 512), image('ubuntu-24.04', 614_858_752, 4, 1024)];
  const defaultVolumeType: VolumeType = {
    id: random.uuid('volume type', '__DEFAULT__'),
    name: '__DEFAULT__',
    description: 'Default Volume Type',
  };
  const volumeTypes = [defaultVolumeType, { id: random.uuid('volume type', 'ssd'), name: 'ssd', description: 'Solid state' }];
  return {
    flavors,
    images,
    volumeTypes,
    defaultVolumeType,
    flavor: (id) => flavors.find((flavor) => flavor.id === id),
    image: (id) => images.find((candidate) => candidate.id === id),
    volumeType: (reference) => volumeTypes.find((type) => type.id === reference || type.name === reference),
  };
}
