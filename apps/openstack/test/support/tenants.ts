import { createBackend, tenantGroups } from '@troupe/openstack';
import type { Backend } from '@troupe/openstack';
import type { JsonObject, ResourceRef } from '@troupe/protocol';
import { expect } from 'chai';
import { adminConfigOf } from './bench.ts';
import type { Stage } from './stage.ts';

export interface WantedTenant {
  /** Default: the id. */
  readonly name?: string;
  readonly groups?: readonly (keyof typeof tenantGroups)[];
  readonly quotas?: JsonObject;
  readonly externalNetwork?: string;
}

/** A client that may look at all projects. */
export const adminOf = ({ cloud }: Stage): Backend => createBackend(adminConfigOf(cloud));

/** Rows of a tenant and of all that is made with it: `<id>-net`, `<id>-sub`, `<id>-<group>`. */
export async function insertTenant(stage: Stage, id: string, wanted: WantedTenant = {}): Promise<ResourceRef> {
  const { groups = ['ssh'], ...more } = wanted;
  await stage.insert('network', `${id}-net`, {});
  await stage.insert('subnet', `${id}-sub`, { cidr: '192.168.42.0/24' });
  for (const group of groups) await stage.insert('securityGroup', `${id}-${group}`, { name: group, rules: [...tenantGroups[group]] });
  const securityGroups = groups.map((group) => `${id}-${group}`);
  return stage.insert('tenant', id, { network: `${id}-net`, subnet: `${id}-sub`, securityGroups, ...more });
}

export async function createdTenant(stage: Stage, id: string, wanted: WantedTenant = {}): Promise<ResourceRef> {
  const ref = await insertTenant(stage, id, wanted);
  expect(await stage.run('openstack.tenant.create', ref)).to.include({ outcome: 'succeeded' });
  return ref;
}

/** A tenant that somebody else has made on the cloud, and the rows of it. */
export async function insertMadeTenant(stage: Stage, admin: Backend, id: string): Promise<{ ref: ResourceRef; backendId: string }> {
  const { item: project } = await admin.createProject({ token: id, name: id });
  const own = { projectId: project.id, token: id, name: id };
  await admin.assignRole({ projectId: project.id, userId: await admin.ownUserId(), role: 'admin' });
  const { item: network } = await admin.createNetwork(own);
  const { item: subnet } = await admin.createSubnet({ ...own, networkId: network.id, cidr: '192.168.42.0/24' });
  const { item: router } = await admin.createRouter(own);
  await admin.connectSubnet(router.id, subnet.id);
  await admin.setRoutes(router.id, [{ destination: '10.9.0.0/24', nexthop: '192.168.42.9' }]);
  const { item: group } = await admin.createSecurityGroup(own);
  await stage.insert('network', `${id}-net`, {}, 'OK', network.id);
  await stage.insert('subnet', `${id}-sub`, { cidr: '192.168.42.0/24' }, 'OK', subnet.id);
  await stage.insert('securityGroup', `${id}-ssh`, {}, 'OK', group.id);
  const data = { network: `${id}-net`, subnet: `${id}-sub`, securityGroups: [`${id}-ssh`] };
  return { ref: await stage.insert('tenant', id, data, 'OK', project.id), backendId: project.id };
}
