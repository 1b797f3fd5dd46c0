/** The reference actor app: OpenStack. */
import { type App, defineApp } from '@troupe/runtime';
import type { LimitOptions } from '@troupe/throttle';
import { type BackendConfig, createBackend } from '../backend/index.ts';
import { tasks } from './contracts.ts';
import { openstackExecutors, type Pace } from './executors.ts';
import { openstackHandlers } from './handlers.ts';
import { Instance, Volume } from './kinds.ts';

export interface OpenstackOptions {
  /** How workers reach the cloud; asked for when a worker starts, so that supervisors need no credentials. */
  readonly backend: () => BackendConfig;
  readonly pace?: Pace;
  /** Default: 4 of each kind per provider. */
  readonly limits?: LimitOptions;
}

export function openstackApp(options: OpenstackOptions): App {
  return defineApp({
    name: 'openstack',
    executors: openstackExecutors(options.pace),
    tasks,
    kinds: [Volume, Instance],
    handlers: () => openstackHandlers(createBackend(options.backend())),
    limits: options.limits ?? { default: 4 },
  });
}

export { Instance, Volume };
export type { Pace };
