import { ApiError } from '../core/api-error.ts';
import type { CloudCore } from '../core/core.ts';
import type { Catalogue } from './catalogue.ts';
import type { QuotaBook } from './quotas.ts';
import { fits } from './quotas.ts';
import { quotaExceeded, usageOf } from './server-request.ts';
import { demandState } from './server-store.ts';
import type { ServerStore } from './server-store.ts';
import type { Server } from './server.ts';

/** Another flavor in two acts, as in Nova: the server has it, and waits for somebody to say that it is fine. */
export interface ServerResize {
  /** @throws ApiError 400 for a flavor that is unknown or its own, 403 over a quota, 409 unless it runs or is stopped */
  resize(server: Server, flavorId: string): void;
  /** Ends in the state in which it was before the resize. */
  confirmResize(server: Server): void;
  revertResize(server: Server): void;
}

interface Context {
  readonly catalogue: Catalogue;
  readonly quotas: QuotaBook;
}

export function createServerResize(
  core: CloudCore,
  { catalogue, quotas }: Context,
  store: ServerStore,
  vanish: (server: Server) => void,
): ServerResize {
  const subjectOf = (server: Server) => store.subjectOf(server, () => vanish(server));
  /** Confirms that are under way: Nova keeps them at the migration, not at the server. */
  const confirming = new WeakSet<Server>();

  function checkQuota(server: Server, wanted: Server['flavor']): void {
    const limits = quotas.of(server.projectId);
    const used = usageOf(store.list(), server.projectId);
    const more = { cores: wanted.vcpus - server.flavor.vcpus, ram: wanted.ramMb - server.flavor.ramMb };
    for (const resource of ['cores', 'ram'] as const) {
      if (more[resource] > 0 && !fits(limits[resource], used[resource], more[resource]))
        throw quotaExceeded(resource, more[resource], used[resource], limits[resource]);
    }
  }

  function demandResized(server: Server, action: string): NonNullable<Server['beforeResize']> {
    demandState(server, action, ['resized']);
    if (server.beforeResize === undefined || confirming.has(server)) throw new ApiError(400, 'Instance has not been resized.');
    return server.beforeResize;
  }

  return {
    resize(server, flavorId) {
      demandState(server, 'resize', ['active', 'stopped']);
      const flavor = catalogue.flavor(flavorId);
      if (flavor === undefined) throw new ApiError(400, `Flavor ${flavorId} could not be found.`);
      if (flavor.id === server.flavor.id) throw new ApiError(400, 'When resizing, instances must change flavor!');
      checkQuota(server, flavor);
      const before = { flavor: server.flavor, vmState: server.vmState };
      store.moveTo(server, server.vmState, 'resize_prep');
      core.transitions.begin({
        name: 'server.resize',
        latency: 'serverResize',
        subject: subjectOf(server),
        done: () => {
          server.beforeResize = before;
          confirming.delete(server);
          server.flavor = flavor;
          store.moveTo(server, 'resized', null);
        },
      });
    },
    confirmResize(server) {
      const { vmState } = demandResized(server, 'confirmResize');
      confirming.add(server);
      core.transitions.begin({
        name: 'server.confirmResize',
        latency: 'serverConfirmResize',
        subject: subjectOf(server),
        done: () => {
          confirming.delete(server);
          server.beforeResize = undefined;
          store.moveTo(server, vmState, null);
        },
      });
    },
    revertResize(server) {
      const { flavor, vmState } = demandResized(server, 'revertResize');
      store.moveTo(server, 'resized', 'resize_reverting');
      core.transitions.begin({
        name: 'server.revertResize',
        latency: 'serverRevertResize',
        subject: subjectOf(server),
        done: () => {
          server.flavor = flavor;
          server.beforeResize = undefined;
          store.moveTo(server, vmState, null);
        },
      });
    },
  };
}
