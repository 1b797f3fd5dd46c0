import { z } from 'zod';
import { ApiError } from '../core/api-error.ts';
import type { Port, Router } from '../model/network.ts';
import type { World } from '../model/world.ts';
import { listAnswer } from './neutron-list.ts';
import { neutronRoute, ownerFields, ownerOf, visible } from './neutron-route.ts';
import { routerView } from './neutron-views.ts';
import { optionalText, parseBody } from './parse.ts';
import type { Answer, AuthorizedCall, Route } from './route.ts';

const gateway = z.object({ network_id: z.string() }).nullish();
const routes = z.array(z.object({ destination: z.string(), nexthop: z.string() }));
const routerCreate = z.object({
  router: z.object({ name: optionalText, description: optionalText, external_gateway_info: gateway, ...ownerFields }),
});
const routerUpdate = z.object({ router: z.object({ external_gateway_info: gateway, routes: routes.optional() }) });
const interfaceSchema = z
  .object({ subnet_id: z.string(), port_id: z.string() })
  .partial()
  .refine(({ subnet_id: subnet, port_id: port }) => (subnet === undefined) !== (port === undefined), 'Either subnet or port must be given');

/** Routers: their gateway, static routes, and interfaces by subnet. */
export function neutronRouterRoutes({ routers }: World): readonly Route[] {
  function routerOf(call: AuthorizedCall): Router {
    const router = routers.get(call.params['id'] ?? '');
    if (router.projectId === call.project.id || call.user.isAdmin) return router;
    throw new ApiError(404, `Router ${router.id} could not be found`, { type: 'RouterNotFound' });
  }

  const answer = (router: Router, status = 200): Answer => ({ status, body: { router: routerView(router) } });
  const interfaceAnswer = (router: Router, port: Port): Answer => ({
    status: 200,
    body: {
      id: router.id,
      tenant_id: router.projectId,
      project_id: router.projectId,
      network_id: port.networkId,
      port_id: port.id,
      subnet_id: port.subnetId,
      subnet_ids: [port.subnetId],
    },
  });

  return [
    neutronRoute('routers.list', 'GET', '/routers', (call) => listAnswer(call, 'routers', visible(call, routers.list()).map(routerView))),
    neutronRoute('routers.show', 'GET', '/routers/:id', (call) => answer(routerOf(call))),
    neutronRoute('routers.create', 'POST', '/routers', (call) => {
      const { router: wanted } = parseBody(routerCreate, call.body);
      const router = routers.create(ownerOf(call, wanted), wanted);
      routers.setGateway(router, wanted.external_gateway_info?.network_id);
      return answer(router, 201);
    }),
    neutronRoute('routers.update', 'PUT', '/routers/:id', (call) => {
      const router = routerOf(call);
      const change = parseBody(routerUpdate, call.body).router;
      if (change.external_gateway_info !== undefined) routers.setGateway(router, change.external_gateway_info?.network_id);
      if (change.routes !== undefined) router.routes = change.routes;
      return answer(router);
    }),
    neutronRoute('routers.addInterface', 'PUT', '/routers/:id/add_router_interface', (call) => {
      const router = routerOf(call);
      const { subnet_id: subnetId } = parseBody(interfaceSchema, call.body);
      if (subnetId === undefined) throw new ApiError(400, 'An interface by port is not served here.', { type: 'BadRequest' });
      return interfaceAnswer(router, routers.addInterface(router, subnetId));
    }),
    neutronRoute('routers.removeInterface', 'PUT', '/routers/:id/remove_router_interface', (call) => {
      const router = routerOf(call);
      const { subnet_id: subnetId, port_id: portId } = parseBody(interfaceSchema, call.body);
      return interfaceAnswer(
        router,
        routers.removeInterface(router, (port) => (portId === undefined ? port.subnetId === subnetId : port.id === portId)),
      );
    }),
    neutronRoute('routers.delete', 'DELETE', '/routers/:id', (call) => {
      routers.remove(routerOf(call));
      return { status: 204 };
    }),
  ];
}
