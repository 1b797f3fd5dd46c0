/** The reference actor app: OpenStack. */
import { type App, defineApp } from '@troupe/runtime';
import type { LimitOptions } from '@troupe/throttle';
import type { BackendConfig } from '../backend/index.ts';
import { tasks } from './contracts.ts';
import { openstackExecutors } from './executors.ts';
import { FloatingIp, Instance, kinds, Tenant, Volume } from './kinds.ts';
import type { Pace } from './pace.ts';

export interface OpenstackOptions {
  /** How workers reach the cloud; asked for when a worker starts. Default: the usual OS_* variables. */
  readonly backend?: () => BackendConfig;
  readonly pace?: Pace;
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
    executors: openstackExecutors(options.pace),
    tasks,
    kinds,
    async handlers() {
      const [{ backendConfigFromEnvironment, createBackend }, { openstackHandlers }] = await Promise.all([
        import('../backend/index.ts'),
        import('./handlers.ts'),
      ]);
      return openstackHandlers(createBackend(options.backend?.() ?? backendConfigFromEnvironment(process.env)));
    },
    limits: options.limits ?? { default: 4 },
  });
}

/** For producers: references and data of the resources. */
export const openstackKinds = { Volume, Instance, FloatingIp, Tenant };
export { Instance, Volume };
export type { Pace };
