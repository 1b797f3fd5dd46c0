import { tenantGroups } from '@troupe/openstack';
import type { ResourceRef } from '@troupe/protocol';
import type { Stage } from './stage.ts';

/** Rows of a migration: a router, networks with a subnet each, the default group and one more. */
export async function insertMigration(stage: Stage, id: string, networks = [1, 2]): Promise<ResourceRef> {
  await stage.insert('router', `${id}-router`, {
    externalNetwork: 'public',
    routes: [{ destination: '10.9.0.0/24', nexthop: '198.18.0.1' }],
  });
  for (const n of networks) {
    await stage.insert('network', `${id}-net-${n}`, {});
    await stage.insert('subnet', `${id}-sub-${n}`, { network: `${id}-net-${n}`, cidr: `192.168.${n}.0/24` });
  }
  await stage.insert('securityGroup', `${id}-default`, { name: 'default', rules: [...tenantGroups.ping] });
  await stage.insert('securityGroup', `${id}-web`, { name: 'web', rules: [...tenantGroups.web] });
  await stage.insert('tenant', `${id}-tenant`, { quotas: { volumes: 5 } });
  return stage.insert('migration', id, {
    tenant: `${id}-tenant`,
    routers: [`${id}-router`],
    networks: networks.map((n) => `${id}-net-${n}`),
    subnets: networks.map((n) => `${id}-sub-${n}`),
    defaultGroup: `${id}-default`,
    securityGroups: [`${id}-web`],
  });
}

/** All rows of it but its own: kind and id. */
export const partsOf = (id: string): ResourceRef[] => [
  { kind: 'tenant', id: `${id}-tenant` },
  { kind: 'router', id: `${id}-router` },
  ...[1, 2].flatMap((n) => [
    { kind: 'network', id: `${id}-net-${n}` },
    { kind: 'subnet', id: `${id}-sub-${n}` },
  ]),
  { kind: 'securityGroup', id: `${id}-default` },
  { kind: 'securityGroup', id: `${id}-web` },
];
