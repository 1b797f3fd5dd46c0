import { z } from 'zod';
import { ApiError } from '../core/api-error.ts';
import { domain } from '../model/identity.ts';
import type { Identity, Token, User } from '../model/identity.ts';
import type { World } from '../model/world.ts';
import { authenticate } from './keystone-auth.ts';
import { demandAdmin, keystoneUserRoutes } from './keystone-users.ts';
import { catalogueView, domainView, projectView, tokenView } from './keystone-views.ts';
import { optionalText, parseBody } from './parse.ts';
import type { Answer, Call, Route } from './route.ts';

const tag = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[^/,]+$/);
const projectSchema = z.object({
  project: z.object({ name: z.string().min(1).max(64), description: optionalText, tags: z.array(tag).optional() }),
});

/** Keystone v3: tokens, the catalogue, projects, users, roles and what of domains clients look up by name. */
export function keystoneRoutes(world: World): readonly Route[] {
  return [...tokenRoutes(world), ...projectRoutes(world), ...keystoneUserRoutes(world)];
}

function tokenRoutes({ core, identity }: World): readonly Route[] {
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
      handle: (call) => projectsAnswer(identity, call, callerOf(call)),
    },
  ];
}

function projectsAnswer(identity: Identity, call: Call, user: User): Answer {
  const name = call.query.get('name');
  // all of them, as the API has it
  const tags = call.query.get('tags')?.split(',') ?? [];
  const projects = identity
    .projectsOf(user)
    .filter((project) => (name === null || project.name === name) && tags.every((tag) => project.tags.includes(tag)));
  const links = { self: `${call.baseUrl}${call.path}`, previous: null, next: null };
  return { status: 200, body: { links, projects: projects.map((project) => projectView(call, project)) } };
}

function projectRoutes({ core, identity }: World): readonly Route[] {
  return [
    {
      name: 'keystone.projects.list',
      method: 'GET',
      path: '/v3/projects',
      access: 'project',
      handle: (call) => projectsAnswer(identity, call, call.user),
    },
    {
      name: 'keystone.projects.create',
      method: 'POST',
      path: '/v3/projects',
      access: 'project',
      handle(call) {
        demandAdmin(call);
        const { name, description, tags } = parseBody(projectSchema, call.body).project;
        const project = identity.createProject(name, description ?? '', tags);
        core.tokens.record(
          'project',
          project.id,
          tags?.find((one) => one.startsWith('troupe-')),
        );
        return { status: 201, body: { project: projectView(call, project) } };
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
