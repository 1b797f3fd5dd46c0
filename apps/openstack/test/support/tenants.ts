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
