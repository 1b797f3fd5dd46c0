import { z } from 'zod';
import { isBackendError } from './errors.ts';
import { remove, unlessMissing } from './removal.ts';
import type { Removal } from './removal.ts';
import type { CallOptions, Session } from './session.ts';
import { findOrCreate, tokenTag } from './tokens.ts';
import type { Made } from './tokens.ts';

export interface Project {
  readonly id: string;
  readonly name: string;
}

export interface NewProject {
  /** Same for every attempt, different for every project. */
  readonly token: string;
  /** If another project has it, a suffix follows from the token: the same for every attempt. */
  readonly name: string;
}

export interface NewUser {
  /** Unique in the domain. */
  readonly name: string;
  readonly password: string;
  /** Default project of the user, by which a repeated call knows its own. */
  readonly projectId: string;
}

export interface User {
  readonly id: string;
  readonly name: string;
}

/** Keystone: for admins. */
export interface ProjectCalls {
  /** Finds the project of this token or creates it. May be called again after any failure. */
  createProject(wanted: NewProject, options?: CallOptions): Promise<Made<Project>>;
  /** Undefined if there is no such project. */
  findProject(id: string, options?: CallOptions): Promise<Project | undefined>;
  /** Success also if it is gone. What the other services have for it stays there. */
  deleteProject(id: string, options?: CallOptions): Promise<Removal>;
  /** Finds the user of this name and project or creates it. @throws BackendError `conflict` if the name is another's */
  createUser(wanted: NewUser, options?: CallOptions): Promise<Made<User>>;
  /** Undefined if the project has no such user. */
  findUser(wanted: Pick<NewUser, 'name' | 'projectId'>, options?: CallOptions): Promise<User | undefined>;
  /** Success also if it is gone. */
  deleteUser(id: string, options?: CallOptions): Promise<Removal>;
  /** The user of the session. */
  ownUserId(options?: CallOptions): Promise<string>;
  /** May be repeated. @throws BackendError `not_found` if there is no such role, user or project */
  assignRole(assignment: { projectId: string; userId: string; role: string }, options?: CallOptions): Promise<void>;
}

/** Keystone's limit. */
const nameLimit = 64;

const named = z.object({ id: z.string(), name: z.string() });
const userSchema = named.extend({ default_project_id: z.string().nullish() });

export function createProjectCalls(session: Session): ProjectCalls {
  const call = <S extends z.ZodType>(method: 'GET' | 'POST' | 'PUT', path: string, answer: S, more: object): Promise<z.output<S>> =>
    session.call({ service: 'identity', method, path, ...more }, answer);
  const drop = (path: string, options: CallOptions): Promise<Removal> =>
    remove(
      () => session.send({ service: 'identity', method: 'DELETE', path, ...options }),
      () => Promise.resolve(undefined),
    );
  const pathOf = (collection: string, id: string): string => `/${collection}/${encodeURIComponent(id)}`;

  async function make(name: string, token: string, options: CallOptions): Promise<Project> {
    const body = { project: { name, tags: [tokenTag(token)], description: '' } };
    return (await call('POST', '/projects', z.object({ project: named }), { body, ...options })).project;
  }

  async function findUser({ name, projectId }: Pick<NewUser, 'name' | 'projectId'>, options: CallOptions = {}): Promise<User | undefined> {
    const { users } = await call('GET', '/users', z.object({ users: z.array(userSchema) }), { query: { name }, ...options });
    return users.find((user) => user.name === name && user.default_project_id === projectId);
  }

  return {
    createProject: ({ token, name }, options = {}) =>
      findOrCreate(
        async () => {
          const query = { tags: tokenTag(token) };
          const answer = z.object({ projects: z.array(named.extend({ tags: z.array(z.string()).default([]) })) });
          const { projects } = await call('GET', '/projects', answer, { query, ...options });
          // a cloud that does not know the filter lists all
          return projects.find(({ tags }) => tags.includes(tokenTag(token)));
        },
        async () => {
          try {
            return await make(name.slice(0, nameLimit), token, options);
          } catch (error) {
            if (!isBackendError(error, 'conflict')) throw error;
            const suffix = `-${tokenTag(token).slice(-6)}`;
            return make(name.slice(0, nameLimit - suffix.length) + suffix, token, options);
          }
        },
      ),
    async findProject(id, options = {}) {
      const found = await unlessMissing(call('GET', pathOf('projects', id), z.object({ project: named }), options));
      return found?.project;
    },
    deleteProject: (id, options = {}) => drop(pathOf('projects', id), options),
    createUser: (wanted, options = {}) =>
      findOrCreate(
        () => findUser(wanted, options),
        async () => {
          const body = { user: { name: wanted.name, password: wanted.password, default_project_id: wanted.projectId } };
          return (await call('POST', '/users', z.object({ user: named }), { body, ...options })).user;
        },
      ),
    findUser,
    deleteUser: (id, options = {}) => drop(pathOf('users', id), options),
    ownUserId: (options = {}) => session.userId(options),
    async assignRole({ projectId, userId, role }, options = {}) {
      const { roles } = await call('GET', '/roles', z.object({ roles: z.array(named) }), { query: { name: role }, ...options });
      // an id that does not exist gives the right error
      const roleId = roles.find(({ name }) => name === role)?.id ?? role;
      const path = `${pathOf('projects', projectId)}${pathOf('users', userId)}${pathOf('roles', roleId)}`;
      await session.send({ service: 'identity', method: 'PUT', path, ...options });
    },
  };
}
