import { z } from 'zod';
import { ApiError } from '../core/api-error.ts';
import type { Snapshot } from '../model/snapshots.ts';
import type { World } from '../model/world.ts';
import { metadataFilter } from './cinder-filters.ts';
import { cinderPageMaximum, cinderRoute } from './cinder-route.ts';
import { paginate } from './paging.ts';
import { metadataSchema, optionalText, parseBody } from './parse.ts';
import type { Answer, AuthorizedCall, Route } from './route.ts';
import { isoMicroseconds } from './time-format.ts';

const createSchema = z.object({
  snapshot: z.object({
    volume_id: z.string(),
    name: optionalText,
    description: z.string().nullish(),
    // Python clients send it as text too
    force: z
      .union([z.boolean(), z.string().transform((text) => /^(1|true)$/i.test(text))])
      .nullish()
      .transform((force) => force ?? false),
    metadata: metadataSchema.nullish(),
  }),
});
const updateSchema = z.object({ snapshot: z.object({ name: z.string(), description: z.string().nullable() }).partial() });

/** Snapshots of volumes. */
export function cinderSnapshotRoutes({ snapshots, volumes }: World): readonly Route[] {
  const isSeen = (call: AuthorizedCall, projectId: string): boolean => projectId === call.project.id || call.user.isAdmin;

  function snapshotOf(call: AuthorizedCall): Snapshot {
    const snapshot = snapshots.get(call.params['id'] ?? '');
    if (isSeen(call, snapshot.projectId)) return snapshot;
    throw new ApiError(404, `Snapshot ${snapshot.id} could not be found.`);
  }

  function list(call: AuthorizedCall): Answer {
    const { query } = call;
    const all = call.user.isAdmin && /^(1|true)$/i.test(query.get('all_tenants') ?? '');
    const metadata = metadataFilter(query.get('metadata'));
    const is = (name: string, value: string): boolean => query.get(name) === null || query.get(name) === value;
    const found = snapshots
      .list()
      .filter((snapshot) => all || snapshot.projectId === call.project.id)
      .filter(({ name, status, volumeId }) => is('name', name) && is('status', status) && is('volume_id', volumeId))
      .filter((snapshot) => metadata.every(([key, value]) => snapshot.metadata[key] === value));
    const page = paginate(call, found, { maximum: cinderPageMaximum });
    return { status: 200, body: { snapshots: page.items.map(view), ...(page.next === undefined ? {} : { snapshots_links: page.next }) } };
  }

  const answer = (snapshot: Snapshot, status = 200): Answer => ({ status, body: { snapshot: view(snapshot) } });

  return [
    cinderRoute('snapshots.list', 'GET', '/snapshots', list),
    cinderRoute('snapshots.detail', 'GET', '/snapshots/detail', list),
    cinderRoute('snapshots.create', 'POST', '/snapshots', (call) => {
      const { snapshot: wanted } = parseBody(createSchema, call.body);
      const volume = volumes.get(wanted.volume_id);
      if (!isSeen(call, volume.projectId)) throw new ApiError(404, `Volume ${volume.id} could not be found.`);
      const snapshot = snapshots.create(call.owner, {
        volumeId: volume.id,
        name: wanted.name ?? '',
        description: wanted.description,
        force: wanted.force,
        metadata: wanted.metadata ?? undefined,
      });
      return answer(snapshot, 202);
    }),
    cinderRoute('snapshots.show', 'GET', '/snapshots/:id', (call) => answer(snapshotOf(call))),
    cinderRoute('snapshots.update', 'PUT', '/snapshots/:id', (call) => {
      const snapshot = snapshotOf(call);
      const { name = snapshot.name, description = snapshot.description } = parseBody(updateSchema, call.body).snapshot;
      snapshots.update(snapshot, { name, description });
      return answer(snapshot);
    }),
    cinderRoute('snapshots.delete', 'DELETE', '/snapshots/:id', (call) => {
      snapshots.remove(snapshotOf(call));
      return { status: 202 };
    }),
  ];
}

function view(snapshot: Snapshot): unknown {
  return {
    id: snapshot.id,
    name: snapshot.name,
    description: snapshot.description,
    volume_id: snapshot.volumeId,
    status: snapshot.status,
    size: snapshot.sizeGb,
    created_at: isoMicroseconds(snapshot.createdAt),
    updated_at: isoMicroseconds(snapshot.updatedAt),
    metadata: snapshot.metadata,
    'os-extended-snapshot-attributes:progress': snapshot.status === 'available' ? '100%' : '0%',
    'os-extended-snapshot-attributes:project_id': snapshot.projectId,
  };
}
