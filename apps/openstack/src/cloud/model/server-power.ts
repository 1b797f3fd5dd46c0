import type { CloudCore } from '../core/core.ts';
import type { LatencyName } from '../core/latency.ts';
import type { TransitionName } from '../core/transition-faults.ts';
import { demandState } from './server-store.ts';
import type { ServerStore } from './server-store.ts';
import type { Server, TaskState, VmState } from './server.ts';

export interface ServerPower {
  /** @throws ApiError 409 unless the server is stopped and idle */
  start(server: Server): void;
  /** @throws ApiError 409 unless the server is active (or broken) and idle */
  stop(server: Server): void;
  reboot(server: Server, type: 'SOFT' | 'HARD'): void;
}

export function createServerPower(core: CloudCore, store: ServerStore, vanish: (server: Server) => void): ServerPower {
  interface Step {
    readonly name: TransitionName;
    readonly latency: LatencyName;
    readonly task: TaskState;
    readonly end: VmState;
  }

  function run(server: Server, { name, latency, task, end }: Step): void {
    store.moveTo(server, server.vmState, task);
    core.transitions.begin({
      name,
      latency,
      subject: store.subjectOf(server, () => vanish(server)),
      done: () => store.moveTo(server, end, null),
    });
  }

  return {
    start(server) {
      demandState(server, 'start', ['stopped']);
      run(server, { name: 'server.start', latency: 'serverStart', task: 'powering-on', end: 'active' });
    },
    stop(server) {
      demandState(server, 'stop', ['active', 'error']);
      run(server, { name: 'server.stop', latency: 'serverStop', task: 'powering-off', end: 'stopped' });
    },
    reboot(server, type) {
      const reboots: readonly TaskState[] = ['rebooting', 'rebooting_hard'];
      if (type === 'SOFT') {
        demandState(server, 'reboot', ['active'], ['rebooting']);
        run(server, { name: 'server.reboot', latency: 'serverReboot', task: 'rebooting', end: 'active' });
        return;
      }
      demandState(server, 'reboot', ['active', 'stopped', 'error'], reboots);
      run(server, { name: 'server.reboot', latency: 'serverHardReboot', task: 'rebooting_hard', end: 'active' });
    },
  };
}
