import { z } from 'zod';
import { ApiError } from '../core/api-error.ts';
import { domain } from '../model/identity.ts';
import type { Token, User } from '../model/identity.ts';
import type { World } from '../model/world.ts';
import { authenticate } from './keystone-auth.ts';
import { catalogueView, domainView, projectView, tokenView, userView } from './keystone-views.ts';
import { optionalText, parseBody } from './parse.ts';
import type { Answer, AuthorizedCall, Call, Route } from './route.ts';

const projectSchema = z.object({ project: z.object({ name: z.string().min(1), description: optionalText }) });

/** Keystone v3: tokens, the catalogue, and as much of projects, users and domains as clients look up by name. */
export function keystoneRoutes({ core, identity }: World): readonly Route[] {
  const { random } = core;

  function withToken(call: Call, token: Token, status: number): Answer {
    return { status, headers: { 'X-Subject-Token': token.id, Vary: 'X-Auth-Token' }, body: tokenView(call, random, token) };
  }

  function tokenOf(call: Call, header: string): Token {
    const token = identity.validate(call.header(header) ?? '');
    if (token !== undefined) return token;
    throw header === 'X-Auth-Token'
      ? new ApiError(401, 'The request you have made requires authentication.')
      : new ApiError(404, 'Failed to validate token');
  }

  /** Of a caller who may have no project yet. */
  const callerOf = (call: Call): User => tokenOf(call, 'X-Auth-Token').user;

  function projectsAnswer(call: Call, user: User): Answer {
    const name = call.query.get('name');
    const projects = identity.projectsOf(user).filter((project) => name === null || project.name === name);
    const links = { self: `${call.baseUrl}${call.path}`, previous: null, next: null };
    return { status: 200, body: { links, projects: projects.map((project) => projectView(call, project)) } };
  }

  function demandAdmin(call: AuthorizedCall): void {
    if (!call.user.isAdmin) throw new ApiError(403, `You are not authorized to perform the requested action.`);
  }

  return [
    {
      name: 'keystone.tokens.create',
      method: 'POST',
      path: '/v3/auth/tokens',
      access: 'open',
      handle: (call) => withToken(call, authenticate(identity, call.body), 201),
    },
    {
      name: 'keystone.tokens.show',
      method: 'GET',
      path: '/v3/auth/tokens',
      access: 'open',
      handle(call) {
        callerOf(call);
        return withToken(call, tokenOf(call, 'X-Subject-Token'), 200);
      },
    },
    {
      name: 'keystone.tokens.delete',
      method: 'DELETE',
      path: '/v3/auth/tokens',
      access: 'open',
      handle(call) {
        callerOf(call);
        identity.revoke(tokenOf(call, 'X-Subject-Token').id);
        return { status: 204 };
      },
    },
    {
      name: 'keystone.catalog.show',
      method: 'GET',
      path: '/v3/auth/catalog',
      access: 'project',
      handle: (call) => ({
        status: 200,
        body: { catalog: catalogueView(call, random, call.project), links: { self: `${call.baseUrl}/v3/auth/catalog` } },
      }),
    },
    {
      name: 'keystone.auth.projects',
      method: 'GET',
      path: '/v3/auth/projects',
      access: 'open',
      handle: (call) => projectsAnswer(call, callerOf(call)),
    },
    {
      name: 'keystone.projects.list',
      method: 'GET',
      path: '/v3/projects',
      access: 'project',
      handle: (call) => projectsAnswer(call, call.user),
    },
    {
      name: 'keystone.projects.create',
      method: 'POST',
      path: '/v3/projects',
      access: 'project',
      handle(call) {
        demandAdmin(call);
        const { name, description } = parseBody(projectSchema, call.body).project;
        return { status: 201, body: { project: projectView(call, identity.createProject(name, description ?? '')) } };
      },
    },
    {
      name: 'keystone.projects.show',
      method: 'GET',
      path: '/v3/projects/:id',
      access: 'project',
      handle(call) {
        const project = identity.projectsOf(call.user).find(({ id }) => id === call.params['id']);
        if (project === undefined) throw new ApiError(404, `Could not find project: ${call.params['id']}.`);
        return { status: 200, body: { project: projectView(call, project) } };
      },
    },
    {
      name: 'keystone.projects.delete',
      method: 'DELETE',
      path: '/v3/projects/:id',
      access: 'project',
      handle(call) {
        demandAdmin(call);
        const id = call.params['id'] ?? '';
        if (!identity.removeProject(id)) throw new ApiError(404, `Could not find project: ${id}.`);
        return { status: 204 };
      },
    },
    {
      name: 'keystone.users.list',
      method: 'GET',
      path: '/v3/users',
      access: 'project',
      handle(call) {
        demandAdmin(call);
        const name = call.query.get('name');
        const users = identity.users().filter((user) => name === null || user.name === name);
        return { status: 200, body: { links: {}, users: users.map((user) => userView(call, user)) } };
      },
    },
    {
      name: 'keystone.users.show',
      method: 'GET',
      path: '/v3/users/:id',
      access: 'project',
      handle(call) {
        const user = identity.findUser(({ id }) => id === call.params['id']);
        if (user === undefined) throw new ApiError(404, `Could not find user: ${call.params['id']}.`);
        return { status: 200, body: { user: userView(call, user) } };
      },
    },
    {
      name: 'keystone.domains.list',
      method: 'GET',
      path: '/v3/domains',
      access: 'project',
      handle: (call) => ({ status: 200, body: { links: {}, domains: [domainView(call)] } }),
    },
    {
      name: 'keystone.domains.show',
      method: 'GET',
      path: '/v3/domains/:id',
      access: 'project',
      handle(call) {
        if (call.params['id'] !== domain.id) throw new ApiError(404, `Could not find domain: ${call.params['id']}.`);
        return { status: 200, body: { domain: domainView(call) } };
      },
    },
  ];
}
