import { ApiError } from '../core/api-error.ts';
import type { Server } from '../model/server.ts';
import type { World } from '../model/world.ts';
import { novaVersions } from './microversion.ts';
import type { Answer, AuthorizedCall, ProjectRoute } from './route.ts';

export const novaPageMaximum = 1000;

export function novaRoute(
  name: string,
  method: ProjectRoute['method'],
  path: string,
  handle: (call: AuthorizedCall) => Answer,
): ProjectRoute {
  return { name: `nova.${name}`, method, path: `/compute/v2.1${path}`, access: 'project', versions: novaVersions, handle };
}

/** The server of the path. One of another project is not there. */
export function serverOf(call: AuthorizedCall, world: World): Server {
  const server = world.servers.get(call.params['id'] ?? '');
  if (server.projectId === call.project.id || call.user.isAdmin) return server;
  throw new ApiError(404, `Instance ${server.id} could not be found.`);
}
