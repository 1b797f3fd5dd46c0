/** F9: start, stop, restart. */
import { chain, createExecutor, type ExecutorDefinition, poll, step } from '@troupe/executor';
import * as tasks from '../contracts.ts';
import { Instance } from '../kinds.ts';
import type { FullPace } from '../pace.ts';
import { untilBroken } from './other.ts';

const changes = {
  start: { task: tasks.startServer, until: 'ACTIVE' },
  stop: { task: tasks.stopServer, until: 'SHUTOFF' },
  // a reboot begins in the state in which it ends; the cloud says REBOOT from its answer on, so no look comes too early
  restart: { task: tasks.rebootServer, until: 'ACTIVE' },
} as const;

/** "Already so" is a success, told by the machine's state and never by text. */
export function changePower(what: keyof typeof changes, { every }: FullPace): ExecutorDefinition {
  const { task, until } = changes[what];
  return createExecutor({
    name: `openstack.instance.${what}`,
    family: 'action',
    resource: Instance,
    action: what,
    guard: { check: ({ resource }) => (resource.backendId === '' ? 'the instance was never created on the backend' : undefined) },
    plan: ({ resource: { backendId } }) =>
      chain(
        step(what, task, { backendId }, { transition: 'beginUpdating' }),
        poll('settled', tasks.pullServer, {
          input: { backendId },
          until: { runtimeState: [until] },
          ...untilBroken,
          every,
          for: '100m',
        }),
      ),
  });
}
