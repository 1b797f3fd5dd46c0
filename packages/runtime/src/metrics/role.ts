/** The figures of a role and their endpoint; loaded by `serve` where metrics are asked for, and nowhere else. */
import { systemClock } from '@troupe/actor';
import type { WorkerEvent } from '@troupe/task';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Runtime } from '../connect.ts';
import type { Told } from '../role-parts.ts';
import { createMetricsEndpoint, type MetricsAddress, type MetricsEndpoint } from './endpoint.ts';
import { Readings } from './readings.ts';
import { schedulerMetrics } from './scheduler.ts';
import { supervisorMetrics } from './supervisor.ts';
import { throttleMetrics } from './throttle.ts';
import { workerMetrics } from './worker.ts';

export interface RoleMetrics {
  /** To be handed to the role. */
  readonly told?: Told;
  readonly worker?: (event: WorkerEvent) => void;
  readonly endpoint: MetricsEndpoint;
}

export function createRoleMetrics(
  role: 'supervisor' | 'throttle' | 'scheduler' | 'worker',
  runtime: Runtime,
  address: MetricsAddress,
): RoleMetrics {
  const registry = new Registry();
  // the type of a registry names its content type, of which nobody who adds figures needs to know
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never);
  collectDefaultMetrics({ register: registry });
  const endpoint = createMetricsEndpoint(registry, address);
  const readings = new Readings(registry, () => systemClock.monotonic());
  switch (role) {
    case 'supervisor':
      return { endpoint, ...supervisorMetrics(registry, readings, runtime) };
    case 'scheduler':
      return { endpoint, ...schedulerMetrics(registry, readings, runtime) };
    case 'throttle':
      throttleMetrics(readings, runtime);
      return { endpoint };
    case 'worker':
      return { endpoint, worker: workerMetrics(registry) };
  }
}
