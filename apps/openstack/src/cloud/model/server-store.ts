import { ApiError } from '../core/api-error.ts';
import type { CloudCore } from '../core/core.ts';
import type { TransitionSubject } from '../core/transitions.ts';
import { statusOf } from './server.ts';
import type { Server, TaskState, VmState } from './server.ts';

/** All servers, and the few writes that every action on them is made of. */
export interface ServerStore {
  add(server: Server): void;
  find(id: string): Server | undefined;
  /** @throws ApiError 404 */
  get(id: string): Server;
  /** Newest first. */
  list(): readonly Server[];
  /** Whether the server is still there: what was begun before a delete may come to its end after it. */
  holds(server: Server): boolean;
  moveTo(server: Server, vmState: VmState, taskState: TaskState | null): void;
  /** Puts a server into any status, known or not, and ends its build. */
  endInStatus(server: Server, status: string, message?: string): void;
  drop(server: Server, outcome: string): void;
  subjectOf(server: Server, vanish: () => void): TransitionSubject;
}

const statesByStatus: Readonly<Record<string, VmState>> = { BUILD: 'building', ACTIVE: 'active', SHUTOFF: 'stopped', ERROR: 'error' };

export function createServerStore(core: CloudCore): ServerStore {
  const servers = new Map<string, Server>();

  function moveTo(server: Server, vmState: VmState, taskState: TaskState | null): void {
    server.vmState = vmState;
    server.taskState = taskState;
    server.statusOverride = undefined;
    server.updatedAt = core.clock.now();
  }

  function showStatus(server: Server, status: string): void {
    const state = statesByStatus[status];
    if (state !== undefined) return moveTo(server, state, null);
    server.statusOverride = status;
    server.updatedAt = core.clock.now();
  }

  function endInStatus(server: Server, status: string, message?: string): void {
    core.transitions.cancel(server.id);
    server.taskState = null;
    showStatus(server, status);
    if (status === 'ERROR') {
      server.fault = {
        code: 500,
        message: message ?? 'No valid host was found. There are not enough hosts available.',
        createdAt: core.clock.now(),
      };
    }
    core.builds.end('instance', server.id, statusOf(server));
  }

  return {
    add: (server) => void servers.set(server.id, server),
    find: (id) => servers.get(id),
    get(id) {
      const server = servers.get(id);
      if (server === undefined) throw new ApiError(404, `Instance ${id} could not be found.`);
      return server;
    },
    list: () => [...servers.values()].toReversed(),
    holds: (server) => servers.get(server.id) === server,
    moveTo,
    endInStatus,
    drop(server, outcome) {
      core.transitions.cancel(server.id);
      servers.delete(server.id);
      core.builds.end('instance', server.id, outcome);
    },
    subjectOf: (server, vanish) => ({
      id: server.id,
      name: server.name,
      drawKey: server.drawKey,
      showStatus: (status) => showStatus(server, status),
      endInStatus: (status, message) => endInStatus(server, status, message),
      vanish,
    }),
  };
}

/** Refuses an action in the wrong state, as Nova's `check_instance_state` words it. */
export function demandState(server: Server, action: string, allowed: readonly VmState[], allowedTasks: readonly TaskState[] = []): void {
  const conflict = (attribute: string, state: string): ApiError =>
    new ApiError(409, `Cannot '${action}' instance ${server.id} while it is in ${attribute} ${state}`);
  if (!allowed.includes(server.vmState)) throw conflict('vm_state', server.vmState);
  if (server.taskState !== null && !allowedTasks.includes(server.taskState)) throw conflict('task_state', server.taskState);
}
