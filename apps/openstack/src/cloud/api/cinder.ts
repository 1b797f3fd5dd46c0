import { z } from 'zod';
import { ApiError } from '../core/api-error.ts';
import { availabilityZone } from '../model/catalogue.ts';
import type { Volume } from '../model/volume.ts';
import type { VolumeUsage } from '../model/volumes.ts';
import type { World } from '../model/world.ts';
import { metadataFilter } from './cinder-filters.ts';
import { cinderPageMaximum, cinderRoute } from './cinder-route.ts';
import { runVolumeAction } from './cinder-actions.ts';
import { volumeRequest } from './cinder-requests.ts';
import { volumeDetail, volumeLimitsView, volumeQuotaView, volumeSummary, volumeTypeView } from './cinder-views.ts';
import { cinderSnapshotRoutes } from './cinder-snapshots.ts';
import { paginate } from './paging.ts';
import { integerLike, metadataSchema, parseBody } from './parse.ts';
import type { Answer, AuthorizedCall, Route } from './route.ts';

const updateSchema = z.object({
  volume: z.object({ name: z.string(), description: z.string().nullable(), metadata: metadataSchema }).partial(),
});
const quotaSchema = z.object({
  quota_set: z.object({ volumes: integerLike, gigabytes: integerLike, snapshots: integerLike }).partial().loose(),
});

/** Cinder v3: volumes, their types, snapshots, quotas and limits. */
export function cinderRoutes(world: World): readonly Route[] {
  return [...cinderSnapshotRoutes(world), ...volumeRoutes(world)];
}

