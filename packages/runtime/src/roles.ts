/** The roles: each takes a runtime and an app, and is a service. Any number of each may run, in one process or in many. */
import { createService, type Service, systemClock, systemRandom } from '@troupe/actor';
import { executorsByName, judgeCommand, operationBehaviour, wantsAttempt } from '@troupe/executor';
import {
  createDoor,
  createKvResourceStore,
  createTaskSource,
  type DoorEvent,
  type DoorStatus,
  type EntityServiceEvent,
  type HighWaterOptions,
  verifyTopology,
} from '@troupe/jetstream';
import { createDeadLetters, taskDurable } from '@troupe/jetstream/internal';
import { fromWireError, queueClasses } from '@troupe/protocol';
import { wantsScheduled } from '@troupe/schedule';
import { createWorker, type Handler, loneTaskBehaviour, type SlotOptions, type Worker, type WorkerEvent } from '@troupe/task';
import { throttleBehaviour, type ThrottleOptions } from '@troupe/throttle';
import { type App, type AppResourceStore, poolsOf } from './app.ts';
import type { Runtime } from './connect.ts';
import { entityService, type RoleOptions, started } from './role-parts.ts';
import { createThrottleDoor } from './throttle-door.ts';

export interface SupervisorOptions extends RoleOptions<EntityServiceEvent | DoorEvent> {
  /** When the front door takes no more commands. Default: that of the app. */
  readonly highWater?: HighWaterOptions;
}

export interface Supervisor extends Service {
  /** Whether the front door takes commands, and if not, why. */
  door(): DoorStatus;
}

/** Supervises operations and lone tasks, and keeps the front door. Resolves when it serves. */
export async function startSupervisor(runtime: Runtime, app: App, options: SupervisorOptions = {}): Promise<Supervisor> {
  const { nc, publisher, subjects, topology, hostId } = runtime;
  const { streams } = subjects;
  await verifyTopology(nc, topology, {
    streams: [streams.commands, streams.mail, streams.timers, streams.state, streams.tasks, streams.results],
    consumes: (_, durable) => durable === 'door' || durable.startsWith('supervisor_'),
  });
  const serverNow = (): number => runtime.serverNow();
  const store: AppResourceStore = (await app.resourceStore?.()) ?? createKvResourceStore({ nc, publisher, subjects, serverNow });
  const operations = operationBehaviour({
    executors: app.executors,
    tasks: app.tasks,
    planners: app.planners ?? [],
    kinds: app.kinds ?? [],
    ...(app.isOpen === undefined ? {} : { isOpen: app.isOpen }),
  });
  const behaviours = [operations, loneTaskBehaviour()];
  const { highWater = app.highWater, ...role } = options;
  const entities = entityService(runtime, 'supervisor', { behaviours, store, ...role });
  const executors = executorsByName(app.executors);
  const door = createDoor({
    nc,
    publisher,
    subjects,
    ackWaitMs: topology.mailAckWaitMs,
    serverNow,
    hostId,
    ...(highWater === undefined ? {} : { highWater }),
    deadLetters: createDeadLetters({ publisher, subjects, serverNow }),
    async judge(command) {
      const judgement = await judgeCommand(executors, command);
      if (!judgement.ok) throw fromWireError(judgement.error);
      return { to: judgement.to, mail: judgement.mail as never };
    },
    ...(options.onEvent === undefined ? {} : { onEvent: options.onEvent }),
  });
  return Object.assign(await started('supervisor', [storeService(store), entities, door]), { door: () => door.status() });
}

/** `askAfterMs` bounds how long a lost holder keeps a token while somebody waits for it. */
export type ThrottleRoleOptions = RoleOptions<EntityServiceEvent> & Pick<ThrottleOptions, 'askAfterMs' | 'askAtOnce'>;

/** Hands out tokens: owns the throttle entities of its partitions, and opens a door for programs outside. */
export async function startThrottle(runtime: Runtime, app: Pick<App, 'limits'>, options: ThrottleRoleOptions = {}): Promise<Service> {
  const { streams } = runtime.subjects;
  await verifyTopology(runtime.nc, runtime.topology, {
    streams: [streams.mail, streams.timers, streams.state],
    consumes: (_, durable) => durable.startsWith('throttle_'),
  });
  const { askAfterMs, askAtOnce, ...role } = options;
  const behaviours = [
    throttleBehaviour({
      ...(app.limits === undefined ? {} : { limits: app.limits }),
      ...(askAfterMs === undefined ? {} : { askAfterMs }),
      ...(askAtOnce === undefined ? {} : { askAtOnce }),
    }),
  ];
  const entities = entityService(runtime, 'throttle', { behaviours, ...role });
  return started('throttle', [entities, createThrottleDoor({ runtime, records: entities.records })]);
}

export interface WorkerRoleOptions {
  /** Pools to serve. Default: those of the app's tasks. */
  readonly pools?: readonly string[];
  readonly slots?: SlotOptions;
  readonly graceMs?: number;
  /** Starts without an end after which a message is buried. Default 5. */
  readonly crashes?: number;
  readonly onEvent?: (event: WorkerEvent) => void;
}

/** Runs tasks. Handlers are loaded here and nowhere else. Rejects with `topology_mismatch` where a pool has no durables. */
export async function startWorker(runtime: Runtime, app: App, options: WorkerRoleOptions = {}): Promise<Service> {
  const pools = options.pools ?? poolsOf(app);
  const { streams } = runtime.subjects;
  const slots = options.slots ?? app.slots;
  const served = queueClasses.filter((cls) => slots?.[cls]?.ceiling !== 0);
  const durables = new Set(pools.flatMap((pool) => served.map((cls) => taskDurable(cls, pool))));
  await verifyTopology(
    runtime.nc,
    // pools that the app does not know may be served all the same
    { ...runtime.topology, pools },
    { streams: [streams.state, streams.results], consumes: (stream, durable) => stream === streams.tasks && durables.has(durable) },
  );
  const handlers = await app.handlers();
  const workers = pools.map((pool) => workerOf(runtime, app, handlers, pool, options));
  return started('worker', workers);
}

function workerOf(runtime: Runtime, app: App, handlers: readonly Handler[], pool: string, options: WorkerRoleOptions): Worker {
  const { nc, publisher, subjects, topology } = runtime;
  const source = createTaskSource({
    nc,
    publisher,
    subjects,
    pool,
    ackWaitMs: topology.taskAckWaitMs,
    serverNow: () => runtime.serverNow(),
  });
  const slots = options.slots ?? app.slots;
  return createWorker({
    handlers: handlers.filter((handler) => handler.contract.pool === pool),
    source,
    clock: systemClock,
    random: systemRandom,
    name: `${runtime.hostId}/${pool}`,
    wants: ({ root }, message) => wantsScheduled(message.replyTo!.kind, root, message) ?? wantsAttempt(root, message),
    ...(slots === undefined ? {} : { slots }),
    ...(app.isOpen === undefined ? {} : { isOpen: app.isOpen }),
    ...(options.graceMs === undefined ? {} : { graceMs: options.graceMs }),
    ...(options.crashes === undefined ? {} : { crashes: options.crashes }),
    ...(options.onEvent === undefined ? {} : { onEvent: options.onEvent }),
  });
}

/** Stopped last: what ends while the supervisor stops is still written. */
function storeService(store: AppResourceStore): Service {
  return createService('resource store', { start: async () => undefined, stop: async () => store[Symbol.asyncDispose]?.() });
}
