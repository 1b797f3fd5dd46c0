/**
 * The rehearsal: supervisors, throttles and workers of a whole installation in one process, on virtual time, with faults
 * drawn from a seed. The behaviours, the host and the worker are those of production; only the adapters are replaced.
 */
import { entityRecordOf } from '@troupe/actor/internal';
import type { ResourceRecord } from '@troupe/actor';
import {
  type ExecutorDefinition,
  executorsByName,
  judgeCommand,
  operationBehaviour,
  type OperationOptions,
  type OperationView,
  operationView,
} from '@troupe/executor';
import {
  type Command,
  type CommandOptions,
  type Context,
  fromWireError,
  type Json,
  type Outcome,
  type ResourceRef,
} from '@troupe/protocol';
import { type Cluster, type ClusterOptions, createCluster, entityRole, type RoleOptions } from './cluster.ts';
import { createWatchman } from './watchman.ts';

export interface RehearsalOptions extends Omit<ClusterOptions, 'roles' | 'onResourceWrite'> {
  readonly executors: readonly ExecutorDefinition[];
  /** Contracts that plans may name by text. */
  readonly tasks?: OperationOptions['tasks'];
  readonly defaults?: OperationOptions['defaults'];
  /** Supervisor processes. Default 2. */
  readonly supervisors?: number;
  /** Workers, throttles and whatever else takes part. */
  readonly roles?: readonly RoleOptions[];
  /** Told every event of every host, for assertions. */
  readonly onHostEvent?: Parameters<typeof entityRole>[0]['onEvent'];
}

export interface Submission {
  readonly id?: string;
  readonly resource?: ResourceRef;
  readonly resources?: readonly ResourceRef[];
  readonly input?: Json;
  readonly options?: CommandOptions;
  readonly context?: Context;
}

export interface Rehearsal extends Cluster {
  /** Judges a command as the front door does, and mails it. Returns the operation's id; throws what the door refuses. */
  submit(executor: string, submission?: Submission): Promise<string>;
  cancel(operation: string, reason?: string): void;
  /** The operation as its record has it; undefined if there is none (any more). */
  view(operation: string): OperationView | undefined;
  outcome(operation: string): Outcome | undefined;
  record(ref: ResourceRef): ResourceRecord | undefined;
  /** Puts a resource there, resting in OK unless `fields` say otherwise. */
  put(ref: ResourceRef, fields?: Parameters<Cluster['broker']['resources']['put']>[1]): ResourceRecord;
  /** The states a resource went through. */
  history(ref: ResourceRef): readonly string[];
  /** Runs until nothing is left to do, then holds what must hold: every operation ended, every resource at rest, nothing buried. */
  runToEnd(limitMs?: number): Promise<void>;
}

/** As long as the longest time a step may wait for its worker, and more. */
const LIMIT_MS = 3 * 86_400_000;

export function createRehearsal(options: RehearsalOptions): Rehearsal {
  const { executors, tasks, defaults, supervisors = 2, roles = [], onHostEvent, ...rest } = options;
  const definitions = executorsByName(executors);
  const watchman = createWatchman();
  const operations: string[] = [];
  const cluster = createCluster({
    ...rest,
    onResourceWrite: (before, after) => watchman.see(before, after),
    roles: [
      entityRole({
        name: 'supervisor',
        replicas: supervisors,
        behaviours: () => [
          operationBehaviour({ executors, ...(tasks === undefined ? {} : { tasks }), ...(defaults === undefined ? {} : { defaults }) }),
        ],
        // kills are the subject here: they must not bury what survives them
        host: { supervision: { crashes: 1_000 } },
        ...(onHostEvent === undefined ? {} : { onEvent: onHostEvent }),
      }),
      ...roles,
    ],
  });
  const { broker, clock } = cluster;
  const address = (operation: string) => ({ kind: 'operation', key: operation });

  const rehearsal: Rehearsal = {
    ...cluster,
    get deaths() {
      return cluster.deaths;
    },
    async submit(executor, submission = {}) {
      const { context, ...fields } = submission;
      const id = fields.id ?? `op-${operations.length + 1}`;
      const command: Command = { v: 1, executor, createdAt: new Date(clock.now()).toISOString(), ...fields, id };
      const judged = await judgeCommand(definitions, command);
      if (!judged.ok) throw fromWireError(judged.error);
      if (!operations.includes(id)) operations.push(id);
      broker.post(judged.to, {
        type: judged.mail.type,
        body: judged.mail.body as never,
        sender: 'entity',
        ...(context === undefined ? {} : { context }),
      });
      return id;
    },
    cancel(operation, reason) {
      broker.post(address(operation), { type: 'verb.cancel', body: reason === undefined ? {} : { reason }, sender: 'verb' });
    },
    view(operation) {
      const root = broker.records.root(address(operation));
      if (root === undefined) return undefined;
      const record = entityRecordOf({ root, revision: 0, storedAt: 0, items: broker.records.items(address(operation)) });
      return record === undefined ? undefined : operationView(operation, record);
    },
    outcome: (operation) => rehearsal.view(operation)?.outcome,
    record: (ref) => broker.resources.record(ref),
    put: (ref, fields = {}) => broker.resources.put(ref, fields),
    history: (ref) => watchman.history(ref),
    async runToEnd(limitMs = LIMIT_MS) {
      await cluster.runUntilQuiet(limitMs);
      const wrong = [
        ...broker.records.addresses().flatMap(({ kind, key }) => {
          const status = kind === 'operation' ? rehearsal.view(key)?.status : 'ended';
          return status === 'ended' ? [] : [`operation ${key} is ${status}`];
        }),
        ...watchman.unfinished(broker.resources.records()),
        ...broker.dead.map((letter) => `buried: ${letter.subject}, ${letter.reason}: ${letter.error.message}`),
      ];
      if (wrong.length > 0) throw new Error([`seed ${cluster.seed}: nothing is left to do, but`, ...wrong].join('\n  '));
    },
  };
  return rehearsal;
}