function volumeRoutes(world: World): readonly Route[] {
  const { catalogue, identity, quotas, snapshots, volumes } = world;

  /** A volume of another project is not there. */
  function volumeOf(call: AuthorizedCall): Volume {
    const volume = volumes.get(call.params['id'] ?? '');
    if (volume.projectId === call.project.id || call.user.isAdmin) return volume;
    throw new ApiError(404, `Volume ${volume.id} could not be found.`);
  }

  function listVolumes(call: AuthorizedCall, view: (volume: Volume) => unknown): Answer {
    const all = call.user.isAdmin && /^(1|true)$/i.test(call.query.get('all_tenants') ?? '');
    const own = volumes.list().filter((volume) => all || volume.projectId === call.project.id);
    const page = paginate(call, own.filter(volumeFilter(call.query)), { maximum: cinderPageMaximum });
    return { status: 200, body: { volumes: page.items.map(view), ...(page.next === undefined ? {} : { volumes_links: page.next }) } };
  }

  function usageOf(projectId: string): VolumeUsage & { readonly snapshots: number } {
    return { ...volumes.usage(projectId), snapshots: snapshots.list().filter((snapshot) => snapshot.projectId === projectId).length };
  }

  function quotaAnswer(call: AuthorizedCall, projectId: string, withUsage: boolean): Answer {
    if (projectId !== call.project.id && !call.user.isAdmin) throw new ApiError(403, `Policy doesn't allow this action to be performed.`);
    return { status: 200, body: volumeQuotaView(projectId, quotas.of(projectId), withUsage ? usageOf(projectId) : undefined) };
  }

  const detail = (call: AuthorizedCall, volume: Volume): Answer => ({
    status: 200,
    body: { volume: volumeDetail(call, catalogue, volume) },
  });

  return [
    cinderRoute('volumes.list', 'GET', '/volumes', (call) => listVolumes(call, (volume) => volumeSummary(call, volume))),
    cinderRoute('volumes.detail', 'GET', '/volumes/detail', (call) => listVolumes(call, (volume) => volumeDetail(call, catalogue, volume))),
    cinderRoute('volumes.create', 'POST', '/volumes', (call) => {
      const volume = volumes.create(call.owner, volumeRequest(call, world));
      return { ...detail(call, volume), status: 202 };
    }),
    cinderRoute('volumes.show', 'GET', '/volumes/:id', (call) => detail(call, volumeOf(call))),
    cinderRoute('volumes.update', 'PUT', '/volumes/:id', (call) => {
      const volume = volumeOf(call);
      volumes.update(volume, parseBody(updateSchema, call.body).volume as Partial<Volume>);
      return detail(call, volume);
    }),
    cinderRoute('volumes.delete', 'DELETE', '/volumes/:id', (call) => {
      volumes.remove(volumeOf(call), call.user.isAdmin && call.query.get('force') === 'True');
      return { status: 202 };
    }),
    cinderRoute('volumes.action', 'POST', '/volumes/:id/action', (call) => runVolumeAction(world, volumeOf(call), call)),
    cinderRoute('metadata.list', 'GET', '/volumes/:id/metadata', (call) => ({ status: 200, body: { metadata: volumeOf(call).metadata } })),
    cinderRoute('metadata.update', 'POST', '/volumes/:id/metadata', (call) => {
      const volume = volumeOf(call);
      const { metadata } = parseBody(z.object({ metadata: metadataSchema }), call.body);
      volumes.update(volume, { metadata: { ...volume.metadata, ...metadata } });
      return { status: 200, body: { metadata: volume.metadata } };
    }),
    cinderRoute('metadata.delete', 'DELETE', '/volumes/:id/metadata/:key', (call) => {
      const volume = volumeOf(call);
      const { [call.params['key'] ?? '']: removed, ...rest } = volume.metadata;
      if (removed === undefined) throw new ApiError(404, `Volume ${volume.id} has no metadata with key ${call.params['key']}.`);
      volumes.update(volume, { metadata: rest });
      return { status: 200 };
    }),
    cinderRoute('types.list', 'GET', '/types', () => ({ status: 200, body: { volume_types: catalogue.volumeTypes.map(volumeTypeView) } })),
    cinderRoute('types.default', 'GET', '/types/default', () => ({
      status: 200,
      body: { volume_type: volumeTypeView(catalogue.defaultVolumeType) },
    })),
    cinderRoute('types.show', 'GET', '/types/:id', (call) => {
      const type = catalogue.volumeTypes.find(({ id }) => id === call.params['id']);
      if (type === undefined) throw new ApiError(404, `Volume type ${call.params['id']} could not be found.`);
      return { status: 200, body: { volume_type: volumeTypeView(type) } };
    }),
    cinderRoute('limits.show', 'GET', '/limits', (call) => ({
      status: 200,
      body: volumeLimitsView(quotas.of(call.project.id), usageOf(call.project.id)),
    })),
    cinderRoute('quotas.show', 'GET', '/os-quota-sets/:id', (call) =>
      quotaAnswer(call, call.params['id'] ?? '', /^true$/i.test(call.query.get('usage') ?? '')),
    ),
    cinderRoute('quotas.defaults', 'GET', '/os-quota-sets/:id/defaults', (call) => quotaAnswer(call, call.params['id'] ?? '', false)),
    cinderRoute('quotas.update', 'PUT', '/os-quota-sets/:id', (call) => {
      const projectId = call.params['id'] ?? '';
      if (!call.user.isAdmin) throw new ApiError(403, `Policy doesn't allow this action to be performed.`);
      if (identity.project(projectId) === undefined) throw new ApiError(404, `Project ${projectId} could not be found.`);
      const { volumes: count, gigabytes, snapshots: snapshotCount } = parseBody(quotaSchema, call.body).quota_set;
      quotas.set(projectId, { volumes: count, gigabytes, snapshots: snapshotCount });
      return quotaAnswer(call, projectId, false);
    }),
    cinderRoute('zones.list', 'GET', '/os-availability-zone', () => ({
      status: 200,
      body: { availabilityZoneInfo: [{ zoneName: availabilityZone, zoneState: { available: true } }] },
    })),
  ];
}

/** `name`, `status`, `bootable` by equality; `metadata={"key":"value"}` by inclusion. */
function volumeFilter(query: URLSearchParams): (volume: Volume) => boolean {
  const name = query.get('name') ?? query.get('display_name');
  const status = query.get('status');
  const bootable = query.get('bootable');
  const metadata = metadataFilter(query.get('metadata'));
  return (volume) =>
    (name === null || volume.name === name) &&
    (status === null || volume.status === status) &&
    (bootable === null || String(volume.bootable) === bootable.toLowerCase()) &&
    metadata.every(([key, value]) => volume.metadata[key] === value);
}
