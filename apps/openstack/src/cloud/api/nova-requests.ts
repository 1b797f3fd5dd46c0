import { z } from 'zod';
import { ApiError } from '../core/api-error.ts';
import type { DiskRequest, NetworkRequest, ServerRequest } from '../model/server.ts';
import { integerLike, metadataSchema, optionalText, parseBody } from './parse.ts';
import type { AuthorizedCall } from './route.ts';

const flag = z.union([z.boolean(), z.stringbool()]);
export const tagSchema = z
  .string()
  .min(1)
  .max(60)
  .regex(/^[^,/]*$/, 'A tag must not contain a comma or a slash.');

const diskSchema = z.object({
  source_type: z.enum(['volume', 'image', 'snapshot', 'blank']).optional(),
  destination_type: z.enum(['local', 'volume']).optional(),
  uuid: optionalText,
  boot_index: integerLike.nullish(),
  volume_size: integerLike.nullish(),
  delete_on_termination: flag.nullish(),
  tag: tagSchema.optional(),
  volume_type: optionalText,
});

const networkSchema = z.object({ uuid: optionalText, port: optionalText, fixed_ip: optionalText, tag: tagSchema.optional() });

const hints = z.object({ group: z.string().optional() });

const createSchema = z.object({
  'os:scheduler_hints': hints.optional(),
  'OS-SCH-HNT:scheduler_hints': hints.optional(),
  server: z.object({
    name: z.string().min(1).max(255),
    description: z.string().nullish(),
    flavorRef: z.union([z.string().min(1), z.int()]).transform(String),
    imageRef: optionalText,
    key_name: optionalText,
    metadata: metadataSchema.optional(),
    tags: z.array(tagSchema).max(50).optional(),
    security_groups: z.array(z.object({ name: z.string() })).optional(),
    networks: z.union([z.enum(['auto', 'none']), z.array(networkSchema)]).optional(),
    block_device_mapping_v2: z.array(diskSchema).optional(),
    min_count: integerLike.optional(),
    max_count: integerLike.optional(),
  }),
});

type DiskInput = z.infer<typeof diskSchema>;
type NetworkInput = z.infer<typeof networkSchema>;

/** Reads `POST /servers`, with what each microversion adds and demands. */
export function serverRequest(call: AuthorizedCall): ServerRequest {
  const { server, 'os:scheduler_hints': ownHints, 'OS-SCH-HNT:scheduler_hints': oldHints } = parseBody(createSchema, call.body);
  if (call.minor >= 37 && server.networks === undefined) {
    throw new ApiError(400, `Invalid input for field/attribute server. 'networks' is a required property`);
  }
  if (call.minor < 52 && server.tags !== undefined) {
    throw new ApiError(400, `Invalid input for field/attribute server. Additional properties are not allowed ('tags' was unexpected)`);
  }
  if ((server.max_count ?? server.min_count ?? 1) > 1) throw new ApiError(400, 'This cloud creates one server per request.');
  return {
    name: server.name,
    description: server.description,
    flavorId: server.flavorRef,
    imageId: server.imageRef === '' ? undefined : server.imageRef,
    keyName: server.key_name,
    groupId: (ownHints ?? oldHints)?.group,
    metadata: server.metadata,
    tags: server.tags,
    securityGroups: server.security_groups?.map((group) => group.name),
    networks: networksOf(server.networks),
    disks: server.block_device_mapping_v2?.map(diskOf).filter((disk) => disk !== undefined),
  };
}

function networksOf(networks: 'auto' | 'none' | readonly NetworkInput[] | undefined): readonly NetworkRequest[] | undefined {
  if (networks === 'none') return [];
  if (networks === undefined || networks === 'auto' || networks.length === 0) return undefined;
  return networks.map(({ port, uuid, fixed_ip: address }) => {
    if (port !== undefined) return { kind: 'port', portId: port };
    if (uuid !== undefined) return { kind: 'network', networkId: uuid, address };
    throw new ApiError(400, 'Bad network format: missing uuid');
  });
}

/** Undefined for the root disk on the hypervisor: no volume is behind it. */
function diskOf(disk: DiskInput): DiskRequest | undefined {
  const source = disk.source_type ?? 'blank';
  if (source === 'snapshot') throw new ApiError(400, `Block Device Mapping is Invalid: failed to get snapshot ${disk.uuid}.`);
  if (source !== 'volume' && disk.destination_type !== 'volume') return undefined;
  return {
    source,
    id: disk.uuid,
    sizeGb: disk.volume_size ?? undefined,
    isRoot: disk.boot_index === 0,
    deleteOnTermination: disk.delete_on_termination ?? false,
    tag: disk.tag,
    volumeType: disk.volume_type,
  };
}
