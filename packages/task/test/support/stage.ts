/**
 * Workers on queues in memory, under virtual time. A stage knows one pool, `p`; who waits is an operation whose record
 * says `{ waits: true }`, and its mail is kept to be looked at.
 */
import type { TaskDelivery, TaskSource } from '@troupe/actor/internal';
import type { Address, Context, QueueClass, TaskEnded, TaskMessage, TaskOutcome } from '@troupe/protocol';
import {
  createWorker,
  defineTask,
  type Handler,
  type TaskContract,
  type TaskOptions,
  type Worker,
  type WorkerEvent,
  type WorkerOptions,
} from '@troupe/task';
import { createMemoryBroker, type MemoryBroker, type MemoryBrokerOptions, type MemoryProcess, type VirtualClock } from '@troupe/testing';

export interface StageOptions extends Partial<Pick<WorkerOptions, 'slots' | 'wants' | 'graceMs' | 'crashes'>> {
  readonly handlers: readonly Handler[];
  readonly broker?: MemoryBrokerOptions;
  /** What a worker is given in place of each delivery. */
  readonly tamper?: (delivery: TaskDelivery) => TaskDelivery;
}

export interface StageWorker {
  readonly worker: Worker;
  readonly process: MemoryProcess;
  readonly source: TaskSource;
  readonly events: WorkerEvent[];
  /** Types of its events, oldest first. */
  types(): WorkerEvent['type'][];
  of<T extends WorkerEvent['type']>(type: T): Extract<WorkerEvent, { type: T }>[];
  /** Stops it, letting time pass. */
  stop(): Promise<void>;
}

export interface Stage extends AsyncDisposable {
  readonly broker: MemoryBroker;
  readonly clock: VirtualClock;
  /** Starts a worker; another one for each call. It may have died by then, if the broker has faults. */
  worker(name: string, overrides?: Partial<StageOptions>): Promise<StageWorker>;
  /** Sends a task to which an operation waits, or a lone one with `replyTo: undefined`. Returns its id. */
  send(task: string, more?: Partial<TaskMessage>, cls?: QueueClass, context?: Context): string;
  /** Outcomes that came by mail, oldest first. */
  readonly ended: readonly { readonly to: Address; readonly body: TaskEnded }[];
  readonly progress: readonly unknown[];
  /** The only outcome so far; fails when there is another number of them. */
  outcome(): TaskOutcome;
  /** Lets time pass until so many outcomes have come. */
  untilEnded(count?: number): Promise<void>;
  /** Lets time pass until the promise has settled. */
  passing<T>(promise: Promise<T>): Promise<T | undefined>;
  /** What the record of the operation says; `undefined` ends it. */
  commit(root: { readonly [field: string]: boolean | string } | undefined, key?: string): Promise<void>;
}

export const OPERATION: Address = { kind: 'operation', key: 'o' };

/** A contract of the pool that stages know. */
export function task(options: Partial<TaskOptions> = {}): TaskContract {
  return defineTask({ name: 'work', pool: 'p', idempotent: 'yes', ...options } as TaskOptions);
}

export async function createStage(options: StageOptions): Promise<Stage> {
  const broker = createMemoryBroker({ taskAckWaitMs: 30_000, ...options.broker });
  const { clock } = broker;
  const workers: StageWorker[] = [];
  const ended: { to: Address; body: TaskEnded }[] = [];
  const progress: unknown[] = [];
  const host = broker.process('host');
  const revisions = new Map<string, number>();
  let sent = 0;
  host.serve(['operation'], (delivery) => {
    const { type, body } = delivery.message;
    if (type === 'task.ended') ended.push({ to: delivery.to, body: body as unknown as TaskEnded });
    else progress.push(body);
    delivery.ack();
  });

  const passing = async <T>(promise: Promise<T>, isOver: () => boolean = () => false): Promise<T | undefined> => {
    let settled = false;
    const settle = (): void => void (settled = true);
    promise.then(settle, settle);
    await clock.runUntil(() => settled || isOver());
    return settled ? promise : undefined;
  };
  const passingIn = (process: MemoryProcess, promise: Promise<void>): Promise<void> => passing(promise, () => !process.alive);

  const stage: Stage = {
    broker,
    clock,
    passing,
    ended,
    progress,
    async worker(name, overrides = {}) {
      const { broker: _broker, tamper = (delivery: TaskDelivery) => delivery, ...rest } = { ...options, ...overrides };
      const { process, taskSource } = broker.process(name);
      const events: WorkerEvent[] = [];
      const queue = taskSource('p');
      const source: TaskSource = {
        ...queue,
        open: ({ deliver, signal }) => queue.open({ deliver: (delivery) => deliver(tamper(delivery)), signal }),
      };
      const worker = createWorker({
        ...rest,
        source,
        name,
        clock: process.clock,
        random: broker.random.fork(name),
        onEvent: (event) => void events.push(event),
      });
      const made: StageWorker = {
        worker,
        process,
        source,
        events,
        types: () => events.map(({ type }) => type),
        of: (type) => events.filter((event) => event.type === type) as never,
        async stop() {
          await passingIn(process, worker.stop());
          // mail that was stored just now
          await clock.tick(0);
        },
      };
      workers.push(made);
      await passingIn(process, worker.start());
      return made;
    },
    send(name, more = {}, cls = 'regular', context = {}) {
      const id = more.id ?? `t${++sent}`;
      broker.tasks.push(id, cls, 'p', messageOf(name, id, clock.now(), more), context);
      return id;
    },
    outcome() {
      if (ended.length !== 1) throw new Error(`${ended.length} outcomes instead of one: ${JSON.stringify(ended)}`);
      return ended[0]!.body.outcome;
    },
    untilEnded: (count = 1) => clock.runUntil(() => ended.length >= count, 3_600_000),
    async commit(root, key = OPERATION.key) {
      const text = JSON.stringify({ v: 1, w: 'w.1', s: root ?? null, fx: [], in: [], nx: {}, ...(root === undefined ? { ttl: 60 } : {}) });
      const ttlMs = root === undefined ? 60_000 : undefined;
      const outcome = await passing(host.records.commit({ kind: 'operation', key }, revisions.get(key) ?? 0, text, ttlMs));
      if (outcome?.ok !== true) throw new Error('the record was changed by somebody else');
      revisions.set(key, outcome.revision);
    },
    async [Symbol.asyncDispose]() {
      for (const made of workers) if (made.process.alive) await made.stop();
      if (broker.defects.length > 0) throw broker.defects[0];
    },
  };
  await stage.commit({ waits: true });
  return stage;
}

function messageOf(name: string, id: string, now: number, more: Partial<TaskMessage>): TaskMessage {
  return {
    v: 1,
    task: name,
    input: null,
    attempt: 1,
    attempts: 5,
    token: `token-${id}`,
    idempotencyToken: `idem-${id}`,
    timeLimitMs: 60_000,
    orderedAt: now,
    ...('replyTo' in more ? {} : { replyTo: OPERATION, step: 's' }),
    ...more,
    id,
  };
}

/** A promise that a test settles. */
export function gate<T = void>(): { readonly promise: Promise<T>; open(value: T): void } {
  let open!: (value: T) => void;
  const promise = new Promise<T>((resolve) => (open = resolve));
  return { promise, open };
}
