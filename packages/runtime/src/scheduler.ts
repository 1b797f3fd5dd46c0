/** The scheduler role: schedules run where it does. Any number of schedulers may run, in one process or in many. */
import { createService, type Service } from '@troupe/actor';
import { type EntityServiceEvent, verifyTopology } from '@troupe/jetstream';
import { schedulerBehaviours, type SchedulerOptions } from '@troupe/schedule';
import type { App } from './app.ts';
import type { Runtime } from './connect.ts';
import { entityService, type RoleOptions, started } from './role-parts.ts';
import { knownOf, schedulesByKey, tellSchedules } from './schedules.ts';

/** `minimumInterval`, `minimumRetainInterval`: definitions that come more often are refused; defaults `'1m'`, and `'1h'` with `retain`. */
export type SchedulerRoleOptions = RoleOptions<EntityServiceEvent> & Omit<SchedulerOptions, 'known'>;

/**
 * Runs schedules: owns the entities of its partitions. Resolves when it serves and the schedules of the app are on their way to
 * them. One that is refused (`minimumInterval`, or the key is another app's) is an event `schedule.<key>.refused`. With `tasks` and
 * `executors` of the app it judges by them what people define; without, it takes any name and any input.
 */
export async function startScheduler(
  runtime: Runtime,
  app: Pick<App, 'name' | 'schedules'> & Partial<Pick<App, 'tasks' | 'executors'>>,
  options: SchedulerRoleOptions = {},
): Promise<Service> {
  const { streams } = runtime.subjects;
  await verifyTopology(runtime.nc, runtime.topology, {
    streams: [streams.mail, streams.timers, streams.state, streams.tasks],
    consumes: (_, durable) => durable.startsWith('scheduler_'),
  });
  const { minimumInterval, minimumRetainInterval, ...role } = options;
  const { tasks, executors } = app;
  const behaviours = schedulerBehaviours({
    ...(tasks === undefined || executors === undefined ? {} : { known: knownOf({ tasks, executors }) }),
    ...(minimumInterval === undefined ? {} : { minimumInterval }),
    ...(minimumRetainInterval === undefined ? {} : { minimumRetainInterval }),
  });
  const schedules = schedulesByKey(app.schedules ?? []);
  const definitions = createService('definitions of schedules', {
    start: () => tellSchedules(runtime, app.name, schedules),
    stop: async () => undefined,
  });
  return started('scheduler', [entityService(runtime, 'scheduler', { behaviours, ...role }), definitions]);
}
