import type { ResourceRef } from '@troupe/protocol';
import { expect } from 'chai';
import type { Stage } from './stage.ts';

export interface Wanted {
  readonly volumes: number;
  /** New floating IPs; the first one is `<id>-ip`, others `<id>-ip-2`, each with a port of its own. */
  readonly ips?: number;
  /** Ids of rows of floating IPs that are there already. */
  readonly existingIps?: readonly string[];
  /** Id of a server group on the cloud. */
  readonly serverGroup?: string;
}

/** Rows of an instance and of all that comes with it; with addresses also the tenant that lists them, at rest. */
export async function insertInstance(stage: Stage, id: string, wanted: Wanted): Promise<ResourceRef> {
  const { volumes: count, ips = 0, existingIps = [], serverGroup } = wanted;
  const volumes = Array.from({ length: count }, (_, i) => `${id}-vol-${i + 1}`);
  for (const [i, volume] of volumes.entries()) await stage.insert('volume', volume, { sizeGb: 1, ...(i === 0 ? { image: 'cirros' } : {}) });
  const floatingIps = Array.from({ length: ips }, (_, i) => (i === 0 ? `${id}-ip` : `${id}-ip-${i + 1}`));
  for (const ip of floatingIps) await stage.insert('floatingIp', ip, {});
  const addresses = floatingIps.length + existingIps.length;
  if (addresses > 0 && (await stage.row('tenant', 'tenant')) === undefined) await stage.insert('tenant', 'tenant', {}, 'OK');
  const network = addresses > 0 ? { networks: Array<string>(addresses).fill('private'), floatingIps, existingIps, tenant: 'tenant' } : {};
  return stage.insert('instance', id, { flavor: '1', volumes, ...network, ...(serverGroup === undefined ? {} : { serverGroup }) });
}

export async function createdInstance(stage: Stage, id: string, wanted: Wanted): Promise<ResourceRef> {
  const ref = await insertInstance(stage, id, wanted);
  expect(await stage.run('openstack.instance.create', ref)).to.include({ outcome: 'succeeded' });
  return ref;
}
