import type { Project, Token, User } from '../model/identity.ts';
import type { Owner } from '../model/volume.ts';
import type { MicroversionRange } from './microversion.ts';

export type ServiceName = 'keystone' | 'cinder' | 'nova' | 'glance' | 'neutron' | 'admin';

/** One call as a handler sees it. */
export interface Call {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Parsed JSON; undefined when there was none. */
  readonly body: unknown;
  header(name: string): string | undefined;
  /** Scheme, host and port as the client sees them. */
  readonly baseUrl: string;
  /** The path that was called, without query. */
  readonly path: string;
  /** Minor number of the microversion; 0 where the service has none. */
  readonly minor: number;
}

/** A call with a valid token for a project. */
export interface AuthorizedCall extends Call {
  readonly token: Token;
  readonly user: User;
  readonly project: Project;
  readonly owner: Owner;
}

export interface Answer {
  readonly status: number;
  /** Sent as JSON; a string as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

interface RouteBase {
  /** `<service>.<collection>.<verb>`: what faults and the log call it. Never changes meaning. */
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Hono's pattern. */
  readonly path: string;
  readonly versions?: MicroversionRange | undefined;
}

/** Answers anybody. */
export interface OpenRoute extends RouteBase {
  readonly access: 'open';
  handle(call: Call): Answer;
}

/** Answers only to a valid token with a project. */
export interface ProjectRoute extends RouteBase {
  readonly access: 'project';
  handle(call: AuthorizedCall): Answer;
}

export type Route = OpenRoute | ProjectRoute;

export function serviceOf(route: Pick<Route, 'name'>): ServiceName {
  return route.name.slice(0, route.name.indexOf('.')) as ServiceName;
}
