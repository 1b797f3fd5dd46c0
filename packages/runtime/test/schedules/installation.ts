/** Schedulers and workers over one real server, a task whose work is said by the test, and the records of schedules. */
import { createClient } from '@troupe/client';
import type { Outcome } from '@troupe/schedule';
import { entityRecordOf } from '@troupe/actor/internal';
import type { ExecutorDefinition } from '@troupe/executor';
import { createKvResourceStore } from '@troupe/jetstream';
import { createRecordStore, encodeMail } from '@troupe/jetstream/internal';
import { type Duration, encodeJson, type Json } from '@troupe/protocol';
import { type AppSchedule, connectRuntime, defineApp, startScheduler, startSupervisor, startThrottle, startWorker } from '@troupe/runtime';
import { defineTask, handle, type TaskContext } from '@troupe/task';

export const sync = defineTask({ name: 'sync', class: 'background', idempotent: 'yes', retry: { attempts: 3, delays: ['20ms'] } });

const shape = { storage: 'memory', maxLogBytes: 4_194_304, partitions: 2, dedupWindowMs: 1_000 } as const;
type Act = (context: TaskContext, input: Json) => unknown;
type RoleName = 'scheduler' | 'supervisor' | 'throttle' | 'worker';

/** What the tests look at of a record. */
interface Root {
  readonly status: string;
  readonly run?: { readonly id: string; readonly token: string; readonly attempt: number; readonly operation?: string };
  readonly timer?: { readonly id: string; readonly at: number };
  readonly verbs: readonly string[];
  readonly outcomes: readonly Outcome[];
}

interface Options {
  readonly schedules?: readonly AppSchedule[];
  readonly executors?: readonly ExecutorDefinition[];
  readonly answerTimeout?: Duration;
  readonly minimumInterval?: Duration;
}

let count = 0;

export async function startSchedules(options: Options = {}) {
  const connection = { servers: process.env['TEST_NATS_URL']! };
  const ns = `schedules-${process.pid}-${count++}`;
  const runtime = await connectRuntime({ connection, ns, applyTopology: true, ...shape });
  const { nc, publisher, subjects } = runtime;
  const store = createKvResourceStore({ nc, publisher, subjects, serverNow: () => runtime.serverNow() });
  const records = createRecordStore({ nc, publisher, subjects, serverNow: () => runtime.serverNow() });
  const calls: { input: Json; attempt: number; token: string }[] = [];
  const behaviour: { act: Act } = { act: () => null };
  const stops = new Set<{ role: RoleName; run(): Promise<void> }>();
  let mails = 0;

  const appOf = (schedules: readonly AppSchedule[] = []) =>
    defineApp({
      name: 'schedules',
      schedules,
      executors: options.executors ?? [],
      tasks: [sync],
      handlers: () => [
        handle(sync, async (input, context) => {
          calls.push({ input: input as Json, attempt: context.attempt, token: context.idempotencyToken });
          return ((await behaviour.act(context, input as Json)) ?? null) as Json;
        }),
      ],
    });
  let app = appOf(options.schedules);
  const client = createClient(connection, { ns, answerTimeout: options.answerTimeout ?? '20s' });
  await client.start();
  const to = (key: string) => ({ kind: 'schedule', key });

  const s = {
    runtime,
    client,
    schedules: client.schedules,
    /** Whoever starts from now on has these in its code. */
    deploy(schedules: readonly AppSchedule[]): void {
      app = appOf(schedules);
    },
    /** Attempts in the order in which their handlers were called. */
    calls,
    /** What handlers do from now on. */
    does(what: Act): void {
      behaviour.act = what;
    },
    async start(...roles: RoleName[]): Promise<void> {
      for (const role of roles) {
        const own = await connectRuntime({ connection, ns, ...shape });
        const starts = {
          scheduler: () => startScheduler(own, app, { minimumInterval: options.minimumInterval ?? '1s' }),
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
    /** Stops all of a role. */
    async stop(role: RoleName): Promise<void> {
      for (const stop of [...stops].filter((one) => one.role === role)) await stop.run();
    },
    /** As a worker says it. */
    async ended(key: string, { id, attempt, token }: NonNullable<Root['run']>): Promise<void> {
      const outcome = { kind: 'succeeded', output: null };
      const body = { step: id, attempt, token, outcome, worker: 'gone', startedAt: 0, endedAt: 0 };
      await publisher.publish(subjects.mail(to(key), 'task-default'), encodeMail({ id: `ended.${mails++}`, type: 'task.ended', body }));
    },
    async thing(id: string, state = 'OK', backendId = '') {
      const ref = { kind: 'thing', id };
      await store.write({ op: 'create', ref, state, set: { backendId } }, { turn: 0, effect: `made ${id}` });
      return ref;
    },
    async record(key: string) {
      const loaded = await records.load(to(key));
      return loaded === undefined ? undefined : entityRecordOf(loaded);
    },
    root: async (key: string) => (await s.record(key))?.root as unknown as Root | undefined,
    outcomes: async (key: string) => (await s.root(key))?.outcomes ?? [],
    /** Tasks that nobody has acknowledged. */
    async queued(): Promise<number> {
      const info = await nc.request(`$JS.API.STREAM.INFO.${subjects.streams.tasks}`, encodeJson({}));
      return info.json<{ state: { messages: number } }>().state.messages;
    },
    async [Symbol.asyncDispose]() {
      await client.stop();
      for (const stop of stops) await stop.run();
      await runtime.stop();
    },
  };
  return s;
}
