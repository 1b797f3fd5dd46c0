import { ApiError } from '../core/api-error.ts';
import type { CloudClock } from '../core/clock.ts';
import type { CloudRandom } from '../core/random.ts';
import type { CloudUser } from '../options.ts';

export const domain = Object.freeze({ id: 'default', name: 'Default' });
export const region = 'RegionOne';

export interface Project {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
}

export interface User {
  readonly id: string;
  readonly name: string;
  readonly password: string;
  readonly isAdmin: boolean;
  /** Those in which the user has a role. */
  projectIds: readonly string[];
  readonly description: string;
  readonly defaultProjectId: string | undefined;
}

export interface Role {
  readonly id: string;
  readonly name: string;
}

export interface NewUser {
  readonly name: string;
  readonly password: string;
  readonly description?: string | undefined;
  readonly defaultProjectId?: string | undefined;
}

export interface Token {
  readonly id: string;
  readonly auditId: string;
  readonly user: User;
  /** Absent in a token that was asked for without a scope. */
  readonly project: Project | undefined;
  readonly methods: readonly string[];
  readonly issuedAt: number;
  readonly expiresAt: number;
}

export interface Identity {
  projects(): readonly Project[];
  project(id: string): Project | undefined;
  /** @throws ApiError 409 if the name is taken */
  createProject(name: string, description: string, tags?: readonly string[]): Project;
  /** Its tokens and assignments end with it. */
  removeProject(id: string): boolean;
  /** @throws ApiError 409 if the name is taken */
  createUser(wanted: NewUser): User;
  /** The user's tokens end too. */
  removeUser(id: string): boolean;
  readonly roles: readonly Role[];
  /** Roles of a user in a project. */
  assigned(projectId: string, userId: string): readonly Role[];
  /** May be called twice. */
  assign(project: Project, user: User, role: Role): void;
  unassign(project: Project, user: User, role: Role): boolean;
  users(): readonly User[];
  findUser(match: (user: User) => boolean): User | undefined;
  /** Projects in which the user may work: an admin in all. */
  projectsOf(user: User): readonly Project[];
  issue(user: User, project: Project | undefined, methods: readonly string[], expiresAt?: number): Token;
  /** Undefined for a token that is unknown, revoked or expired. */
  validate(tokenId: string): Token | undefined;
  revoke(tokenId: string): boolean;
  /** All clients have to authenticate again. */
  revokeAll(): void;
}

export interface IdentityOptions {
  readonly clock: CloudClock;
  readonly random: CloudRandom;
  readonly users: readonly CloudUser[];
  readonly tokenTtlMs: number;
}

export function createIdentity({ clock, random, users: wanted, tokenTtlMs }: IdentityOptions): Identity {
  const projects = new Map<string, Project>();
  const tokens = new Map<string, Token>();
  const assignments = new Map<string, Set<Role>>();
  const roles = ['admin', 'member', 'reader'].map((name): Role => ({ id: random.hex(32, 'role', name), name }));
  let issued = 0;
  let made = 0;
  let usersMade = 0;

  function addProject(name: string, description: string, tags: readonly string[] = []): Project {
    made += 1;
    const project = { id: random.hex(32, 'project', name, made), name, description, tags };
    projects.set(project.id, project);
    return project;
  }

  function projectByName(name: string): Project | undefined {
    return [...projects.values()].find((project) => project.name === name);
  }

  function dropExpired(): void {
    for (const token of tokens.values()) if (token.expiresAt <= clock.now()) tokens.delete(token.id);
  }

  const placeOf = (projectId: string, userId: string): string => `${projectId}/${userId}`;

  function revokeWhere(match: (token: Token) => boolean): void {
    for (const token of tokens.values()) if (match(token)) tokens.delete(token.id);
  }

  function refuseTaken(what: string, name: string, isTaken: boolean): void {
    if (!isTaken) return;
    throw new ApiError(409, `Conflict occurred attempting to store ${what} - Duplicate entry found with name ${name}.`);
  }

  function refreshProjects(user: User): void {
    user.projectIds = [...projects.keys()].filter((id) => (assignments.get(placeOf(id, user.id))?.size ?? 0) > 0);
  }

  const users = wanted.map((user): User => {
    const own = user.projects.map((name) => projectByName(name) ?? addProject(name, ''));
    const id = random.hex(32, 'user', user.name);
    const held = roles.filter(({ name }) => user.isAdmin === true || name !== 'admin');
    for (const project of own) assignments.set(placeOf(project.id, id), new Set(held));
    return {
      id,
      name: user.name,
      password: user.password,
      isAdmin: user.isAdmin ?? false,
      projectIds: own.map((project) => project.id),
      description: '',
      defaultProjectId: undefined,
    };
  });

  return {
    projects: () => [...projects.values()],
    project: (id) => projects.get(id),
    createProject(name, description, tags) {
      refuseTaken('project', name, projectByName(name) !== undefined);
      return addProject(name, description, tags);
    },
    removeProject(id) {
      if (!projects.delete(id)) return false;
      revokeWhere((token) => token.project?.id === id);
      for (const user of users) {
        assignments.delete(placeOf(id, user.id));
        refreshProjects(user);
      }
      return true;
    },
    users: () => users,
    createUser({ name, password, description = '', defaultProjectId }) {
      refuseTaken(
        'user',
        name,
        users.some((user) => user.name === name),
      );
      usersMade += 1;
      const id = random.hex(32, 'new user', name, usersMade);
      const user: User = { id, name, password, isAdmin: false, projectIds: [], description, defaultProjectId };
      users.push(user);
      return user;
    },
    removeUser(id) {
      const at = users.findIndex((user) => user.id === id);
      if (at < 0) return false;
      users.splice(at, 1);
      revokeWhere((token) => token.user.id === id);
      for (const projectId of projects.keys()) assignments.delete(placeOf(projectId, id));
      return true;
    },
    roles,
    assigned: (projectId, userId) => [...(assignments.get(placeOf(projectId, userId)) ?? [])],
    assign(project, user, role) {
      const place = placeOf(project.id, user.id);
      const held = assignments.get(place) ?? new Set();
      assignments.set(place, held.add(role));
      refreshProjects(user);
    },
    unassign(project, user, role) {
      const isGone = assignments.get(placeOf(project.id, user.id))?.delete(role) ?? false;
      refreshProjects(user);
      return isGone;
    },
    findUser: (match) => users.find(match),
    projectsOf: (user) => [...projects.values()].filter((project) => user.isAdmin || user.projectIds.includes(project.id)),
    issue(user, project, methods, expiresAt = clock.now() + tokenTtlMs) {
      issued += 1;
      dropExpired();
      const token: Token = {
        id: `gAAAAA${random.hex(64, 'token', issued)}`,
        auditId: random.hex(22, 'audit', issued),
        user,
        project,
        methods,
        issuedAt: clock.now(),
        expiresAt,
      };
      tokens.set(token.id, token);
      return token;
    },
    validate(tokenId) {
      const token = tokens.get(tokenId);
      return token !== undefined && token.expiresAt > clock.now() ? token : undefined;
    },
    revoke: (tokenId) => tokens.delete(tokenId),
    revokeAll: () => tokens.clear(),
  };
}
