import { z } from 'zod';
import { ApiError } from '../core/api-error.ts';
import type { Project, Role, User } from '../model/identity.ts';
import type { World } from '../model/world.ts';
import { roleView, userView } from './keystone-views.ts';
import { optionalText, parseBody } from './parse.ts';
import type { Answer, AuthorizedCall, Route } from './route.ts';

const userSchema = z.object({
  user: z.object({
    name: z.string().min(1).max(255),
    password: z.string().min(1),
    description: optionalText,
    default_project_id: optionalText,
  }),
});

/** Whoever is no admin may not do this. */
export function demandAdmin(call: AuthorizedCall): void {
  if (!call.user.isAdmin) throw new ApiError(403, `You are not authorized to perform the requested action.`);
}

/** Users, roles, and who has which role in which project. */
export function keystoneUserRoutes({ identity }: World): readonly Route[] {
  function admin(name: string, method: Route['method'], path: string, handle: (call: AuthorizedCall) => Answer): Route {
    const run = (call: AuthorizedCall): Answer => {
      demandAdmin(call);
      return handle(call);
    };
    return { name: `keystone.${name}`, method, path: `/v3${path}`, access: 'project', handle: run };
  }

  const absent = (what: string, id: string): ApiError => new ApiError(404, `Could not find ${what}: ${id}.`);

  function userOf(id = ''): User {
    const user = identity.findUser((one) => one.id === id);
    if (user === undefined) throw absent('user', id);
    return user;
  }

  function projectOf(id = ''): Project {
    const project = identity.project(id);
    if (project === undefined) throw absent('project', id);
    return project;
  }

  function roleOf(id = ''): Role {
    const role = identity.roles.find((one) => one.id === id);
    if (role === undefined) throw absent('role', id);
    return role;
  }

  const assignment = '/projects/:project/users/:user/roles';
  return [
    admin('users.list', 'GET', '/users', (call) => {
      const name = call.query.get('name');
      const users = identity.users().filter((user) => name === null || user.name === name);
      return { status: 200, body: { links: {}, users: users.map((user) => userView(call, user)) } };
    }),
    admin('users.create', 'POST', '/users', (call) => {
      const { name, password, description, default_project_id: defaultProjectId } = parseBody(userSchema, call.body).user;
      const user = identity.createUser({ name, password, description, defaultProjectId });
      return { status: 201, body: { user: userView(call, user) } };
    }),
    {
      name: 'keystone.users.show',
      method: 'GET',
      path: '/v3/users/:id',
      access: 'project',
      handle: (call) => ({ status: 200, body: { user: userView(call, userOf(call.params['id'])) } }),
    },
    admin('users.delete', 'DELETE', '/users/:id', (call) => {
      identity.removeUser(userOf(call.params['id']).id);
      return { status: 204 };
    }),
    admin('roles.list', 'GET', '/roles', (call) => {
      const name = call.query.get('name');
      const roles = identity.roles.filter((role) => name === null || role.name === name);
      return { status: 200, body: { links: {}, roles: roles.map((role) => roleView(call, role)) } };
    }),
    admin('roles.show', 'GET', '/roles/:role', (call) => ({ status: 200, body: { role: roleView(call, roleOf(call.params['role'])) } })),
    admin('assignments.list', 'GET', assignment, (call) => {
      const held = identity.assigned(projectOf(call.params['project']).id, userOf(call.params['user']).id);
      return { status: 200, body: { links: {}, roles: held.map((role) => roleView(call, role)) } };
    }),
    admin('assignments.create', 'PUT', `${assignment}/:role`, (call) => {
      identity.assign(projectOf(call.params['project']), userOf(call.params['user']), roleOf(call.params['role']));
      return { status: 204 };
    }),
    admin('assignments.delete', 'DELETE', `${assignment}/:role`, (call) => {
      const { project, user, role } = call.params;
      if (!identity.unassign(projectOf(project), userOf(user), roleOf(role))) throw absent('role assignment', role ?? '');
      return { status: 204 };
    }),
  ];
}
