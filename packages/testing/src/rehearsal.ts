/**
 * The rehearsal: supervisors, throttles and workers of a whole installation in one process, on virtual time, with faults
 * drawn from a seed. The behaviours, the host and the worker are those of production; only the adapters are replaced.
 *
 *     const rehearsal = createRehearsal({ seed: 7, executors: [createVolume], handlers: ({ clock }) => [handle(createTask, …)], limits: { default: 4 } });
 *     const id = await rehearsal.submit('volume.create', { resource: Volume.ref('v-1'), input: { size: 4 } });
 *     await rehearsal.runToEnd();
 */
import type { Clock, ResourceRecord } from '@troupe/actor';
import { entityRecordOf } from '@troupe/actor/internal';
import {
  type ExecutorDefinition,
  executorsByName,
  judgeCommand,
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
  type TaskResult,
} from '@troupe/protocol';
import { type Handler, type SentInputOf, type SlotOptions, type TaskContract, taskMessage } from '@troupe/task';
import type { LimitOptions } from '@troupe/throttle';
import { type Cluster, type ClusterOptions, createCluster, type EntityRoleOptions, type RoleOptions } from './cluster.ts';
import { supervisorRole, throttleRole, workerRole } from './roles.ts';
import { createWatchman } from './watchman.ts';

/** What the handlers of one worker process are made of. What they wait for must be this clock: it stops when the process dies. */
export interface HandlerSurroundings {
  readonly clock: Clock;
  /** Name of the process. */
  readonly process: string;
}

export interface RehearsalOptions extends Omit<ClusterOptions, 'roles' | 'onResourceWrite'> {
  readonly executors: readonly ExecutorDefinition[];
  /** Made anew for every worker process. */
  readonly handlers: readonly Handler[] | ((around: HandlerSurroundings) => readonly Handler[]);
  /** Contracts that plans may name by text, besides those of the handlers. */
  readonly tasks?: readonly TaskContract[];
  readonly kinds?: OperationOptions['kinds'];
  readonly limits?: LimitOptions;
  readonly slots?: SlotOptions;
  readonly defaults?: OperationOptions['defaults'];
  /** Processes of each role. Default 2 supervisors, 1 throttle, 2 workers. */
  readonly supervisors?: number;
  readonly throttles?: number;
  readonly workers?: number;
  /** Whatever else takes part. */
  readonly roles?: readonly RoleOptions[];
  /** Told every event of every host of entities. */
  readonly onHostEvent?: EntityRoleOptions['onEvent'];
}

export interface Submission {
  /** Default `op-1`, `op-2`, … */
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
  /** Sends a task alone. Its result lies under the id that is returned. */
  send<C extends TaskContract>(contract: C, input: SentInputOf<C>): Promise<string>;
  result(task: string): TaskResult | undefined;
  cancel(operation: string, reason?: string): void;
  /** Changes a limit while everything runs; null = what is configured. */
  setLimit(scope: string, kind: string, limit: number | null): void;
  /** The operation as its record has it; undefined if there is none (any more). */
  view(operation: string): OperationView | undefined;
  outcome(operation: string): Outcome | undefined;
  record(ref: ResourceRef): ResourceRecord | undefined;
  /** Puts a resource there, resting in OK unless `fields` say otherwise. */
  put(ref: ResourceRef, fields?: Parameters<Cluster['broker']['resources']['put']>[1]): ResourceRecord;
  /** The states a resource went through. */
  history(ref: ResourceRef): readonly string[];
  /** Lease ids that the throttle of a scope root has granted and not got back, and those that wait. */
  leases(root: string): { readonly held: readonly string[]; readonly waiting: readonly string[] };
  /**
   * Runs until nothing is left to do, then holds what must hold: every operation has ended and left a tombstone, every
   * resource is at rest, every lease is back, nothing is buried. Throws with the seed and everything that is wrong.
   */
  runToEnd(limitMs?: number): Promise<void>;
}

/** As long as the longest time a step may wait for its worker, and more. */
const LIMIT_MS = 3 * 86_400_000;

