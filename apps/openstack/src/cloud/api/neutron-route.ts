import { ApiError } from '../core/api-error.ts';
import { optionalText } from './parse.ts';
import type { Answer, AuthorizedCall, ProjectRoute } from './route.ts';

export function neutronRoute(
  name: string,
  method: ProjectRoute['method'],
  path: string,
  handle: (call: AuthorizedCall) => Answer,
): ProjectRoute {
  return { name: `neutron.${name}`, method, path: `/networking/v2.0${path}`, access: 'project', handle };
}

/** The project's own objects; an admin's are everybody's. */
export function visible<T extends { readonly projectId: string }>(call: AuthorizedCall, items: readonly T[]): readonly T[] {
  return items.filter((item) => call.user.isAdmin || item.projectId === call.project.id);
}

/** For whom an admin makes an object; both names are in use. */
export const ownerFields = { project_id: optionalText, tenant_id: optionalText };

/** The project that a new object is to belong to. Only an admin may name another one than its own. */
export function ownerOf(
  call: AuthorizedCall,
  wanted: { readonly project_id?: string | undefined; readonly tenant_id?: string | undefined },
): string {
  const projectId = wanted.project_id ?? wanted.tenant_id ?? call.project.id;
  if (projectId === call.project.id || call.user.isAdmin) return projectId;
  throw new ApiError(403, 'Specifying a different project is disallowed by policy');
}
