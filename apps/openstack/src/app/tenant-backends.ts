import { createHmac } from 'node:crypto';
import { type Backend, type BackendConfig, createBackend } from '../backend/index.ts';

/** What handlers of tenants work with. */
export interface TenantBackends {
  /** Of a user with the admin role. */
  readonly admin: Backend;
  /** The same user in a project of a tenant, where it sees what the tenant sees. */
  inProject(projectId: string): Backend;
  /** Never travels: every worker can tell it. */
  passwordOf(userName: string): string;
}

/** Sessions that are kept; one that is not is logged in again. */
const KEPT = 100;

export function createTenantBackends(config: BackendConfig, passwordOf?: (userName: string) => string): TenantBackends {
  const projects = new Map<string, Backend>();
  return {
    admin: createBackend(config),
    inProject(projectId) {
      const known = projects.get(projectId) ?? createBackend({ ...config, projectId });
      projects.delete(projectId);
      projects.set(projectId, known);
      const [oldest] = projects.keys();
      if (projects.size > KEPT) projects.delete(oldest!);
      return known;
    },
    passwordOf: passwordOf ?? ((userName) => createHmac('sha256', config.password).update(`troupe tenant ${userName}`).digest('base64url')),
  };
}
