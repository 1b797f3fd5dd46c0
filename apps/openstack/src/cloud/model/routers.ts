import { ApiError } from '../core/api-error.ts';
import type { CloudCore } from '../core/core.ts';
import { tokenOfDescription } from '../core/token-ledger.ts';
import type { Port, Router } from './network.ts';
import type { Networks } from './networks.ts';
import { routerInterface, type Ports } from './ports.ts';
import { demandRoom, type QuotaBook } from './quotas.ts';

export interface Routers {
  create(projectId: string, request: { readonly name?: string | undefined; readonly description?: string | undefined }): Router;
  /** @throws ApiError 404 RouterNotFound */
  get(id: string): Router;
  list(): readonly Router[];
  /** Undefined takes the gateway away. @throws ApiError 400 for a network that is not external */
  setGateway(router: Router, networkId: string | undefined): void;
  /** @throws ApiError 400 if the router has one on the subnet already, or the subnet has no gateway */
  addInterface(router: Router, subnetId: string): Port;
  /** @throws ApiError 404 RouterInterfaceNotFound */
  removeInterface(router: Router, match: (port: Port) => boolean): Port;
  interfaces(router: Router): readonly Port[];
  /** @throws ApiError 409 RouterInUse */
  remove(router: Router): void;
}

export function createRouters(core: CloudCore, networks: Networks, ports: Ports, quotas: QuotaBook): Routers {
  const routers = new Map<string, Router>();
  const interfaces = (router: Router): readonly Port[] => ports.ofDevice(router.id);

  function setGateway(router: Router, networkId: string | undefined): void {
    if (networkId === router.externalNetworkId) return;
    const network = networkId === undefined ? undefined : networks.get(networkId);
    if (network !== undefined && !network.isExternal)
      throw new ApiError(400, `Bad router request: Network ${network.id} is not an external network.`, { type: 'BadRequest' });
    if (router.externalAddress !== undefined)
      networks.find(router.externalNetworkId ?? '')?.subnets[0]?.pool.release(router.externalAddress);
    router.externalNetworkId = networkId;
    router.externalAddress = network?.subnets[0]?.pool.allocate();
  }

  return {
    create(projectId, { name = '', description = '' }) {
      demandRoom(quotas, projectId, 'router', [...routers.values()]);
      const { id } = core.identify('router', name);
      const createdAt = core.clock.now();
      const router: Router = {
        id,
        projectId,
        name,
        description,
        createdAt,
        externalNetworkId: undefined,
        externalAddress: undefined,
        routes: [],
      };
      routers.set(id, router);
      core.tokens.record('router', id, tokenOfDescription(description));
      return router;
    },
    get(id) {
      const router = routers.get(id);
      if (router === undefined) throw new ApiError(404, `Router ${id} could not be found`, { type: 'RouterNotFound' });
      return router;
    },
    list: () => [...routers.values()].toReversed(),
    setGateway,
    addInterface(router, subnetId) {
      const subnet = networks.getSubnet(subnetId);
      if (interfaces(router).some((port) => port.subnetId === subnetId)) {
        const message = `Bad router request: Router already has a port on subnet ${subnetId}.`;
        throw new ApiError(400, message, { type: 'BadRequest' });
      }
      if (!subnet.hasGateway)
        throw new ApiError(400, `Bad router request: Subnet for router interface must have a gateway IP.`, { type: 'BadRequest' });
      return ports.create(router.projectId, {
        networkId: subnet.networkId,
        subnetId,
        address: subnet.pool.gateway,
        deviceId: router.id,
        deviceOwner: routerInterface,
        securityGroupIds: [],
      });
    },
    removeInterface(router, match) {
      const port = interfaces(router).find(match);
      if (port === undefined)
        throw new ApiError(404, `Router ${router.id} does not have such an interface`, { type: 'RouterInterfaceNotFound' });
      ports.remove(port);
      return port;
    },
    interfaces,
    remove(router) {
      if (interfaces(router).length > 0) throw new ApiError(409, `Router ${router.id} still has ports`, { type: 'RouterInUse' });
      setGateway(router, undefined);
      routers.delete(router.id);
    },
  };
}
