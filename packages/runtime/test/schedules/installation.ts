/** Schedulers (in this process or in their own), workers and supervisors over one real server, and the records of schedules. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once as happens } from 'node:events';
import { entityRecordOf } from '@troupe/actor/internal';
import { createClient } from '@troupe/client';
import type { ExecutorDefinition } from '@troupe/executor';
import { createKvResourceStore } from '@troupe/jetstream';
import { createRecordStore, encodeMail } from '@troupe/jetstream/internal';
import { type Duration, encodeJson } from '@troupe/protocol';
import { type AppSchedule, connectRuntime, startScheduler, startSupervisor, startThrottle, startWorker } from '@troupe/runtime';
import type { Outcome } from '@troupe/schedule';
import type { SlotOptions } from '@troupe/task';
import { bundleOf, until } from '@troupe/test-infra';
import { type Act, type Ledger, scheduleApp } from './app.ts';

export { once, strict, stubborn, sync } from './app.ts';

const shape = { storage: 'memory', maxLogBytes: 4_194_304, partitions: 2 } as const;
type RoleName = 'scheduler' | 'supervisor' | 'throttle' | 'worker';

/** What the tests look at of a record. */
interface Root {
  readonly status: string;
  readonly run?: { readonly id: string; readonly token: string; readonly attempt: number; readonly operation?: string };
  readonly timer?: { readonly id: string; readonly at: number };
  readonly next?: number;
  readonly verbs: readonly string[];
  readonly outcomes: readonly Outcome[];
}

interface Options {
  readonly schedules?: readonly AppSchedule[];
  readonly executors?: readonly ExecutorDefinition[];
  readonly slots?: SlotOptions;
  readonly answerTimeout?: Duration;
  readonly minimumInterval?: Duration;
}

let count = 0;

export async function startSchedules(options: Options = {}) {
  const connection = { servers: process.env['TEST_NATS_URL']! };
  const ns = `schedules-${process.pid}-${count++}`;
  const { minimumInterval = '1s', executors = [], slots } = options;
  const runtime = await connectRuntime({ connection, ns, applyTopology: true, ...shape });
  const { nc, publisher, subjects } = runtime;
  const store = createKvResourceStore({ nc, publisher, subjects, serverNow: () => runtime.serverNow() });
  const records = createRecordStore({ nc, publisher, subjects, serverNow: () => runtime.serverNow() });
  const client = createClient(connection, { ns, answerTimeout: options.answerTimeout ?? '20s' });
  await client.start();
  const ledger: Ledger = { calls: [], mostAlive: 0, act: () => null };
  const stops = new Set<{ role: RoleName; run(): Promise<void> }>();
  const children = new Set<ChildProcess>();
  let mails = 0;

  const appOf = (schedules: readonly AppSchedule[] = []) =>
    scheduleApp(ledger, { schedules, executors, ...(slots === undefined ? {} : { slots }) });
  let app = appOf(options.schedules);
  const to = (key: string) => ({ kind: 'schedule', key });

  const s = {
    runtime,
    client,
    schedules: client.schedules,
    store,
    ledger,
    calls: ledger.calls,
    /** Whoever starts from now on has these in its code. */
    deploy(schedules: readonly AppSchedule[]): void {
      app = appOf(schedules);
    },
    /** What handlers do from now on. */
    does(what: Act): void {
      ledger.act = what;
    },
    async start(...roles: RoleName[]): Promise<void> {
      for (const role of roles) {
        const own = await connectRuntime({ connection, ns, ...shape });
        const starts = {
          scheduler: () => startScheduler(own, app, { minimumInterval }),
          supervisor: () => startSupervisor(own, app),
          throttle: () => startThrottle(own, app),
          worker: () => startWorker(own, app, { graceMs: 50 }),
        };
        const service = await starts[role]();
        const one = {
          role,
          async run() {
            stops.delete(one);
            await service.stop();
            await own.stop();
          },
        };
        stops.add(one);
      }
    },
    /** Stops all of a role, or the one that has run longest. */
    async stop(role: RoleName, which: 'all' | 'oldest' = 'all'): Promise<void> {
      const found = [...stops].filter((one) => one.role === role);
      for (const one of which === 'all' ? found : found.slice(0, 1)) await one.run();
    },
    /** A scheduler as a process, which may kill itself at a named point; resolves when it serves, or is dead already. */
    async spawn(fault: { readonly point?: string; readonly nth?: number } = {}): Promise<ChildProcess> {
      const spec = JSON.stringify({ url: connection.servers, ns, shape, minimumInterval, ...fault });
      const child = spawn(process.execPath, [bundleOf(new URL('role.ts', import.meta.url)), spec], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      children.add(child);
      child.once('exit', () => children.delete(child));
      await Promise.race([happens(child.stdout, 'data'), happens(child, 'exit')]);
      return child;
    },
    async kill(child: ChildProcess): Promise<void> {
      const gone = child.exitCode === null && child.signalCode === null ? happens(child, 'exit') : undefined;
      child.kill('SIGKILL');
      await gone;
    },
    /** Resolves when so much time has passed on the clock of the server. */
    async passes(ms: number): Promise<void> {
      const end = runtime.serverNow() + ms;
      await until(`${ms} ms have passed`, () => runtime.serverNow() >= end, ms + 10_000);
    },
    async thing(id: string, state = 'OK', backendId = '') {
      const ref = { kind: 'thing', id };
      await store.write({ op: 'create', ref, state, set: { backendId } }, { turn: 0, effect: `made ${id}` });
      return ref;
    },
    /** As a worker says it. */
    async ended(key: string, { id, attempt, token }: NonNullable<Root['run']>): Promise<void> {
      const outcome = { kind: 'succeeded', output: null };
      const body = { step: id, attempt, token, outcome, worker: 'gone', startedAt: 0, endedAt: 0 };
      await publisher.publish(subjects.mail(to(key), 'task-default'), encodeMail({ id: `ended.${mails++}`, type: 'task.ended', body }));
    },
    async root(key: string): Promise<Root | undefined> {
      const loaded = await records.load(to(key));
      return loaded === undefined ? undefined : (entityRecordOf(loaded)?.root as unknown as Root | undefined);
    },
    /** What lives of a fan-out, and whether all of its run has been started. */
    async fanout(key: string): Promise<{ readonly live: readonly unknown[]; readonly all: boolean } | undefined> {
      const loaded = await records.load({ kind: 'fanout', key });
      const root = loaded === undefined ? undefined : entityRecordOf(loaded)?.root;
      if (root === undefined) return undefined;
      const { live, current } = root as unknown as { live: unknown[]; current?: { toldStarted?: true } };
      return { live, all: current === undefined || current.toldStarted === true };
    },
    outcomes: async (key: string) => (await s.root(key))?.outcomes ?? [],
    /** Tasks that nobody has acknowledged. */
    async queued(): Promise<number> {
      const info = await nc.request(`$JS.API.STREAM.INFO.${subjects.streams.tasks}`, encodeJson({}));
      return info.json<{ state: { messages: number } }>().state.messages;
    },
    async [Symbol.asyncDispose]() {
      ledger.act = () => null;
      for (const child of children) await s.kill(child);
      await client.stop();
      for (const one of stops) await one.run();
      await runtime.stop();
    },
  };
  return s;
}

export type Schedules = Awaited<ReturnType<typeof startSchedules>>;
