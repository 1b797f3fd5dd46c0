import { ApiError } from '../core/api-error.ts';
import type { CloudControl, ObjectKind } from '../control.ts';
import {
  buildLimitsSchema,
  callFaultSchema,
  latenciesSchema,
  objectKindSchema,
  outageSchema,
  quotasSchema,
  statusSchema,
  transitionFaultSchema,
} from './admin-schemas.ts';
import { parseBody } from './parse.ts';
import type { Answer, Call, OpenRoute, Route } from './route.ts';

/**
 * The control of the cloud over HTTP, for whoever is not in its process. No token: it is for loopback.
 * `served` are the routes of the API, which it lists beside its own.
 */
export function adminRoutes(control: CloudControl, served: readonly Route[]): readonly OpenRoute[] {
  const route = (name: string, method: OpenRoute['method'], path: string, handle: (call: Call) => Answer): OpenRoute => ({
    name: `admin.${name}`,
    method,
    path: `/admin${path}`,
    access: 'open',
    handle,
  });
  const show = (name: string, path: string, value: (call: Call) => unknown): OpenRoute =>
    route(name, 'GET', path, (call) => ({ status: 200, body: value(call) }));
  const done: Answer = { status: 204 };

  const routes: readonly OpenRoute[] = [
    show('summary.show', '', () => control.summary()),
    show('log.show', '/log', (call) => control.log(sequenceOf(call))),
    show('peak.show', '/peak', () => control.summary().peak),
    show('refusals.show', '/refusals', () => control.summary().refusals),
    show('objects.show', '/objects', () => control.summary().objects),
    show('tokens.show', '/tokens', () => ({ tokens: control.tokens(), duplicates: control.summary().duplicates })),
    route('tokens.expire', 'DELETE', '/tokens', () => {
      control.expireTokens();
      return done;
    }),
    show('routes.list', '/routes', () => [...served, ...routes].map(({ name, method, path }) => ({ name, method, path }))),
    show('faults.list', '/faults', () => ({ ...control.faults(), outages: control.outages() })),
    route('faults.calls', 'POST', '/faults/calls', (call) => ({
      status: 201,
      body: { id: control.failCalls(parseBody(callFaultSchema, call.body)) },
    })),
    route('faults.transitions', 'POST', '/faults/transitions', (call) => ({
      status: 201,
      body: { id: control.failTransitions(parseBody(transitionFaultSchema, call.body)) },
    })),
    route('faults.clear', 'DELETE', '/faults', () => {
      control.clearFaults();
      return done;
    }),
    route('faults.remove', 'DELETE', '/faults/:id', (call) => {
      const id = call.params['id'] ?? '';
      if (!control.removeFault(id)) throw new ApiError(404, `There is no fault ${id}.`);
      return done;
    }),
    route('outages.start', 'POST', '/outages', (call) => {
      control.startOutage(parseBody(outageSchema, call.body));
      return done;
    }),
    route('outages.end', 'DELETE', '/outages', (call) => {
      control.endOutage(call.query.get('service') ?? undefined);
      return done;
    }),
    route('objects.vanish', 'DELETE', '/objects/:kind/:id', (call) => {
      control.vanish(kindOf(call), call.params['id'] ?? '');
      return done;
    }),
    route('objects.status', 'PUT', '/objects/:kind/:id/status', (call) => {
      const { status, message } = parseBody(statusSchema, call.body);
      control.setStatus(kindOf(call), call.params['id'] ?? '', status, message);
      return done;
    }),
    route('limits.set', 'PUT', '/limits', (call) => {
      control.setBuildLimits(parseBody(buildLimitsSchema, call.body));
      return { status: 200, body: control.summary().limits };
    }),
    show('latencies.show', '/latencies', () => control.latencies()),
    route('latencies.set', 'PUT', '/latencies', (call) => {
      control.setLatencies(parseBody(latenciesSchema, call.body));
      return { status: 200, body: control.latencies() };
    }),
    route('quotas.set', 'PUT', '/quotas/:project', (call) => ({
      status: 200,
      body: control.setQuotas(call.params['project'] ?? '', parseBody(quotasSchema, call.body)),
    })),
  ];
  return routes;
}

function kindOf(call: Call): ObjectKind {
  const kind = objectKindSchema.safeParse(call.params['kind']);
  if (kind.success) return kind.data;
  throw new ApiError(404, `There is no kind of object ${call.params['kind']}.`);
}

function sequenceOf(call: Call): number {
  const after = call.query.get('after') ?? '0';
  if (/^\d+$/.test(after)) return Number(after);
  throw new ApiError(400, `after must be a sequence number: ${after}`);
}
