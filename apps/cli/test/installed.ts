/** The notes app, served by real roles in a namespace of its own on the server of the run. */
import { connectRuntime, type Runtime, startSupervisor, startThrottle, startWorker } from '@troupe/runtime';
import { app } from './apps/notes.ts';
import { natsUrl } from './terminal.ts';

let count = 0;

export interface Installed extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>;
  readonly runtime: Runtime;
}

export async function install(): Promise<Installed> {
  const ns = `n${process.pid.toString(36)}-${(count++).toString(36)}`;
  const runtime = await connectRuntime({ connection: { servers: natsUrl() }, ns, applyTopology: true, pools: ['notes'], partitions: 2 });
  const roles = [await startThrottle(runtime, app), await startSupervisor(runtime, app), await startWorker(runtime, app)];
  return {
    env: { TROUPE_SERVERS: natsUrl(), TROUPE_NS: ns },
    runtime,
    async [Symbol.asyncDispose]() {
      for (const role of roles.toReversed()) await role.stop();
      await runtime.stop();
    },
  };
}
