/** Three roles, in this process or in processes of their own, a backend that counts, a client, and the account of the scope `cloud`. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { entityRecordOf } from '@troupe/actor/internal';
import { createClient } from '@troupe/client';
import { createKvResourceStore } from '@troupe/jetstream';
import { createRecordStore } from '@troupe/jetstream/internal';
import { type App, connectRuntime, startSupervisor, startThrottle, startWorker } from '@troupe/runtime';
import { startSource, until } from '@troupe/test-infra';
import type { Lease, Waiter } from '@troupe/throttle';
import { keepAccount } from './account.ts';
import { guaranteeApp } from './app.ts';
import { type BackendOptions, startBackend } from './backend.ts';
import { shape } from './shape.ts';

export type RoleName = 'supervisor' | 'throttle' | 'worker';

export interface InstallationOptions extends BackendOptions {
  readonly app?: Partial<App>;
  readonly limits?: Readonly<Record<string, number>>;
  readonly askAfterMs?: number;
}

let count = 0;

export async function startInstallation(options: InstallationOptions = {}) {
  const url = process.env['TEST_NATS_URL']!;
  const ns = `limits-${process.pid}-${count++}`;
  const connection = { servers: url };
  const backend = await startBackend(options);
  const runtime = await connectRuntime({ connection, ns, applyTopology: true, ...shape });
  const client = createClient(connection, { ns, checkEvery: '500ms', answerTimeout: '20s' });
  await client.start();
  const { nc, publisher, subjects } = runtime;
  const serverNow = (): number => runtime.serverNow();
  const store = createKvResourceStore({ nc, publisher, subjects, serverNow });
  const records = createRecordStore({ nc, publisher, subjects, serverNow });
  const feed = await client.watch({ topics: [['throttle', 'cloud']], maxWaiting: 100_000 });
  const { account, reading } = keepAccount(feed, (kind) => options.limits?.[kind] ?? 4);
  const app = guaranteeApp(backend.url, options.app);
  const stops = new Set<() => Promise<unknown>>();
  const children = new Set<ChildProcess>();

  const installation = {
    ns,
    backend,
    client,
    runtime,
    store,
    account,
    /** Serves a role in this process, with a connection of its own, until it is stopped. */
    async serve(role: RoleName): Promise<() => Promise<void>> {
      const own = await connectRuntime({ connection, ns, ...shape });
      const ask = options.askAfterMs === undefined ? {} : { askAfterMs: options.askAfterMs };
      const start = {
        supervisor: () => startSupervisor(own, app),
        throttle: () => startThrottle(own, app, ask),
        // a handler that waits for its build is handed back at once
        worker: () => startWorker(own, app, { graceMs: 50 }),
      };
      const service = await start[role]();
      const stop = async (): Promise<void> => {
        if (!stops.delete(stop)) return;
        await service.stop();
        await own.stop();
      };
      stops.add(stop);
      return stop;
    },
    async serveAll(): Promise<void> {
      await Promise.all((['supervisor', 'throttle', 'worker'] as const).map((role) => installation.serve(role)));
    },
    /** Starts a role as a process, which may kill itself at a named point; resolves when it serves. */
    async spawn(role: RoleName, fault: { readonly point?: string; readonly nth?: number } = {}): Promise<ChildProcess> {
      const spec = JSON.stringify({ role, url, ns, backend: backend.url, ...fault });
      return await startSource(new URL('role.ts', import.meta.url), [spec], { children });
    },
    async end(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
      const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
      child.kill(signal);
      await gone;
    },
    async build(name: string, input: Readonly<Record<string, string>> = {}, executor: 'build' | 'build.whole' = 'build') {
      return client.execute({ executor, id: name, input: { name, ...input } });
    },
    async machine(name: string) {
      const ref = { kind: 'machine', id: name };
      await store.write({ op: 'create', ref, state: 'CREATION_SCHEDULED', set: {} }, { turn: 0, effect: `made ${name}` });
      return client.execute({ executor: 'machine.create', id: name, resource: ref });
    },
    /** Removes what lies under a subject, as nobody but an administrator can. */
    async wipe(stream: string, subject: string): Promise<void> {
      await nc.request(`$JS.API.STREAM.PURGE.${stream}`, JSON.stringify({ filter: subject }));
    },
    /** Messages that a stream holds. */
    async stored(stream: string): Promise<number> {
      return (await nc.request(`$JS.API.STREAM.INFO.${stream}`)).json<{ state: { messages: number } }>().state.messages;
    },
    async outcome(id: string) {
      return (await client.follow(id).ended()).outcome;
    },
    /** What the record of a scope root says. */
    async scope(root = 'cloud'): Promise<{ leases: Lease[]; waiters: Waiter[] }> {
      const loaded = await records.load({ kind: 'throttle', key: root });
      const items = [...((loaded === undefined ? undefined : entityRecordOf(loaded))?.items ?? [])];
      const under = <T>(prefix: string): T[] => items.flatMap(([name, body]) => (name.startsWith(prefix) ? [body as unknown as T] : []));
      return { leases: under('l:'), waiters: under('w:') };
    },
    /** Waits until scope and account have granted to exactly these operations, and exactly these wait, in this order. */
    async settles(granted: readonly string[], waiting: readonly string[] = [], withinMs = 8_000): Promise<void> {
      let last = '';
      const wanted = JSON.stringify([[...granted].sort(), waiting]);
      await until(
        'the scope settles',
        async () => {
          const { leases, waiters } = await installation.scope();
          const order = waiters.sort((a, b) => a.seq - b.seq).map((waiter) => waiter.holder.key);
          last = JSON.stringify([leases.map((lease) => lease.holder.key).sort(), order]);
          const live = account.live().map((lease) => lease.split(':')[0]!);
          return last === wanted && JSON.stringify(live.sort()) === JSON.stringify([...granted].sort());
        },
        withinMs,
      ).catch(() => {
        throw new Error(`the scope holds and waits for ${last}, its account for ${account.live().join()}, not ${wanted}`);
      });
    },
    async [Symbol.asyncDispose]() {
      feed.stop();
      await reading;
      await client.stop();
      for (const stop of [...stops].reverse()) await stop();
      for (const child of children) await installation.end(child, 'SIGKILL');
      await runtime.stop();
      backend.stop();
    },
  };
  return installation;
}

export type Installation = Awaited<ReturnType<typeof startInstallation>>;
