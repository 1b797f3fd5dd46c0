import { z } from 'zod';
import { tokenOf } from './tokens.ts';
import { vmStateOf } from './vocabulary.ts';
import type { VmState } from './vocabulary.ts';

export interface Server {
  readonly id: string;
  readonly name: string;
  readonly state: VmState;
  /** Nova's own word. */
  readonly novaStatus: string;
  /** What Nova is doing to the server: `powering-on`, `deleting`; undefined when it rests. */
  readonly taskState: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly token: string | undefined;
  readonly volumeIds: readonly string[];
  readonly addresses: readonly ServerAddress[];
  readonly securityGroups: readonly string[];
  readonly flavorName: string | undefined;
  /** Why the server is in ERROR. */
  readonly fault: string | undefined;
}

export interface ServerAddress {
  readonly network: string;
  readonly address: string;
  readonly kind: string;
}

export interface NewServer {
  /** Same for every attempt, different for every server. */
  readonly token: string;
  readonly name: string;
  readonly flavorId: string;
  /** The server boots from this volume, which stays when the server goes unless `deleteBootVolume`. */
  readonly bootVolumeId?: string | undefined;
  readonly deleteBootVolume?: boolean | undefined;
  /** The server boots from a disk made of this image. One of the two has to be given. */
  readonly imageId?: string | undefined;
  readonly dataVolumeIds?: readonly string[] | undefined;
  readonly portIds?: readonly string[] | undefined;
  /** By name. Only for ports that Nova makes; those of `portIds` have theirs. */
  readonly securityGroups?: readonly string[] | undefined;
  readonly keyName?: string | undefined;
  /** Id of the server group to be placed by. */
  readonly serverGroupId?: string | undefined;
  /** Plain text, encoded here. */
  readonly userData?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

const addressSchema = z.object({ addr: z.string(), 'OS-EXT-IPS:type': z.string().default('fixed') });

export const serverSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    status: z.string(),
    'OS-EXT-STS:task_state': z.string().nullish(),
    metadata: z.record(z.string(), z.string()).default({}),
    addresses: z.record(z.string(), z.array(addressSchema)).default({}),
    security_groups: z.array(z.object({ name: z.string() })).default([]),
    flavor: z.object({ original_name: z.string().optional() }).optional(),
    fault: z.object({ message: z.string() }).optional(),
    'os-extended-volumes:volumes_attached': z.array(z.object({ id: z.string() })).default([]),
  })
  .transform((server): Server => ({
    id: server.id,
    name: server.name,
    state: vmStateOf(server.status),
    novaStatus: server.status,
    taskState: server['OS-EXT-STS:task_state'] ?? undefined,
    metadata: server.metadata,
    token: tokenOf(server.metadata),
    volumeIds: server['os-extended-volumes:volumes_attached'].map(({ id }) => id),
    addresses: Object.entries(server.addresses).flatMap(([network, list]) =>
      list.map((address) => ({ network, address: address.addr, kind: address['OS-EXT-IPS:type'] })),
    ),
    securityGroups: server.security_groups.map(({ name }) => name),
    flavorName: server.flavor?.original_name,
    fault: server.fault?.message,
  }));

/** The body of `POST /servers`, without tags. */
export function serverBody(wanted: NewServer): Readonly<Record<string, unknown>> {
  const disk = (uuid: string, bootIndex: number, deleteOnTermination = false): unknown => ({
    source_type: 'volume',
    destination_type: 'volume',
    uuid,
    boot_index: bootIndex,
    delete_on_termination: deleteOnTermination,
  });
  const imageDisk = { source_type: 'image', destination_type: 'local', uuid: wanted.imageId, boot_index: 0, delete_on_termination: true };
  const data = (wanted.dataVolumeIds ?? []).map((id) => disk(id, -1));
  const root = wanted.bootVolumeId === undefined ? imageDisk : disk(wanted.bootVolumeId, 0, wanted.deleteBootVolume);
  return {
    name: wanted.name,
    flavorRef: wanted.flavorId,
    imageRef: wanted.bootVolumeId === undefined ? wanted.imageId : undefined,
    block_device_mapping_v2: [root, ...data],
    networks: wanted.portIds === undefined ? 'auto' : wanted.portIds.length === 0 ? 'none' : wanted.portIds.map((port) => ({ port })),
    security_groups: wanted.securityGroups?.map((name) => ({ name })),
    key_name: wanted.keyName,
    user_data: wanted.userData === undefined ? undefined : Buffer.from(wanted.userData).toString('base64'),
  };
}

/**
 * A server as it is right after its create was answered: Nova tells its id, the rest follows from the request. Another call for it
 * could fail, and then nobody would know of a server that is there.
 */
export function newServer(id: string, metadata: Readonly<Record<string, string>>, wanted: NewServer): Server {
  const { bootVolumeId, dataVolumeIds = [] } = wanted;
  return {
    id,
    name: wanted.name,
    state: vmStateOf('BUILD'),
    novaStatus: 'BUILD',
    taskState: 'scheduling',
    metadata,
    token: tokenOf(metadata),
    volumeIds: [...(bootVolumeId === undefined ? [] : [bootVolumeId]), ...dataVolumeIds],
    addresses: [],
    securityGroups: wanted.securityGroups ?? [],
    flavorName: undefined,
    fault: undefined,
  };
}
