import { z } from 'zod';
import { ApiError } from '../core/api-error.ts';
import { availabilityZone } from '../model/catalogue.ts';
import type { Flavor, Image } from '../model/catalogue.ts';
import type { World } from '../model/world.ts';
import { novaAttachmentRoutes } from './nova-attachments.ts';
import { novaPageMaximum, novaRoute } from './nova-route.ts';
import { novaServerGroupRoutes } from './nova-server-groups.ts';
import { novaServerRoutes } from './nova-servers.ts';
import { computeLimitsView, computeQuotaView, flavorDetail, flavorSummary, imageProxyView } from './nova-views.ts';
import { paginate } from './paging.ts';
import { integerLike, parseBody } from './parse.ts';
import type { Answer, AuthorizedCall, Route } from './route.ts';

const quotaSchema = z.object({
  quota_set: z.object({ instances: integerLike, cores: integerLike, ram: integerLike }).partial().loose(),
});

/** Nova 2.1: servers, and what a client looks up to make one. */
export function novaRoutes(world: World): readonly Route[] {
  return [
    ...novaServerRoutes(world),
    ...novaServerGroupRoutes(world),
    ...novaAttachmentRoutes(world),
    ...lookupRoutes(world),
    ...quotaRoutes(world),
  ];
}

function lookupRoutes({ catalogue }: World): readonly Route[] {
  function flavorOf(call: AuthorizedCall): Flavor {
    const flavor = catalogue.flavor(call.params['id'] ?? '');
    if (flavor === undefined) throw new ApiError(404, `Flavor ${call.params['id']} could not be found.`);
    return flavor;
  }

  function imageOf(call: AuthorizedCall): Image {
    const image = catalogue.image(call.params['id'] ?? '');
    if (image === undefined) throw new ApiError(404, 'Image not found.');
    return image;
  }

  function listFlavors(call: AuthorizedCall, view: (call: AuthorizedCall, flavor: Flavor) => unknown): Answer {
    const page = paginate(call, catalogue.flavors, { maximum: novaPageMaximum });
    return {
      status: 200,
      body: { flavors: page.items.map((flavor) => view(call, flavor)), ...(page.next === undefined ? {} : { flavors_links: page.next }) },
    };
  }

  return [
    novaRoute('flavors.list', 'GET', '/flavors', (call) => listFlavors(call, flavorSummary)),
    novaRoute('flavors.detail', 'GET', '/flavors/detail', (call) => listFlavors(call, flavorDetail)),
    novaRoute('flavors.show', 'GET', '/flavors/:id', (call) => ({ status: 200, body: { flavor: flavorDetail(call, flavorOf(call)) } })),
    novaRoute('flavors.specs', 'GET', '/flavors/:id/os-extra_specs', (call) => {
      flavorOf(call);
      return { status: 200, body: { extra_specs: {} } };
    }),
    novaRoute('images.show', 'GET', '/images/:id', (call) => ({ status: 200, body: { image: imageProxyView(call, imageOf(call)) } })),
    novaRoute('keypairs.list', 'GET', '/os-keypairs', () => ({ status: 200, body: { keypairs: [] } })),
    novaRoute('zones.list', 'GET', '/os-availability-zone', () => ({
      status: 200,
      body: { availabilityZoneInfo: [{ zoneName: availabilityZone, zoneState: { available: true }, hosts: null }] },
    })),
  ];
}

function quotaRoutes({ identity, quotas, servers }: World): readonly Route[] {
  function quotaAnswer(call: AuthorizedCall, withUsage: boolean): Answer {
    const projectId = call.params['id'] ?? '';
    if (projectId !== call.project.id && !call.user.isAdmin) {
      throw new ApiError(403, `Policy doesn't allow os_compute_api:os-quota-sets:show to be performed.`);
    }
    return { status: 200, body: computeQuotaView(projectId, quotas.of(projectId), withUsage ? servers.usage(projectId) : undefined) };
  }

  return [
    novaRoute('limits.show', 'GET', '/limits', (call) => ({
      status: 200,
      body: computeLimitsView(quotas.of(call.project.id), servers.usage(call.project.id)),
    })),
    novaRoute('quotas.show', 'GET', '/os-quota-sets/:id', (call) => quotaAnswer(call, false)),
    novaRoute('quotas.defaults', 'GET', '/os-quota-sets/:id/defaults', (call) => quotaAnswer(call, false)),
    novaRoute('quotas.detail', 'GET', '/os-quota-sets/:id/detail', (call) => quotaAnswer(call, true)),
    novaRoute('quotas.update', 'PUT', '/os-quota-sets/:id', (call) => {
      const projectId = call.params['id'] ?? '';
      if (!call.user.isAdmin) throw new ApiError(403, `Policy doesn't allow os_compute_api:os-quota-sets:update to be performed.`);
      if (identity.project(projectId) === undefined) throw new ApiError(400, `Project ID ${projectId} is not a valid project.`);
      const { instances, cores, ram } = parseBody(quotaSchema, call.body).quota_set;
      quotas.set(projectId, { instances, cores, ram });
      return quotaAnswer(call, false);
    }),
  ];
}
