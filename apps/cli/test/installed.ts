/** The notes app, served by real roles in a namespace of its own. */
import { type ConnectOptions, createKvResourceStore } from '@troupe/jetstream';
import { connectRuntime, type Runtime, startSupervisor, startThrottle, startWorker } from '@troupe/runtime';
import { app } from './apps/notes.ts';
import { natsUrl } from './terminal.ts';

let count = 0;

export interface Installed extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>;
  readonly ns: string;
  readonly runtime: Runtime;
  /** A book in that state. */
  putBook(id: string, state: string): Promise<void>;
}

export async function install(connection: ConnectOptions = { servers: natsUrl() }): Promise<Installed> {
  const ns = `n${process.pid.toString(36)}-${(count++).toString(36)}`;
  const runtime = await connectRuntime({ connection, ns, applyTopology: true, pools: ['notes'], partitions: 2, maxLogBytes: 16_777_216 });
  const roles = [await startThrottle(runtime, app), await startSupervisor(runtime, app), await startWorker(runtime, app)];
  const { nc, publisher, subjects } = runtime;
  const store = createKvResourceStore({ nc, publisher, subjects, serverNow: () => runtime.serverNow() });
  return {
    env: { TROUPE_SERVERS: String(connection.servers), TROUPE_NS: ns },
    ns,
    runtime,
    async putBook(id, state) {
      await store.write({ op: 'create', ref: { kind: 'book', id }, state, set: {} }, { turn: 0, effect: `book ${id}` });
    },
    async [Symbol.asyncDispose]() {
      for (const role of roles.toReversed()) await role.stop();
      await runtime.stop();
    },
  };
}