export function createRehearsal(options: RehearsalOptions): Rehearsal {
  const definitions = executorsByName(options.executors);
  const watchman = createWatchman();
  const cluster = createCluster({
    ...options,
    onResourceWrite: (before, after) => watchman.see(before, after),
    roles: [supervisorRole(options), throttleRole(options), ...workerRole(options), ...(options.roles ?? [])],
  });
  const { broker, clock } = cluster;
  let submitted = 0;
  let sent = 0;

  const viewOf = (operation: string): OperationView | undefined => {
    const record = recordOf('operation', operation);
    return record === undefined ? undefined : operationView(operation, record);
  };
  const recordOf = (kind: string, key: string): ReturnType<typeof entityRecordOf> => {
    const root = broker.records.root({ kind, key });
    return root === undefined ? undefined : entityRecordOf({ root, revision: 0, storedAt: 0, items: broker.records.items({ kind, key }) });
  };
  const leasesOf = (root: string): ReturnType<Rehearsal['leases']> => {
    const names = [...(recordOf('throttle', root)?.items.keys() ?? [])];
    const under = (prefix: string): string[] => names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
    return { held: under('l:'), waiting: under('w:') };
  };
  const wrongOf = (kind: string, key: string): string[] => {
    if (kind === 'throttle') {
      const { held, waiting } = leasesOf(key);
      return [
        ...held.map((lease) => `lease ${lease} of ${key} was never given back`),
        ...waiting.map((lease) => `lease ${lease} of ${key} still waits`),
      ];
    }
    if (kind !== 'operation') return [];
    const status = viewOf(key)?.status;
    if (status !== 'ended') return [`operation ${key} is ${status}`];
    // what answers a command that comes again when the record itself is gone
    return broker.records.tombstone({ kind, key }) === undefined ? [`operation ${key} has ended without a tombstone`] : [];
  };

  return {
    ...cluster,
    get deaths() {
      return cluster.deaths;
    },
    async submit(executor, submission = {}) {
      const { context, ...fields } = submission;
      const id = fields.id ?? `op-${++submitted}`;
      const command: Command = { v: 1, executor, createdAt: new Date(clock.now()).toISOString(), ...fields, id };
      const judged = await judgeCommand(definitions, command);
      if (!judged.ok) throw fromWireError(judged.error);
      broker.post(judged.to, {
        type: judged.mail.type,
        body: judged.mail.body as unknown as Json,
        sender: 'entity',
        ...(context === undefined ? {} : { context }),
      });
      return id;
    },
    async send(contract, input) {
      const id = `task-${++sent}`;
      const task = await taskMessage(contract, input, { id, token: `token-${id}`, now: clock.now(), resultTtlMs: LIMIT_MS });
      broker.tasks.push(id, task.class, task.pool, task.message, {});
      return id;
    },
    result: (task) => broker.results.get(task),
    cancel(operation, reason) {
      broker.post(
        { kind: 'operation', key: operation },
        { type: 'verb.cancel', body: reason === undefined ? {} : { reason }, sender: 'verb' },
      );
    },
    setLimit(scope, kind, limit) {
      broker.post({ kind: 'throttle', key: scope.split('/')[0]! }, { type: 'setLimit', body: { scope, kind, limit }, sender: 'verb' });
    },
    view: viewOf,
    outcome: (operation) => viewOf(operation)?.outcome,
    record: (ref) => broker.resources.record(ref),
    put: (ref, fields = {}) => broker.resources.put(ref, fields),
    history: (ref) => watchman.history(ref),
    leases: leasesOf,
    async runToEnd(limitMs = LIMIT_MS) {
      await cluster.runUntilQuiet(limitMs);
      const wrong = [
        ...broker.records.addresses().flatMap(({ kind, key }) => wrongOf(kind, key)),
        ...watchman.unfinished(broker.resources.records()),
        ...broker.dead.map((letter) => `buried: ${letter.subject}, ${letter.reason}: ${letter.error.message}`),
      ];
      if (wrong.length > 0) throw new Error([`seed ${cluster.seed}: nothing is left to do, but`, ...wrong].join('\n  '));
    },
  };
}
