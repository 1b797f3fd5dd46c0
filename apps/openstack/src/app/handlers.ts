/** One backend call each. Only here the REST client is used, so only workers load it. */
import { Fatal, handle, type Handler, Retry, withPatch } from '@troupe/task';
import { type Backend, isBackendError } from '../backend/index.ts';
import * as contracts from './contracts.ts';

export function openstackHandlers(backend: Backend): Handler[] {
  return [
    handle(contracts.createVolume, async ({ name, sizeGb, image }, { idempotencyToken, signal }) => {
      const found = image === undefined ? undefined : await told(backend.findImage(image, { signal }));
      if (image !== undefined && found === undefined) throw missing('image', image);
      const options = found === undefined ? {} : { imageId: found.id };
      const { item } = await told(backend.createVolume({ token: idempotencyToken, name, sizeGb, ...options }, { signal }));
      return withPatch({ backendId: item.id }, { backendId: item.id, runtimeState: item.status });
    }),
    handle(contracts.pullVolume, async ({ backendId }, { signal }) => {
      const volume = await told(backend.findVolume(backendId, { signal }));
      if (volume === undefined) throw missing('volume', backendId);
      return withPatch({ status: volume.status }, { runtimeState: volume.status });
    }),
    handle(contracts.deleteVolume, async ({ backendId }, { signal }) => ({ how: await told(backend.deleteVolume(backendId, { signal })) })),
    handle(contracts.isVolumeGone, async ({ backendId }, { signal }) => {
      const volume = await told(backend.findVolume(backendId, { signal }));
      return { done: volume === undefined, failed: volume?.status === 'error_deleting' };
    }),
    handle(contracts.createPort, async ({ name, network }, { idempotencyToken, signal }) => {
      const networks = await told(backend.listNetworks({ signal }));
      const wanted = networks.find((one) => one.name === (network ?? 'private') || one.id === network);
      if (wanted === undefined) throw new Fatal(`no network is called ${network ?? 'private'}`, { code: 'missing_on_backend' });
      const { item } = await told(backend.createPort({ token: idempotencyToken, networkId: wanted.id, name }, { signal }));
      return { portId: item.id };
    }),
    handle(contracts.deletePorts, async ({ backendId }, { signal }) => {
      const ports = await told(backend.listPorts({ deviceId: backendId }, { signal }));
      for (const port of ports) await told(backend.deletePort(port.id, { signal }));
      return { ports: ports.length };
    }),
    handle(contracts.createServer, async ({ name, flavor, volumeIds, portId }, { idempotencyToken, signal }) => {
      const [bootVolumeId, ...dataVolumeIds] = volumeIds as [string, ...string[]];
      const { item } = await told(
        backend.createServer(
          { token: idempotencyToken, name, flavorId: flavor, bootVolumeId, dataVolumeIds, portIds: [portId] },
          { signal },
        ),
      );
      return withPatch({ backendId: item.id }, { backendId: item.id, runtimeState: item.state });
    }),
    handle(contracts.pullServer, async ({ backendId }, { signal }) => {
      const server = await told(backend.findServer(backendId, { signal }));
      if (server === undefined) throw missing('server', backendId);
      return withPatch({ status: server.state }, { runtimeState: server.state });
    }),
    handle(contracts.deleteServer, async ({ backendId }, { signal }) => ({ how: await told(backend.deleteServer(backendId, { signal })) })),
    handle(contracts.isServerGone, async ({ backendId }, { signal }) => {
      const server = await told(backend.findServer(backendId, { signal }));
      return { done: server === undefined || server.state === 'DELETED', failed: server?.state === 'ERROR' };
    }),
    handle(contracts.startServer, async ({ backendId }, { signal }) => ({ how: await told(backend.startServer(backendId, { signal })) })),
    handle(contracts.stopServer, async ({ backendId }, { signal }) => ({ how: await told(backend.stopServer(backendId, { signal })) })),
    handle(contracts.rebootServer, {
      run: async ({ backendId }, { signal }) => ({ how: await told(backend.rebootServer(backendId, 'SOFT', { signal })) }),
      // a machine that is rebooting, or was just told to, shows it; one that is up tells nothing of the past
      async reconcile({ backendId }, { signal }) {
        const server = await told(backend.getServer(backendId, { signal }));
        return server.state === 'REBOOT' || server.state === 'HARD_REBOOT' ? { found: { how: 'underWay' } } : { found: 'unknown' };
      },
    }),
    handle(contracts.detachVolume, async ({ serverId, backendId }, { signal }) => ({
      how: await told(backend.detachVolume(serverId, backendId, { signal })),
    })),
  ];
}

/** What the backend's errors mean for the supervisor: told by code, never by text. */
async function told<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (isBackendError(error) && !error.retryable) throw new Fatal(error.message, { code: error.code, data: error.data, cause: error });
    if (isBackendError(error) && error.retryAfterMs !== undefined && error.retryAfterMs > 0) {
      throw new Retry(error.message, { after: `${error.retryAfterMs}ms`, cause: error });
    }
    throw error;
  }
}

function missing(what: string, id: string): Fatal {
  return new Fatal(`${what} ${id} is not on the backend`, { code: 'missing_on_backend', data: { id } });
}
