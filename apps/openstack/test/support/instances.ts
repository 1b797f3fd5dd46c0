import type { ResourceRef } from '@troupe/protocol';
import { expect } from 'chai';
import type { Stage } from './stage.ts';

export interface Wanted {
  readonly volumes: number;
  readonly ip?: boolean;
}

/** Rows of an instance and of all that comes with it; with an IP also the tenant whose addresses follow, at rest. */
export async function insertInstance(stage: Stage, id: string, { volumes, ip = false }: Wanted): Promise<ResourceRef> {
  const ids = Array.from({ length: volumes }, (_, i) => `${id}-vol-${i + 1}`);
  for (const [i, volume] of ids.entries()) await stage.insert('volume', volume, { sizeGb: 1, ...(i === 0 ? { image: 'cirros' } : {}) });
  if (ip) {
    await stage.insert('floatingIp', `${id}-ip`, {});
    await stage.insert('tenant', 'tenant', {}, 'OK');
  }
  const network = ip ? { floatingIps: [`${id}-ip`], tenant: 'tenant' } : {};
  return stage.insert('instance', id, { flavor: '1', volumes: ids, ...network });
}

export async function createdInstance(stage: Stage, id: string, wanted: Wanted): Promise<ResourceRef> {
  const ref = await insertInstance(stage, id, wanted);
  expect(await stage.run('openstack.instance.create', ref)).to.include({ outcome: 'succeeded' });
  return ref;
}
