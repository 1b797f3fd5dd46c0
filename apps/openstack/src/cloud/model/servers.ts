import { ApiError } from '../core/api-error.ts';
import type { CloudCore } from '../core/core.ts';
import { createServerBuilder } from './server-build.ts';
import { createServerDisks } from './server-disks.ts';
import type { ServerDisks } from './server-disks.ts';
import { createServerPower } from './server-power.ts';
import { createServerResize } from './server-resize.ts';
import type { ServerResize } from './server-resize.ts';
import type { ServerPower } from './server-power.ts';
import { usageOf } from './server-request.ts';
import type { RequestContext, ServerUsage } from './server-request.ts';
import { createServerStore } from './server-store.ts';
import type { Server, ServerRequest } from './server.ts';
import type { Owner } from './volume.ts';

/** Nova's state: servers and what becomes of them. */
export interface Servers extends ServerPower, ServerResize, ServerDisks {
  create(owner: Owner, request: ServerRequest): Server;
  find(id: string): Server | undefined;
  /** @throws ApiError 404 */
  get(id: string): Server;
  /** Newest first. */
  list(): readonly Server[];
  /** A server that is being deleted already is left alone. */
  remove(server: Server): void;
  update(server: Server, change: Partial<Pick<Server, 'name' | 'description' | 'metadata' | 'tags'>>): void;
  setStatus(server: Server, status: string, message?: string): void;
  vanish(server: Server): void;
  usage(projectId: string): ServerUsage;
}

export function createServers(core: CloudCore, context: Omit<RequestContext, 'servers'>): Servers {
  const { ports, volumes } = context;
  const store = createServerStore(core);

  /** What a server leaves behind: the ports that it did not make, and volumes that do not end with it. */
  function cleanUp(server: Server): void {
    for (const port of ports.ofDevice(server.id)) {
      if (server.ownPortIds.has(port.id)) ports.remove(port);
      else ports.update(port, { deviceId: '', deviceOwner: '', status: 'DOWN' });
    }
    for (const disk of server.disks) {
      const volume = volumes.find(disk.volumeId);
      if (volume === undefined) continue;
      if (volume.attachments.some((attachment) => attachment.serverId === server.id)) volumes.detach(volume, server.id);
      else if (volume.status === 'reserved') volumes.unreserve(volume);
      // Best effort, as in Nova: a volume that cannot be deleted now is left to its owner.
      if (disk.deleteOnTermination && ['available', 'error'].includes(volume.status)) volumes.remove(volume);
    }
  }

  function vanish(server: Server): void {
    store.drop(server, 'vanished');
    cleanUp(server);
  }

  return {
    create: createServerBuilder(core, { ...context, servers: store.list }, store, vanish),
    find: store.find,
    get: store.get,
    list: store.list,
    remove(server) {
      if (server.taskState === 'deleting') return;
      core.builds.end('instance', server.id, 'deleting');
      store.moveTo(server, server.vmState, 'deleting');
      core.transitions.begin({
        name: 'server.delete',
        latency: 'serverDelete',
        subject: store.subjectOf(server, () => vanish(server)),
        done: () => {
          store.drop(server, 'deleted');
          cleanUp(server);
        },
      });
    },
    update(server, change) {
      if (server.taskState === 'deleting') throw new ApiError(409, `Instance ${server.id} is being deleted.`);
      Object.assign(server, change, { updatedAt: core.clock.now() });
    },
    setStatus: store.endInStatus,
    vanish,
    usage: (projectId) => usageOf(store.list(), projectId),
    ...createServerPower(core, store, vanish),
    ...createServerResize(core, context, store, vanish),
    ...createServerDisks(store, volumes),
  };
}
