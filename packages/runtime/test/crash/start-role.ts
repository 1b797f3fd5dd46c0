/** How every process and every part of the test joins one installation. */
import type { Service } from '@troupe/actor';
import type { Backend } from './app.ts';
import { type App, type Runtime, type RuntimeOptions, startSupervisor, startThrottle, startWorker } from '@troupe/runtime';

export const roleNames = ['supervisor', 'throttle', 'worker'] as const;
export type RoleName = (typeof roleNames)[number];

export interface Fault {
  readonly point: string;
  /** The n-th time that the process comes there. */
  readonly nth: number;
  readonly signal: 'SIGKILL' | 'SIGSTOP';
}

/** What a process is told to be. */
export interface Spec extends Fault {
  readonly role: RoleName;
  readonly url: string;
  readonly ns: string;
  readonly backend: Backend;
}

/** Length of the de-duplication window: no invariant rests on it, so it is far shorter here than any wait. */
export const DEDUP_WINDOW_MS = 1_000;

export function connectionOf(url: string, ns: string): RuntimeOptions {
  return {
    connection: { servers: url },
    ns,
    partitions: 2,
    dedupWindowMs: DEDUP_WINDOW_MS,
    mailAckWaitMs: 1_000,
    taskAckWaitMs: 1_500,
    maxLogBytes: 1_048_576,
  };
}

export function startRole(role: RoleName, runtime: Runtime, app: App): Promise<Service> {
  return { supervisor: startSupervisor, throttle: startThrottle, worker: startWorker }[role](runtime, app);
}
