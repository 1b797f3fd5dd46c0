import { handle, type Handler, withPatch } from '@troupe/task';
import type { Backend, SecurityGroupRule } from '../backend/index.ts';
import type { TenantBackends } from './tenant-backends.ts';
import * as contracts from './tenant-contracts.ts';
import { missing, told } from './told.ts';

type Rule = { readonly direction: string } & { readonly [K in keyof Omit<SecurityGroupRule, 'id' | 'direction'>]?: SecurityGroupRule[K] };

/** Unique in the domain, and the same for every attempt. */
export const userNameOf = (projectId: string): string => `tenant-${projectId}`;

export function tenantHandlers({ admin, inProject, passwordOf }: TenantBackends): Handler[] {
  const namesOf = async (listing: Promise<readonly { readonly name: string }[]>): Promise<string[]> =>
    (await told(listing)).map(({ name }) => name).sort();

  const idsOf = async (listing: Promise<readonly { readonly id: string }[]>): Promise<string[]> =>
    (await told(listing)).map(({ id }) => id).sort();

  async function addRules(groupId: string, rules: readonly Rule[], signal: AbortSignal): Promise<void> {
    for (const { direction, protocol, portMin, portMax, remotePrefix } of rules)
      await told(admin.addSecurityGroupRule(groupId, { direction, protocol, portMin, portMax, remotePrefix }, { signal }));
  }

  const pulls: Record<contracts.TenantPull, (projectId: string, options: { signal: AbortSignal }) => Promise<unknown>> = {
    limits: (projectId, options) => told(admin.getQuotas(projectId, options)),
    images: (projectId, options) => namesOf(inProject(projectId).listImages(options)),
    flavors: (projectId, options) => namesOf(inProject(projectId).listFlavors(options)),
    volumeTypes: (projectId, options) => namesOf(inProject(projectId).listVolumeTypes(options)),
    zones: (projectId, options) => told(inProject(projectId).listZones('compute', options)),
    volumeZones: (projectId, options) => told(inProject(projectId).listZones('volume', options)),
    groups: (projectId, options) => namesOf(admin.listOfProject('security-groups', projectId, options)),
    externalNetworks: async (projectId, options) =>
      (await told(inProject(projectId).listNetworks(options))).filter(({ isExternal }) => isExternal).map(({ name }) => name),
    routers: (projectId, options) => namesOf(admin.listOfProject('routers', projectId, options)),
    networks: (projectId, options) => namesOf(admin.listOfProject('networks', projectId, options)),
    subnets: (projectId, options) => namesOf(admin.listOfProject('subnets', projectId, options)),
    ports: (projectId, options) => idsOf(admin.listOfProject('ports', projectId, options)),
    floatingIps: (projectId, options) => idsOf(admin.listOfProject('floatingips', projectId, options)),
    serverGroups: (projectId, options) => namesOf(inProject(projectId).listServerGroups(options)),
    snapshots: (projectId, options) => namesOf(inProject(projectId).listSnapshots(options)),
    instances: (projectId, options) => told(inProject(projectId).listServerIds(options)),
    volumes: (projectId, options) => told(inProject(projectId).listVolumeIds(options)),
  };

  return [
    handle(contracts.createTenant, async ({ name }, { idempotencyToken, signal }) => {
      const { item } = await told(admin.createProject({ token: idempotencyToken, name }, { signal }));
      return withPatch({ backendId: item.id }, { backendId: item.id, data: { projectName: item.name } });
    }),
    handle(contracts.addAdmin, async ({ projectId }, { signal }) => {
      const userId = await told(admin.ownUserId({ signal }));
      await told(admin.assignRole({ projectId, userId, role: 'admin' }, { signal }));
      return { userId };
    }),
    handle(contracts.createUser, async ({ projectId }, { signal }) => {
      const name = userNameOf(projectId);
      const { item } = await told(admin.createUser({ name, password: passwordOf(name), projectId }, { signal }));
      await told(admin.assignRole({ projectId, userId: item.id, role: 'member' }, { signal }));
      return withPatch({ userId: item.id }, { data: { userName: name } });
    }),
    handle(contracts.pushQuotas, async ({ projectId, quotas }, { signal }) => {
      await told(admin.setQuotas(projectId, quotas, { signal }));
      return { quotas: Object.keys(quotas).length };
    }),
    handle(contracts.createNetwork, async ({ projectId, name }, { idempotencyToken: token, signal }) =>
      made(await told(admin.createNetwork({ token, projectId, name }, { signal }))),
    ),
    handle(contracts.createSubnet, async (wanted, { idempotencyToken: token, signal }) =>
      made(await told(admin.createSubnet({ token, ...wanted }, { signal }))),
    ),
    handle(contracts.createSecurityGroup, async ({ projectId, name }, { idempotencyToken: token, signal }) =>
      made(await told(admin.createSecurityGroup({ token, projectId, name }, { signal }))),
    ),
    handle(contracts.addRules, async ({ backendId, rules }, { signal }) => {
      await addRules(backendId, rules, signal);
      return { rules: rules.length };
    }),
    handle(contracts.pushDefaultGroup, async ({ projectId, rules }, { signal }) => {
      const groups = await told(admin.listOfProject('security-groups', projectId, { signal }));
      const group = groups.find(({ name }) => name === 'default');
      if (group === undefined) throw missing('default security group of project', projectId);
      await addRules(group.id, rules, signal);
      return made({ item: group });
    }),
    handle(contracts.createRouter, async ({ projectId, name, externalNetwork }, { idempotencyToken: token, signal }) => {
      const externalNetworkId = externalNetwork === undefined ? undefined : await externalOf(admin, externalNetwork, signal);
      return made(await told(admin.createRouter({ token, projectId, name, externalNetworkId }, { signal })));
    }),
    handle(contracts.setRoutes, async ({ backendId, routes }, { signal }) => {
      await told(admin.setRoutes(backendId, routes, { signal }));
      return { routes: routes.length };
    }),
    handle(contracts.connectTenant, async ({ projectId, name, externalNetwork, subnetId }, { idempotencyToken: token, signal }) => {
      const externalNetworkId = await externalOf(admin, externalNetwork, signal);
      const { item } = await told(admin.createRouter({ token, projectId, name, externalNetworkId }, { signal }));
      await told(admin.connectSubnet(item.id, subnetId, { signal }));
      return { routerId: item.id };
    }),
    ...contracts.tenantPulls.map((what) =>
      handle(contracts.pullTenant[what], async ({ projectId }, { signal }) => {
        const found = await pulls[what](projectId, { signal });
        return withPatch({ found: Object.keys(found as object).length }, { data: { [what]: found as never } });
      }),
    ),
  ];
}

function made({ item: { id } }: { readonly item: { readonly id: string } }) {
  return withPatch({ backendId: id }, { backendId: id });
}

async function externalOf(admin: Backend, nameOrId: string, signal: AbortSignal): Promise<string> {
  const networks = await told(admin.listNetworks({ signal }));
  const found = networks.find(({ name, id, isExternal }) => isExternal && (name === nameOrId || id === nameOrId));
  if (found === undefined) throw missing('external network', nameOrId);
  return found.id;
}
