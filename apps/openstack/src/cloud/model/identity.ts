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
}

export interface User {
  readonly id: string;
  readonly name: string;
  readonly password: string;
  readonly isAdmin: boolean;
  readonly projectIds: readonly string[];
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
  createProject(name: string, description: string): Project;
  removeProject(id: string): boolean;
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
  let issued = 0;
  let made = 0;

  function addProject(name: string, description: string): Project {
    made += 1;
    const project = { id: random.hex(32, 'project', name, made), name, description };
    projects.set(project.id, project);
    return project;
  }

  function projectByName(name: string): Project | undefined {
    return [...projects.values()].find((project) => project.name === name);
  }

  function dropExpired(): void {
    for (const token of tokens.values()) if (token.expiresAt <= clock.now()) tokens.delete(token.id);
  }

  const users = wanted.map((user): User => {
    const own = user.projects.map((name) => projectByName(name) ?? addProject(name, ''));
    return {
      id: random.hex(32, 'user', user.name),
      name: user.name,
      password: user.password,
      isAdmin: user.isAdmin ?? false,
      projectIds: own.map((project) => project.id),
    };
  });

  return {
    projects: () => [...projects.values()],
    project: (id) => projects.get(id),
    createProject(name, description) {
      if (projectByName(name) !== undefined) {
        throw new ApiError(409, `Conflict occurred attempting to store project - Duplicate entry found with name ${name}.`);
      }
      return addProject(name, description);
    },
    removeProject: (id) => projects.delete(id),
    users: () => users,
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
