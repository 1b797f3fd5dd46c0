import { ApiError } from '../core/api-error.ts';
import type { Image } from '../model/catalogue.ts';
import type { World } from '../model/world.ts';
import { paginate } from './paging.ts';
import type { Route } from './route.ts';
import { isoSeconds } from './time-format.ts';

/** Glance v2, as far as one reads it to boot from an image. */
export function glanceRoutes({ catalogue, core }: World): readonly Route[] {
  const view = (image: Image): unknown => ({
    id: image.id,
    name: image.name,
    status: 'active',
    visibility: 'public',
    protected: false,
    container_format: 'bare',
    disk_format: 'qcow2',
    size: image.sizeBytes,
    virtual_size: null,
    checksum: core.random.hex(32, 'image checksum', image.id),
    min_disk: image.minDiskGb,
    min_ram: image.minRamMb,
    owner: null,
    tags: [],
    created_at: isoSeconds(image.createdAt),
    updated_at: isoSeconds(image.createdAt),
    self: `/v2/images/${image.id}`,
    file: `/v2/images/${image.id}/file`,
    schema: '/v2/schemas/image',
  });
  return [
    {
      name: 'glance.images.list',
      method: 'GET',
      path: '/image/v2/images',
      access: 'project',
      handle(call) {
        const name = call.query.get('name');
        const page = paginate(
          call,
          catalogue.images.filter((image) => name === null || image.name === name),
        );
        const next = page.next?.[0].href;
        return {
          status: 200,
          body: {
            images: page.items.map(view),
            first: '/v2/images',
            schema: '/v2/schemas/images',
            // Glance links without the place where it is mounted.
            ...(next === undefined ? {} : { next: next.slice(next.indexOf('/v2/images')) }),
          },
        };
      },
    },
    {
      name: 'glance.images.show',
      method: 'GET',
      path: '/image/v2/images/:id',
      access: 'project',
      handle(call) {
        const id = call.params['id'] ?? '';
        const image = catalogue.image(id);
        if (image === undefined) throw new ApiError(404, `Failed to find image ${id}`);
        return { status: 200, body: view(image) };
      },
    },
  ];
}
