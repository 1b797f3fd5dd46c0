/** An installation whose roles stop and start again, also with other definitions, over one real server. */
import { createClient } from '@troupe/client';
import { createExecutor, type ExecutorDefinition, type Planner, type PlanNode } from '@troupe/executor';
import { createKvResourceStore } from '@troupe/jetstream';
import type { Json } from '@troupe/protocol';
import { defineKind } from '@troupe/resource';
import { type App, connectRuntime, defineApp, startSupervisor, startThrottle, startWorker } from '@troupe/runtime';
import { defineTask, handle, type TaskContext, type TaskContract } from '@troupe/task';
import type { LimitOptions } from '@troupe/throttle';
import { until } from '@troupe/test-infra';

export const Thing = defineKind({ kind: 'thing' });
/** One task for all steps: what it does is said by the test, by the id of the step. */
export const act = defineTask({ name: 'act', idempotent: 'yes', retry: { attempts: 3, delays: ['20ms'] } });
/** The same, bounded to a quarter of a second. */
export const quick = defineTask({ name: 'quick', idempotent: 'yes', timeLimit: '250ms', retry: { attempts: 1 } });

type Act = (step: string, context: TaskContext) => unknown;
export type RoleName = 'supervisor' | 'throttle' | 'worker';

export interface Definitions {
  readonly executors: readonly ExecutorDefinition[];
  readonly planners?: readonly Planner[];
  readonly tasks?: readonly TaskContract[];
  /** Default: one of each kind. */
  readonly limits?: LimitOptions;
}

let count = 0;
const shape = { storage: 'memory', maxLogBytes: 4_194_304, partitions: 2, dedupWindowMs: 1_000 } as const;

/** An executor over a thing. */
export function onThing(name: string, plan: PlanNode | (() => PlanNode), more: object = {}): ExecutorDefinition {
  return createExecutor({ name, family: 'update', resource: Thing, plan: () => (typeof plan === 'function' ? plan() : plan), ...more });
}

/** An executor that owns nothing. */
export function free(name: string, plan: PlanNode | (() => PlanNode), more: object = {}): ExecutorDefinition {
  return createExecutor({ name, family: 'free', plan: () => (typeof plan === 'function' ? plan() : plan), ...more });
}

export async function startOperations(definitions: Definitions) {
  const connection = { servers: process.env['TEST_NATS_URL']! };
  const ns = `ops-${process.pid}-${count++}`;
  const runtime = await connectRuntime({ connection, ns, applyTopology: true, ...shape });
  const client = createClient(connection, { ns, checkEvery: '300ms' });
  await client.start();
  const { nc, publisher, subjects } = runtime;
  const store = createKvResourceStore({ nc, publisher, subjects, serverNow: () => runtime.serverNow() });
  const calls: string[] = [];
  const behaviour: { act: Act } = { act: () => null };
  const services = new Map<RoleName, { stop(): Promise<void> }>();
  const workerEvents: { type: string; task?: string }[] = [];

  const appOf = ({ executors, planners = [], tasks = [act, quick], limits = { default: 1 } }: Definitions): App =>
    defineApp({
      name: 'operations',
      executors,
      planners,
      tasks,
      limits,
      handlers: () =>
        tasks.map((task) =>
          handle(task, async (_input, context) => {
            calls.push(context.step ?? task.name);
            return (await behaviour.act(context.step ?? task.name, context)) as Json;
          }),
        ),
    });
  let app = appOf(definitions);

  const s = {
    ns,
    client,
    runtime,
    store,
    /** Steps in the order in which their handlers were called. */
    calls,
    workerEvents,
    /** What handlers do from now on. */
    does(what: Act): void {
      behaviour.act = what;
    },
    /** Whoever starts from now on has these definitions. */
    deploy(next: Definitions): void {
      app = appOf(next);
    },
    async start(...roles: RoleName[]): Promise<void> {
      for (const role of roles) {
        const own = await connectRuntime({ connection, ns, ...shape });
        const starts = {
          supervisor: () => startSupervisor(own, app),
          throttle: () => startThrottle(own, app, { askAfterMs: 200 }),
          worker: () => startWorker(own, app, { graceMs: 50, onEvent: (event) => void workerEvents.push(event as never) }),
        };
        const service = await starts[role]();
        services.set(role, {
          async stop() {
            await service.stop();
            await own.stop();
          },
        });
      }
    },
    async startAll(): Promise<void> {
      await s.start('throttle', 'supervisor', 'worker');
    },
    async stop(...roles: RoleName[]): Promise<void> {
      for (const role of roles) {
        await services.get(role)?.stop();
        services.delete(role);
      }
    },
    async thing(id: string, state = 'OK') {
      const ref = { kind: 'thing', id };
      await store.write({ op: 'create', ref, state, set: {} }, { turn: 0, effect: `made ${id}` });
      return ref;
    },
    /** Waits until the operation says so. */
    seen: (id: string, what: string, is: (view: NonNullable<Awaited<ReturnType<typeof client.operation>>>) => boolean) =>
      until(
        what,
        async () => {
          const view = await client.operation(id);
          return view !== undefined && is(view) ? view : undefined;
        },
        10_000,
      ),
    called: (step: string, times = 1) => until(`${step} runs`, () => calls.filter((one) => one === step).length >= times, 10_000),
    end: (id: string) => client.follow(id).ended(),
    /** Leases held and waited for, anywhere. */
    async tokens(root = 'cloud'): Promise<number> {
      return ((await client.throttle(root)) ?? []).reduce((sum, one) => sum + one.used + one.waiting, 0);
    },
    async [Symbol.asyncDispose]() {
      behaviour.act = () => null;
      await client.stop();
      for (const service of services.values()) await service.stop();
      await runtime.stop();
    },
  };
  return s;
}

/** Settles when the attempt is told to stop, or never. */
export function hang({ signal }: TaskContext): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
}
