import { ApiError } from '../core/api-error.ts';
import type { CloudCore } from '../core/core.ts';
import { tokenOfDescription } from '../core/token-ledger.ts';
import type { TransitionSubject } from '../core/transitions.ts';
import type { FloatingIp, FloatingIpRequest } from './network.ts';
import type { Networks } from './networks.ts';
import type { Ports } from './ports.ts';
import { demandRoom } from './quotas.ts';
import type { QuotaBook } from './quotas.ts';

export interface FloatingIps {
  create(projectId: string, request: FloatingIpRequest): FloatingIp;
  find(id: string): FloatingIp | undefined;
  /** @throws ApiError 404 FloatingIPNotFound */
  get(id: string): FloatingIp;
  /** Newest first. */
  list(): readonly FloatingIp[];
  ofPort(portId: string): FloatingIp | undefined;
  /** Status goes DOWN → ACTIVE after a while, as when the router agent reports back. */
  associate(ip: FloatingIp, portId: string): void;
  disassociate(ip: FloatingIp): void;
  describe(ip: FloatingIp, description: string): void;
  remove(ip: FloatingIp): void;
  setStatus(ip: FloatingIp, status: string): void;
}

export function createFloatingIps(core: CloudCore, networks: Networks, ports: Ports, quotas: QuotaBook): FloatingIps {
  const ips = new Map<string, FloatingIp>();
  const list = (): readonly FloatingIp[] => [...ips.values()].toReversed();
  const ofPort = (portId: string): FloatingIp | undefined => list().find((ip) => ip.portId === portId);

  function touch(ip: FloatingIp, status: string): void {
    ip.status = status;
    ip.updatedAt = core.clock.now();
  }

  function setStatus(ip: FloatingIp, status: string): void {
    core.transitions.cancel(ip.id);
    touch(ip, status);
  }

  function remove(ip: FloatingIp): void {
    if (!ips.delete(ip.id)) return;
    core.transitions.cancel(ip.id);
    networks.find(ip.networkId)?.subnets[0]?.pool.release(ip.address);
  }

  function subjectOf(ip: FloatingIp): TransitionSubject {
    return {
      id: ip.id,
      name: ip.address,
      drawKey: ip.drawKey,
      showStatus: (status) => touch(ip, status),
      endInStatus: (status) => touch(ip, status),
      vanish: () => remove(ip),
    };
  }

  function checkFree(portId: string, ownIpId: string | undefined): void {
    const port = ports.get(portId);
    const holder = ofPort(port.id);
    if (holder === undefined || holder.id === ownIpId) return;
    throw new ApiError(
      409,
      `Cannot associate floating IP with port ${portId} using fixed IP ${port.address}, as that fixed IP already has a floating IP.`,
      { type: 'FloatingIPPortAlreadyAssociated' },
    );
  }

  function associate(ip: FloatingIp, portId: string): void {
    checkFree(portId, ip.id);
    if (ip.portId === portId) return;
    ip.portId = portId;
    touch(ip, 'DOWN');
    core.transitions.begin({
      name: 'floatingip.activate',
      latency: 'floatingIpActivate',
      subject: subjectOf(ip),
      done: () => touch(ip, 'ACTIVE'),
    });
  }

  function disassociate(ip: FloatingIp): void {
    ip.portId = undefined;
    setStatus(ip, 'DOWN');
  }

  ports.onRemoved((port) => {
    const ip = ofPort(port.id);
    if (ip !== undefined) disassociate(ip);
  });

  return {
    create(projectId, request) {
      const network = networks.get(request.networkId);
      if (!network.isExternal) {
        const message = `Bad floatingip request: Network ${network.id} is not a valid external network.`;
        throw new ApiError(400, message, { type: 'BadRequest' });
      }
      demandRoom(quotas, projectId, 'floatingip', list());
      if (request.portId !== undefined) checkFree(request.portId, undefined);
      const pool = network.subnets[0]?.pool;
      const address = request.address === undefined ? pool?.allocate() : pool?.claim(request.address) ? request.address : undefined;
      if (address === undefined) {
        throw new ApiError(409, `No more IP addresses available on network ${network.id}.`, { type: 'IpAddressGenerationFailure' });
      }
      const now = core.clock.now();
      const ip: FloatingIp = {
        ...core.identify('floatingip', request.description ?? ''),
        projectId,
        networkId: network.id,
        address,
        createdAt: now,
        updatedAt: now,
        description: request.description ?? '',
        status: 'DOWN',
        portId: undefined,
      };
      ips.set(ip.id, ip);
      core.tokens.record('floatingip', ip.id, tokenOfDescription(ip.description));
      if (request.portId !== undefined) associate(ip, request.portId);
      return ip;
    },
    find: (id) => ips.get(id),
    get(id) {
      const ip = ips.get(id);
      if (ip === undefined) throw new ApiError(404, `Floating IP ${id} could not be found`, { type: 'FloatingIPNotFound' });
      return ip;
    },
    list,
    ofPort,
    associate,
    disassociate,
    describe(ip, description) {
      ip.description = description;
      ip.updatedAt = core.clock.now();
    },
    remove,
    setStatus,
  };
}
