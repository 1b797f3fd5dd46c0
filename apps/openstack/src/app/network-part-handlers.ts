import { handle, type Handler, withPatch } from '@troupe/task';
import type { Backend, FloatingIp } from '../backend/index.ts';
import * as contracts from './network-part-contracts.ts';
import type { TenantBackends } from './tenant-backends.ts';
import { told } from './told.ts';

/** What the answer says of an address; it may change a moment later, which a pull finds. */
const stated = ({ status, address }: FloatingIp) => withPatch({ status }, { runtimeState: status, data: { address } });

export function networkPartHandlers(backend: Backend, { admin, inProject }: TenantBackends): Handler[] {
  return [
    handle(contracts.setAddresses, async ({ backendIds, portIds }, { signal }) => {
      const all = await told(backend.listFloatingIps({}, { signal }));
      const there = all.filter(({ portId }) => portId !== undefined && portIds.includes(portId));
      // a port takes one address, so those that leave make room first
      const leaving = there.filter(({ id }) => !backendIds.includes(id));
      for (const { id } of leaving) await told(backend.disassociateFloatingIp(id, { signal }));
      const staying = there.filter(({ id }) => backendIds.includes(id));
      const free = portIds.filter((port) => !staying.some(({ portId }) => portId === port));
      const coming = backendIds.filter((id) => !staying.some((one) => one.id === id));
      for (const [i, id] of coming.entries()) await told(backend.associateFloatingIp(id, free[i]!, { signal }));
      return { left: leaving.length, came: coming.length };
    }),
    handle(contracts.attachFloatingIp, async ({ backendId, portId }, { signal }) =>
      stated(await told(backend.associateFloatingIp(backendId, portId, { signal }))),
    ),
    handle(contracts.detachFloatingIp, async ({ backendId }, { signal }) =>
      stated(await told(backend.disassociateFloatingIp(backendId, { signal }))),
    ),
    handle(contracts.detachGroupFromInstances, async ({ backendId: securityGroupId }, { signal }) => {
      const ports = await told(admin.listPorts({ securityGroupId }, { signal }));
      const servers = new Map(
        ports.filter(({ deviceOwner }) => deviceOwner.startsWith('compute:')).map((port) => [port.deviceId, port.projectId]),
      );
      for (const [server, project] of servers) await told(inProject(project).leaveSecurityGroup(server, securityGroupId, { signal }));
      return { instances: servers.size };
    }),
    handle(contracts.detachGroupFromPorts, async ({ backendId: securityGroupId }, { signal }) => {
      const ports = await told(admin.listPorts({ securityGroupId }, { signal }));
      for (const { id, securityGroupIds } of ports) {
        const others = securityGroupIds.filter((group) => group !== securityGroupId);
        await told(admin.setPortSecurityGroups(id, others, { signal }));
      }
      return { ports: ports.length };
    }),
    handle(contracts.createPort, async ({ projectId, networkId, name }, { idempotencyToken: token, signal }) => {
      const { item } = await told(inProject(projectId).createPort({ token, networkId, name }, { signal }));
      return withPatch({ backendId: item.id }, { backendId: item.id });
    }),
    handle(contracts.removePort, async ({ backendId }, { signal }) => ({ how: await told(admin.deletePort(backendId, { signal })) })),
    handle(contracts.removeRouter, async ({ backendId }, { signal }) => ({
      how: await told(admin.removeFromNetwork('routers', backendId, { signal })),
    })),
  ];
}
