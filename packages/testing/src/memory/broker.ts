/**
 * The streams, stores and timers of a whole cluster in memory, on virtual time. Everything that goes through it is made
 * of JSON; what a process may lose, it loses here too: its calls, its acknowledgements, its life.
 */
import type { ResourceStore } from '@troupe/actor';
import type { Delivery, EffectSink, InputRef, InputStreams, RecordStore, TaskSource } from '@troupe/actor/internal';
import {
  type Address,
  type Answer,
  type Context,
  createSubjects,
  type DeadLetter,
  type EventMessage,
  type Json,
  type TaskResult,
} from '@troupe/protocol';
import { type Faults, noFaults } from '../faults.ts';
import { createSeededRandom, type SeededRandom } from '../seeded-random.ts';
import { createVirtualClock, type VirtualClock } from '../virtual-clock.ts';
import { createMemoryInputs, createMemorySink, type Outbox } from './effect-sink.ts';
import { createMailboxes, type Letter, type Mailboxes } from './mailboxes.ts';
import { createProcess, type MemoryProcess } from './process.ts';
import { createRecordTable, type RecordTable } from './record-table.ts';
import { createResourceTable, type ResourceTable, type ResourceTableOptions } from './resource-table.ts';
import { createTaskQueues, type TaskQueues } from './task-queues.ts';
import { createMemoryTaskSource, type MarkTable } from './task-source.ts';
import { travel } from './travel.ts';

export interface MemoryBrokerOptions {
  readonly clock?: VirtualClock;
  /** Any integer. Everything that is drawn is drawn from it. Default 1. */
  readonly seed?: number;
  readonly faults?: Faults;
  /** A port call takes up to so long. Default 0. */
  readonly latencyMs?: number;
  /** A delivery comes up to so much later than it could, which shuffles deliveries. Default 0. */
  readonly shuffleMs?: number;
  /** How often each message comes again after it was acknowledged, within `repeatWithinMs`. Default 0. */
  readonly repeats?: number;
  readonly repeatWithinMs?: number;
  /** A timer fires up to so late. Default 0; the server needs up to 250. */
  readonly timerLatenessMs?: number;
  /** Probability that mail goes to another host than the owner of its key. Default 0. */
  readonly stray?: number;
  /** Default 120 000; 1 000 in fault tests, because nothing may rest on it. */
  readonly dedupWindowMs?: number;
  /** Hold of mail and of tasks. Defaults 2 000 and 30 000. */
  readonly ackWaitMs?: number;
  readonly taskAckWaitMs?: number;
  readonly onResourceWrite?: ResourceTableOptions['onWrite'];
}

/** What one process is given. */
export interface MemoryPorts {
  readonly process: MemoryProcess;
  readonly records: RecordStore;
  readonly effects: EffectSink;
  readonly inputs: InputStreams;
  readonly resources: ResourceStore;
  /** The tasks of one pool, as its worker has them. */
  taskSource(pool: string): TaskSource;
  /** Starts to deliver the mail of these kinds. */
  serve(kinds: readonly string[], deliver: (delivery: Delivery) => void): void;
}

export interface MemoryBroker {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly dedupWindowMs: number;
  readonly ackWaitMs: number;
  readonly taskAckWaitMs: number;
  /** A new process with its ports. A name may be used again once its process is dead. */
  process(name: string): MemoryPorts;
  readonly mailboxes: Mailboxes;
  readonly tasks: TaskQueues;
  readonly records: RecordTable;
  readonly resources: ResourceTable;
  /** Mail from outside: a command that the front door has let in, or a verb. */
  post(to: Address, letter: Omit<Letter, 'id'> & { readonly id?: string }): InputRef | undefined;
  readonly events: readonly { readonly message: EventMessage; readonly context: Context }[];
  readonly results: ReadonlyMap<string, TaskResult>;
  readonly dead: readonly DeadLetter[];
  readonly answers: readonly { readonly answer: Answer; readonly replyTo: string | undefined }[];
  onSignal(pool: string, heard: (body: Json) => void): () => void;
  /** What broke a rule that no fault may break; a test must find it empty. */
  readonly defects: readonly unknown[];
  /** Tells a defect; whoever runs the clock should ask `defects` after every step. */
  defect(error: unknown): void;
  /** Nothing waits: no mail, no timer, no task. */
  readonly isQuiet: boolean;
  /** What waits, one line each. */
  describe(): readonly string[];
}

