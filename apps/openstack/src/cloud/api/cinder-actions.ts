import { z } from 'zod';
import { ApiError } from '../core/api-error.ts';
import type { Catalogue } from '../model/catalogue.ts';
import type { Volume } from '../model/volume.ts';
import type { Volumes } from '../model/volumes.ts';
import type { World } from '../model/world.ts';
import { integerLike, parseBody } from './parse.ts';
import type { Answer, AuthorizedCall } from './route.ts';

type Action = (volumes: Volumes, volume: Volume, call: AuthorizedCall, body: unknown, catalogue: Catalogue) => Answer;

const accepted: Answer = { status: 202 };

/** `POST /volumes/{id}/action`: the body names the action. */
const actions: Readonly<Record<string, Action>> = {
  'os-extend'(volumes, volume, _call, body) {
    volumes.extend(volume, parseBody(z.object({ new_size: integerLike }), body).new_size);
    return accepted;
  },
  'os-retype'(volumes, volume, _call, body, catalogue) {
    const schema = z.object({ new_type: z.string(), migration_policy: z.enum(['on-demand', 'never']).nullish() });
    const { new_type: wanted } = parseBody(schema, body);
    const type = catalogue.volumeType(wanted);
    if (type === undefined) throw new ApiError(404, `Volume type with name ${wanted} could not be found.`);
    volumes.retype(volume, type.name);
    return accepted;
  },
  'os-set_bootable'(volumes, volume, _call, body) {
    const { bootable } = parseBody(z.object({ bootable: z.union([z.boolean(), z.stringbool()]) }), body);
    volumes.update(volume, { bootable });
    return { status: 200 };
  },
  'os-attach'(volumes, volume, _call, body) {
    const { instance_uuid: serverId, mountpoint } = parseBody(z.object({ instance_uuid: z.string(), mountpoint: z.string() }), body);
    if (!['available', 'reserved', 'attaching'].includes(volume.status)) {
      throw new ApiError(400, `Invalid volume: Volume ${volume.id} status must be available or downloading, currently ${volume.status}.`);
    }
    volumes.attach(volume, serverId, mountpoint);
    return accepted;
  },
  'os-detach'(volumes, volume) {
    for (const { serverId } of volume.attachments) volumes.detach(volume, serverId);
    return accepted;
  },
  'os-force_delete'(volumes, volume, call) {
    demandAdmin(call);
    volumes.remove(volume, true);
    return accepted;
  },
  'os-reset_status'(volumes, volume, call, body) {
    demandAdmin(call);
    volumes.setStatus(volume, parseBody(z.object({ status: z.string() }), body).status);
    return accepted;
  },
};

export function runVolumeAction({ catalogue, volumes }: World, volume: Volume, call: AuthorizedCall): Answer {
  const [name, body] = Object.entries(parseBody(z.record(z.string(), z.unknown()), call.body))[0] ?? [];
  const action = name === undefined || !Object.hasOwn(actions, name) ? undefined : actions[name];
  if (action === undefined) throw new ApiError(400, `There is no such action: ${name ?? 'none'}`);
  // An action without arguments is sent as `null` or as an empty object.
  return action(volumes, volume, call, body ?? {}, catalogue);
}

function demandAdmin(call: AuthorizedCall): void {
  if (!call.user.isAdmin) throw new ApiError(403, `Policy doesn't allow this action to be performed.`);
}
