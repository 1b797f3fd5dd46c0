/** What a delete of a tenant does to the project, one kind of objects each. */
import { handle, type Handler } from '@troupe/task';
import { type Backend, isBackendError, type NetworkCollection, type ProjectObject } from '../backend/index.ts';
import type { TenantBackends } from './tenant-backends.ts';
import * as contracts from './tenant-contracts.ts';
import { userNameOf } from './tenant-handlers.ts';
import { told } from './told.ts';

type Options = { readonly signal: AbortSignal };

export function tenantRemovalHandlers({ admin, inProject }: TenantBackends): Handler[] {
  async function removeAll(
    collection: NetworkCollection,
    projectId: string,
    options: Options,
    filter: (object: ProjectObject) => boolean = () => true,
  ): Promise<number> {
    const objects = (await told(admin.listOfProject(collection, projectId, options))).filter(filter);
    for (const { id } of objects) await told(admin.removeFromNetwork(collection, id, options));
    return objects.length;
  }

  async function disconnect({ id }: ProjectObject, projectId: string, options: Options): Promise<void> {
    const ports = await told(admin.listOfProject('ports', projectId, options));
    const subnets = ports.filter(({ deviceId }) => deviceId === id).flatMap(({ subnetIds }) => subnetIds);
    for (const subnet of subnets) await told(admin.disconnectSubnet(id, subnet, options));
  }

  /**
   * What the project's own session lists, where an admin would see everybody's. A create that failed early has not given itself the
   * right to log in there, so it is made up for; a project that is gone has nothing.
   */
  async function idsOf(
    projectId: string,
    options: Options,
    list: (backend: Backend) => Promise<readonly { readonly id: string }[] | readonly string[]>,
  ): Promise<readonly string[]> {
    const ids = async (): Promise<readonly string[]> =>
      (await list(inProject(projectId))).map((found) => (typeof found === 'string' ? found : found.id));
    try {
      return await ids();
    } catch (error) {
      if (!isBackendError(error, 'unauthorized')) throw error;
      if ((await admin.findProject(projectId, options)) === undefined) return [];
      await admin.assignRole({ projectId, userId: await admin.ownUserId(options), role: 'admin' }, options);
      return ids();
    }
  }

  const lists = {
    snapshots: (projectId: string, options: Options) => told(idsOf(projectId, options, (backend) => backend.listSnapshots(options))),
    instances: (projectId: string, options: Options) => told(idsOf(projectId, options, (backend) => backend.listServerIds(options))),
    volumes: (projectId: string, options: Options) => told(idsOf(projectId, options, (backend) => backend.listVolumeIds(options))),
    serverGroups: (projectId: string, options: Options) => told(idsOf(projectId, options, (backend) => backend.listServerGroups(options))),
  };

  async function eachOf(
    what: keyof typeof lists,
    projectId: string,
    options: Options,
    remove: (backend: Backend, id: string) => Promise<unknown>,
  ): Promise<number> {
    const ids = await lists[what](projectId, options);
    for (const id of ids) await told(remove(inProject(projectId), id));
    return ids.length;
  }

  const removals: Record<contracts.TenantRemoval, (projectId: string, options: Options) => Promise<number>> = {
    floatingIps: (projectId, options) => removeAll('floatingips', projectId, options),
    async routes(projectId, options) {
      const routers = (await told(admin.listOfProject('routers', projectId, options))).filter(({ routes }) => routes.length > 0);
      for (const { id } of routers) await told(admin.setRoutes(id, [], options));
      return routers.length;
    },
    // those of routers and other parts of the cloud go with what they serve
    ports: (projectId, options) => removeAll('ports', projectId, options, ({ deviceOwner }) => !deviceOwner.startsWith('network:')),
    async routers(projectId, options) {
      for (const router of await told(admin.listOfProject('routers', projectId, options))) await disconnect(router, projectId, options);
      return removeAll('routers', projectId, options);
    },
    networks: (projectId, options) => removeAll('networks', projectId, options),
    // the cloud makes one of its own for each project and removes it with that
    securityGroups: (projectId, options) => removeAll('security-groups', projectId, options, ({ name }) => name !== 'default'),
    snapshots: (projectId, options) => eachOf('snapshots', projectId, options, (backend, id) => backend.deleteSnapshot(id, options)),
    instances: (projectId, options) => eachOf('instances', projectId, options, (backend, id) => backend.deleteServer(id, options)),
    volumes: (projectId, options) => eachOf('volumes', projectId, options, (backend, id) => backend.deleteVolume(id, options)),
    serverGroups: (projectId, options) =>
      eachOf('serverGroups', projectId, options, (backend, id) => backend.deleteServerGroup(id, options)),
  };

  async function brokenSnapshots(projectId: string, options: Options): Promise<readonly string[]> {
    const snapshots = await told(inProject(projectId).listSnapshots(options));
    return snapshots.filter(({ status }) => status === 'error_deleting').map(({ id }) => id);
  }

  async function brokenVolumes(projectId: string, ids: readonly string[], options: Options): Promise<readonly string[]> {
    const volumes = await Promise.all(ids.map((id) => told(inProject(projectId).findVolume(id, options))));
    return volumes.flatMap((volume) => (volume?.status === 'error_deleting' ? [volume.id] : []));
  }

  return [
    ...contracts.tenantRemovals.map((what) =>
      handle(contracts.removeOfTenant[what], async ({ projectId }, { signal }) => ({
        removed: await removals[what](projectId, { signal }),
      })),
    ),
    handle(contracts.isTenantWithout.snapshots, async ({ projectId }, { signal }) => {
      const left = await lists.snapshots(projectId, { signal });
      return looked('snapshot', left, left.length === 0 ? [] : await brokenSnapshots(projectId, { signal }));
    }),
    handle(contracts.isTenantWithout.instances, async ({ projectId }, { signal }) => {
      const left = await lists.instances(projectId, { signal });
      return looked('instance', left, []);
    }),
    handle(contracts.isTenantWithout.volumes, async ({ projectId }, { signal }) => {
      const left = await lists.volumes(projectId, { signal });
      return looked('volume', left, await brokenVolumes(projectId, left, { signal }));
    }),
    handle(contracts.deleteUser, async ({ projectId }, { signal }) => {
      const user = await told(admin.findUser({ name: userNameOf(projectId), projectId }, { signal }));
      return { how: user === undefined ? 'gone' : await told(admin.deleteUser(user.id, { signal })) };
    }),
    handle(contracts.deleteTenant, async ({ projectId }, { signal }) => ({ how: await told(admin.deleteProject(projectId, { signal })) })),
    handle(contracts.removeNetwork, async ({ backendId }, { signal }) => ({
      how: await told(admin.removeFromNetwork('networks', backendId, { signal })),
    })),
    handle(contracts.removeSubnet, async ({ backendId }, { signal }) => ({
      how: await told(admin.removeFromNetwork('subnets', backendId, { signal })),
    })),
    handle(contracts.removeSecurityGroup, async ({ backendId }, { signal }) => ({
      how: await told(admin.removeFromNetwork('security-groups', backendId, { signal })),
    })),
  ];
}

function looked(what: string, left: readonly string[], broken: readonly string[]) {
  if (broken.length > 0) return { done: false, failed: true, message: `the cloud could not delete ${what} ${broken.join(', ')}` };
  return { done: left.length === 0, left: left.length };
}
