import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import type { Context } from 'hono';
import { ApiError } from '../core/api-error.ts';
import type { CallEffect } from '../core/call-faults.ts';
import type { CancelTimer } from '../core/clock.ts';
import type { World } from '../model/world.ts';
import { errorAnswer, unauthorizedAnswer } from './error-answers.ts';
import { negotiate, versionHeaders } from './microversion.ts';
import { serviceOf } from './route.ts';
import type { Answer, Call, Route } from './route.ts';

type CloudContext = Context<{ Bindings: HttpBindings }>;

export interface Dispatcher {
  readonly app: Hono<{ Bindings: HttpBindings }>;
  /** Forgets calls that wait for their latency. */
  stop(): void;
}

/**
 * Serves the routes. Around every handler, in this order: the programmed fault is looked up (so that "the third call" is the third to
 * arrive), the latency passes, the token is checked, the handler runs, the call is logged. The calls of the admin API are not logged
 * and not delayed, and no fault can hit them: who watches must not change what is watched.
 */
export function createDispatcher(world: World, routes: readonly Route[]): Dispatcher {
  const { core } = world;
  const app = new Hono<{ Bindings: HttpBindings }>({ strict: false });
  const waits = new Set<CancelTimer>();
  const arrivals = new Map<string, number>();

  function wait(ms: number): Promise<void> {
    if (ms <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = core.clock.after(ms, () => {
        waits.delete(cancel);
        resolve();
      });
      waits.add(cancel);
    });
  }

  function callLatency(route: string): number {
    const arrival = (arrivals.get(route) ?? 0) + 1;
    arrivals.set(route, arrival);
    return core.latency.draw('call', route, arrival);
  }

  async function serve(context: CloudContext, route: Route): Promise<Response> {
    if (serviceOf(route) === 'admin') return respond(context, handle(world, route, await callOf(context)));
    const startedAt = core.clock.now();
    const taken = core.callFaults.take(serviceOf(route), route.name);
    const effect = taken?.effect;
    const answer = await runCall(context, route, effect);
    core.calls.add({
      at: startedAt,
      durationMs: core.clock.now() - startedAt,
      route: route.name,
      method: context.req.method,
      path: pathWithQuery(context),
      status: answer === 'dropped' ? answer : answer.status,
      ...(taken === undefined ? {} : { fault: taken.id }),
    });
    if (answer !== 'dropped') return respond(context, answer);
    context.env.incoming.socket.destroy();
    return RESPONSE_ALREADY_SENT;
  }

  async function runCall(context: CloudContext, route: Route, effect: CallEffect | undefined): Promise<Answer | 'dropped'> {
    const call = await callOf(context);
    await wait(callLatency(route.name) + (effect?.kind === 'slow' ? effect.ms : 0));
    if (effect?.kind === 'drop' && effect.when === 'before') return 'dropped';
    if (effect?.kind === 'status' && effect.when !== 'after') return programmedError(route, effect);
    const answer = handle(world, route, call);
    if (effect?.kind === 'drop') return 'dropped';
    return effect?.kind === 'status' ? programmedError(route, effect) : answer;
  }

  for (const route of routes) app.on(route.method, route.path, (context) => serve(context, route));
  app.notFound((context) => {
    const answer = errorAnswer('keystone', new ApiError(404, 'The resource could not be found.'));
    const at = core.clock.now();
    core.calls.add({ at, durationMs: 0, route: 'unknown', method: context.req.method, path: pathWithQuery(context), status: 404 });
    return respond(context, answer);
  });

  // A defect of the cloud itself: said aloud, so that nobody takes it for a programmed fault.
  app.onError((error, context) =>
    respond(context, errorAnswer('keystone', new ApiError(500, `The simulated cloud is broken: ${error.message}`))),
  );

  return {
    app,
    stop() {
      for (const cancel of waits) cancel();
      waits.clear();
    },
  };
}

function handle(world: World, route: Route, call: Call | ApiError): Answer {
  const service = serviceOf(route);
  if (call instanceof ApiError) return errorAnswer(service, call);
  let headers: Record<string, string> = {};
  try {
    let versioned = call;
    if (route.versions !== undefined) {
      const minor = negotiate(route.versions, call.header);
      headers = versionHeaders(route.versions, minor);
      versioned = { ...call, minor };
    }
    const answer = route.access === 'open' ? route.handle(versioned) : handleForProject(world, route.handle, versioned);
    return { ...answer, headers: { ...headers, ...answer.headers } };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const answer = errorAnswer(service, error);
    return { ...answer, headers: { ...headers, ...answer.headers } };
  }
}

function handleForProject(world: World, run: Extract<Route, { access: 'project' }>['handle'], call: Call): Answer {
  const token = world.identity.validate(call.header('X-Auth-Token') ?? '');
  if (token?.project === undefined) return unauthorizedAnswer(call.baseUrl);
  const { user, project } = token;
  return run({ ...call, token, user, project, owner: { projectId: project.id, userId: user.id } });
}

async function callOf(context: CloudContext): Promise<Call | ApiError> {
  const text = await context.req.text();
  let body: unknown;
  try {
    body = text === '' ? undefined : JSON.parse(text);
  } catch {
    return new ApiError(400, 'The server could not comply with the request since it is either malformed or otherwise incorrect.');
  }
  const url = new URL(context.req.url);
  return {
    params: context.req.param() as Readonly<Record<string, string>>,
    query: url.searchParams,
    body,
    header: (name) => context.req.header(name),
    baseUrl: url.origin,
    path: url.pathname,
    minor: 0,
  };
}

function programmedError(route: Route, { status, message, retryAfterSeconds }: Extract<CallEffect, { kind: 'status' }>): Answer {
  return errorAnswer(
    serviceOf(route),
    new ApiError(status, message ?? 'The server has either erred or is incapable of performing the requested operation.', {
      retryAfterSeconds,
    }),
  );
}

function pathWithQuery(context: CloudContext): string {
  const url = new URL(context.req.url);
  return url.pathname + url.search;
}

function respond(context: CloudContext, { status, body, headers }: Answer): Response {
  const requestId = `req-${crypto.randomUUID()}`;
  const isJson = typeof body !== 'string';
  return new Response(body === undefined || context.req.method === 'HEAD' ? null : isJson ? JSON.stringify(body) : body, {
    status,
    headers: {
      ...(body === undefined || !isJson ? {} : { 'Content-Type': 'application/json' }),
      'x-openstack-request-id': requestId,
      ...headers,
    },
  });
}
