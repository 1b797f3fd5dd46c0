/** The roles of an installation as processes of a cluster in memory. */
import { operationBehaviour, wantsAttempt } from '@troupe/executor';
import { isTroupeError } from '@troupe/protocol';
import { wantsScheduled } from '@troupe/schedule';
import { createWorker, type Handler, loneTaskBehaviour } from '@troupe/task';
import { throttleBehaviour } from '@troupe/throttle';
import { entityRole, type RoleOptions } from './cluster.ts';
import type { RehearsalOptions } from './rehearsal.ts';

/** Kills are the subject of a rehearsal: they must not bury what survives them. */
const CRASHES = 1_000;

export function supervisorRole(options: RehearsalOptions): RoleOptions {
  const { executors, kinds, defaults, onHostEvent } = options;
  const handled = handlersOf(options, undefined).map((handler) => handler.contract);
  const tasks = [...new Map([...handled, ...(options.tasks ?? [])].map((contract) => [contract.name, contract])).values()];
  return entityRole({
    name: 'supervisor',
    replicas: options.supervisors ?? 2,
    behaviours: () => [
      operationBehaviour({ executors, tasks, ...(kinds === undefined ? {} : { kinds }), ...(defaults === undefined ? {} : { defaults }) }),
      loneTaskBehaviour(),
    ],
    host: { supervision: { crashes: CRASHES } },
    ...(onHostEvent === undefined ? {} : { onEvent: onHostEvent }),
  });
}

export function throttleRole(options: RehearsalOptions): RoleOptions {
  const { limits, onHostEvent } = options;
  return entityRole({
    name: 'throttle',
    replicas: options.throttles ?? 1,
    behaviours: () => [throttleBehaviour(limits === undefined ? {} : { limits })],
    host: { supervision: { crashes: CRASHES } },
    ...(onHostEvent === undefined ? {} : { onEvent: onHostEvent }),
  });
}

/** One worker per pool in every process. */
export function workerRole(options: RehearsalOptions): RoleOptions[] {
  const pools = [...new Set(handlersOf(options, undefined).map((handler) => handler.contract.pool))];
  if (pools.length === 0) return [];
  const { slots } = options;
  const role: RoleOptions = {
    name: 'worker',
    replicas: options.workers ?? 2,
    async start(ports, { random }) {
      const { process } = ports;
      const handlers = handlersOf(options, process);
      const started = pools.map((pool) =>
        createWorker({
          handlers: handlers.filter((handler) => handler.contract.pool === pool),
          source: ports.taskSource(pool),
          clock: process.clock,
          random,
          name: `${process.name}/${pool}`,
          wants: ({ root }, message) => wantsScheduled(message.replyTo!.kind, root, message) ?? wantsAttempt(root, message),
          crashes: CRASHES,
          ...(slots === undefined ? {} : { slots }),
        }).start(),
      );
      try {
        await Promise.all(started);
      } catch (error) {
        // as in production: what cannot start for the moment exits, and whoever runs it starts it again
        if (!isTroupeError(error) || !error.retryable) throw error;
        process.kill();
      }
    },
  };
  return [role];
}

/** Without a process: only to see which contracts there are. */
function handlersOf(
  { handlers }: RehearsalOptions,
  process: { readonly name: string; readonly clock: Parameters<typeof createWorker>[0]['clock'] } | undefined,
): readonly Handler[] {
  if (typeof handlers !== 'function') return handlers;
  return handlers({ clock: process?.clock ?? stillClock, process: process?.name ?? '' });
}

const stillClock = {
  now: () => 0,
  monotonic: () => 0,
  setTimer(): never {
    throw new Error('handlers are made, not run, to see their contracts');
  },
};