export function createMemoryBroker(options: MemoryBrokerOptions = {}): MemoryBroker {
  const clock = options.clock ?? createVirtualClock();
  const random = createSeededRandom(options.seed ?? 1);
  const dedupWindowMs = options.dedupWindowMs ?? 120_000;
  const ackWaitMs = options.ackWaitMs ?? 2_000;
  const taskAckWaitMs = options.taskAckWaitMs ?? 30_000;
  const { shuffleMs = 0, repeats = 0, repeatWithinMs = 60_000, timerLatenessMs = 0, stray = 0 } = options;
  const shared = { clock, dedupWindowMs, shuffleMs, repeats, repeatWithinMs };

  const mailboxes = createMailboxes({ ...shared, random: random.fork('mail'), ackWaitMs, timerLatenessMs, stray });
  const tasks = createTaskQueues({ ...shared, random: random.fork('tasks'), ackWaitMs: taskAckWaitMs });
  const records = createRecordTable(clock);
  const resources = createResourceTable({ clock, ...(options.onResourceWrite === undefined ? {} : { onWrite: options.onResourceWrite }) });
  const events: { message: EventMessage; context: Context }[] = [];
  const eventIds = new Map<string, number>();
  const results = new Map<string, TaskResult>();
  const dead: DeadLetter[] = [];
  const answers: { answer: Answer; replyTo: string | undefined }[] = [];
  const signals = new Map<string, Set<(body: Json) => void>>();
  const defects: unknown[] = [];
  const starts = new Map<string, number>();
  const marks: MarkTable = new Map();
  const subjects = createSubjects();
  let calls = 0;
  let posted = 0;

  const outbox: Outbox = {
    event(message, context) {
      const at = eventIds.get(message.id);
      if (at !== undefined && clock.now() - at < dedupWindowMs) return;
      eventIds.set(message.id, clock.now());
      events.push({ message, context });
    },
    result: (result) => void results.set(result.id, result),
    bury: (letter) => void dead.push(letter),
    answer: (answer, replyTo) => void answers.push({ answer, replyTo }),
    signal(pool, body) {
      for (const heard of [...(signals.get(pool) ?? [])]) heard(body);
    },
  };

  const surroundings = {
    clock,
    random: random.fork('latency'),
    faults: options.faults ?? noFaults,
    latencyMs: options.latencyMs ?? 0,
    nextCall: () => ++calls,
    defect: (error: unknown) => void defects.push(error),
  };

  const onSignal: MemoryBroker['onSignal'] = (pool, heard) => {
    const set = signals.get(pool) ?? new Set();
    signals.set(pool, set.add(heard));
    return () => void set.delete(heard);
  };

  return {
    clock,
    random,
    dedupWindowMs,
    ackWaitMs,
    taskAckWaitMs,
    mailboxes,
    tasks,
    records,
    resources,
    events,
    results,
    dead,
    answers,
    defects,
    defect: surroundings.defect,
    process(name) {
      const process = createProcess(name, surroundings);
      const stores = { records: records.storeFor(process), resources: resources.storeFor(process) };
      return {
        process,
        ...stores,
        effects: createMemorySink({ process, mailboxes, tasks, outbox, ...stores }),
        inputs: createMemoryInputs(process, mailboxes, starts),
        taskSource: (pool) =>
          createMemoryTaskSource({
            pool,
            process,
            subjects,
            queues: tasks,
            mailboxes,
            records,
            results,
            marks,
            outbox,
            ackWaitMs: taskAckWaitMs,
            onSignal: (heard) => onSignal(pool, heard),
          }),
        serve: (kinds, deliver) => mailboxes.connect(process, kinds, deliver),
      };
    },
    post: (to, letter) => mailboxes.post(to, travel({ id: `outside.${++posted}`, ...letter }, letter.type)),
    onSignal,
    get isQuiet() {
      return mailboxes.unacknowledged === 0 && mailboxes.timers === 0 && tasks.unacknowledged === 0;
    },
    describe: () => [...mailboxes.describe(), ...tasks.describe()],
  };
}
