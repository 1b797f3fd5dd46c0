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
