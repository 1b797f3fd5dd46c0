import { ApiError } from '../core/api-error.ts';
import { cinderVersions } from './microversion.ts';
import type { Answer, AuthorizedCall, ProjectRoute } from './route.ts';

export const cinderPageMaximum = 1000;

/** The project stands in the address; only an admin may name another one than its own. */
export function cinderRoute(
  name: string,
  method: ProjectRoute['method'],
  path: string,
  handle: (call: AuthorizedCall) => Answer,
): ProjectRoute {
  return {
    name: `cinder.${name}`,
    method,
    path: `/volume/v3/:project${path}`,
    access: 'project',
    versions: cinderVersions,
    handle(call) {
      if (call.params['project'] !== call.project.id && !call.user.isAdmin) throw new ApiError(400, 'Malformed request url');
      return handle(call);
    },
  };
}
