/**
 * What the cloud says of a row that rests. A pull takes it from nobody, and only its first look may say that it is gone or broken:
 * a list of ports that fails says nothing of the machine (F10).
 */
import { chain, createPull, type ExecutorDefinition, step } from '@troupe/executor';
import type { QueueClass } from '@troupe/protocol';
import * as tasks from '../contracts.ts';
import { Instance, Volume } from '../kinds.ts';
import * as pullTasks from '../pull-contracts.ts';

/**
 * What the cloud refuses or fails to do with one object is said of that object. No answer, too many calls, wrong credentials and
 * answers of a proxy are not: they would make every row of an installation ERRED at once.
 */
export const saidOfTheObject = ['bad_request', 'forbidden', 'conflict', 'refused', 'server_error'];

/** F10. In the background by default, as the clock wants it; `as` gives it another name and class. */
export function pullInstance(as: { readonly name?: string; readonly class?: QueueClass } = {}): ExecutorDefinition {
  return createPull({
    name: 'openstack.instance.pull',
    ...as,
    resource: Instance,
    broken: saidOfTheObject,
    look: ({ resource: { backendId } }) => step('look', tasks.pullServer, { backendId }),
    and: ({ resource: { backendId } }) =>
      chain(
        step('groups', tasks.pullGroups, { backendId }),
        step('ports', pullTasks.pullServerPorts, { backendId }),
        step('addresses', pullTasks.pullServerAddresses, { backendId }),
        step('server group', tasks.pullServerGroup, { backendId }),
      ),
  });
}

export function pullVolume(): ExecutorDefinition {
  return createPull({
    name: 'openstack.volume.pull',
    resource: Volume,
    broken: saidOfTheObject,
    look: ({ resource: { backendId } }) => step('look', tasks.pullVolume, { backendId }),
  });
}
