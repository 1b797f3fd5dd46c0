/**
 * The roles, wired to JetStream.
 *
 *     const runtime = await connectRuntime({ connection: { servers: 'localhost:4222' }, applyTopology: true });
 *     const roles = [
 *       await startThrottle(runtime, app), await startSupervisor(runtime, app), await startScheduler(runtime, app), await startWorker(runtime, app),
 *     ];
 */
export { type App, type AppResourceStore, defineApp, poolsOf } from './app.ts';
export { connectRuntime, type Runtime, type RuntimeOptions } from './connect.ts';
export { isForOperators } from './for-operators.ts';
export type { RoleOptions } from './role-parts.ts';
export { type SchedulerRoleOptions, startScheduler } from './scheduler.ts';
export type { AppSchedule } from './schedules.ts';
export { loadApp, type Role, serve } from './serve.ts';
export {
  startSupervisor,
  startThrottle,
  startWorker,
  type Supervisor,
  type SupervisorOptions,
  type ThrottleRoleOptions,
  type WorkerRoleOptions,
} from './roles.ts';
