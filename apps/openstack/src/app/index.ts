/** The reference actor app: OpenStack. */
import { type App, defineApp } from '@troupe/runtime';
import type { LimitOptions } from '@troupe/throttle';
import type { BackendConfig } from '../backend/index.ts';
import { tasks } from './contracts.ts';
import { openstackExecutors } from './executors.ts';
import { FloatingIp, Instance, kinds, Tenant, Volume } from './kinds.ts';
import { Backup, Snapshot } from './backup-kinds.ts';
import { Port } from './network-part-kinds.ts';
import { Migration, Network, Router, SecurityGroup, Subnet } from './tenant-kinds.ts';
import type { Pace } from './pace.ts';

export interface OpenstackOptions {
  /** How workers reach the cloud; asked for when a worker starts. Default: the usual OS_* variables. */
  readonly backend?: () => BackendConfig;
  /** Who makes and removes tenants; needs the admin role. Default: the same as `backend`. */
  readonly admin?: () => BackendConfig;
  /** Of the user of a tenant; must be the same in every worker. Default: follows from the name and the admin's password. */
  readonly tenantPassword?: (userName: string) => string;
  readonly pace?: Pace;
  /** Whether a tenant that was created is pulled, by an operation of its own. Default true. */
  readonly pullAfterCreate?: boolean;
  /** Default: 4 of each kind per provider. */
  readonly limits?: LimitOptions;
}

/**
 * The app with its executors, tasks and kinds. Handlers, and with them the REST client, are loaded by workers only.
 * @throws TroupeError `invalid_options` for a pace that is no duration
 */
export function openstackApp(options: OpenstackOptions = {}): App {
  return defineApp({
    name: 'openstack',
    executors: openstackExecutors(options.pace, options.pullAfterCreate === undefined ? {} : { pullAfterCreate: options.pullAfterCreate }),
    tasks,
    kinds,
    async handlers() {
      const [{ backendConfigFromEnvironment, createBackend }, { createTenantBackends }, { openstackHandlers }] = await Promise.all([
        import('../backend/index.ts'),
        import('./tenant-backends.ts'),
        import('./handlers.ts'),
      ]);
      const config = options.backend?.() ?? backendConfigFromEnvironment(process.env);
      return openstackHandlers(createBackend(config), createTenantBackends(options.admin?.() ?? config, options.tenantPassword));
    },
    limits: options.limits ?? { default: 4 },
  });
}

/** For producers: references and data of the resources. */
export const openstackKinds = {
  Volume,
  Instance,
  FloatingIp,
  Tenant,
  Network,
  Subnet,
  SecurityGroup,
  Snapshot,
  Backup,
  Router,
  Migration,
  Port,
};
export { Backup, FloatingIp, Instance, Network, SecurityGroup, Snapshot, Subnet, Tenant, Volume };
export { tenantGroups } from './tenant-kinds.ts';
export type { Pace };
