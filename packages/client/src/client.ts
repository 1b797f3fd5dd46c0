/** The client: everything that somebody outside wants of Troupe, over one connection. */
import type { ResourceRecord, Service } from '@troupe/actor';
import type { Explanation } from '@troupe/executor';
import type { Address, ResourceRef, TaskResult } from '@troupe/protocol';
import type { SentInputOf, TaskContract } from '@troupe/task';
import type { Occupancy } from '@troupe/throttle';
import { type BulkOptions, type BulkResult, orderBulk } from './bulk.ts';
import type { ExecuteRequest, ExecutorContract } from './command.ts';
import { type DeadLetterFilter, listDeadLetters, type StoredDeadLetter } from './dead-letters.ts';
import { type AnsweredOperation, type CallOptions, execute, follow, type OperationHandle } from './execute.ts';
import type { OperationInfo } from './operation-info.ts';
import { explain, getOperation, listOperations, type OperationFilter } from './operations.ts';
import type { ClientOptions } from './options.ts';
import { type Queues, type QueuesOptions, readQueues } from './queues.ts';
import { Reader } from './reader.ts';
import { getDeadLetter, replay, type Replayed, type ReplayOptions } from './replay.ts';
import { createSchedules, type Schedules } from './schedules.ts';
import { getResource, listResources, type Registered, registerResource, type RegisterOptions } from './resources.ts';
import { type Connection, Session } from './session.ts';
import { type EventHandler, type EventSubscription, subscribe, type SubscribeOptions } from './subscription.ts';
import { prepareSubscription, removeSubscription, type SubscriptionPlace } from './subscription-place.ts';
import { followTask, readResult, sendTask, type SendTaskOptions, type TaskHandle } from './tasks.ts';
import { createThrottles, leaseText, throttleOccupancy, type Throttles } from './throttles.ts';
import {
  type CancelOptions,
  type Limit,
  named,
  orderVerb,
  type ReasonedOptions,
  release,
  type RetryOptions,
  setLimit,
  type SignalOptions,
  type SkipOptions,
  type VerbOptions,
} from './verbs.ts';
import { type EventFeed, watch, type WatchOptions } from './watch.ts';

export interface Client extends Service {
  /**
   * Sends a command and waits for its first answer. Throws `invalid_options` (names the field), `too_large`, `overloaded`,
   * `not_permitted`, `unanswered` (it may have been taken: the same id again is harmless). Needs the right to publish to
   * COMMANDS and to subscribe below the inbox prefix, nothing else.
   */
  execute<E extends string | ExecutorContract>(request: ExecuteRequest<E>, options?: CallOptions): Promise<AnsweredOperation>;
  /** A handle for an operation that somebody asked for. */
  follow(id: string): OperationHandle;
  /** One operation with its log, or undefined. After its record has expired: outcome and end. */
  operation(id: string): Promise<OperationInfo | undefined>;
  /** The operations that changed last, newest first. */
  operations(filter?: OperationFilter): Promise<OperationInfo[]>;
  /** What an operation waits for: the wait, the limit, the holder, the position, the time left. Throws `unknown_operation`. */
  explain(id: string): Promise<Explanation & { readonly view: OperationInfo }>;
  /** How full the limits of a scope root are that are used or waited for; undefined if nobody has used it yet. */
  throttle(root: string): Promise<Occupancy[] | undefined>;
  /** All of a throttle at a glance, and what people change on it: limits, rates, maintenance. */
  readonly throttles: Throttles;
  /** Orders the end of an operation; `ended` of its handle tells when it has come. Throws `unknown_operation`. */
  cancel(id: string, options?: CancelOptions): Promise<void>;
  /**
   * Nothing new of it starts any more; what runs goes on to its end, leases are kept, no time of the operation passes. Throws
   * `unknown_operation`, as all verbs to an operation do where the user may read. All are durable and safe to send twice.
   */
  pause(id: string, options?: ReasonedOptions): Promise<void>;
  /** Ends a pause, and asks a parked operation to look again. */
  resume(id: string, options?: ReasonedOptions): Promise<void>;
  /** Passes over a step, running or not reached yet, as if it had succeeded. */
  skip(id: string, step: string, options?: SkipOptions): Promise<void>;
  /** Ends it at once, without handlers and without taking anything back. */
  kill(id: string, options?: ReasonedOptions): Promise<void>;
  /**
   * Lets an operation that did not end well go on from where it stood, under the plan and the outputs it had; `isRetryable`
   * tells whether it can. An event `retryRefused` says why not, if another operation has had its resource since.
   */
  retry(id: string, options?: RetryOptions): Promise<void>;
  /** Retries all that the filter fits, at a rate; with `dryRun` it only counts. Needs the right to read STATE. */
  retryAll(options: BulkOptions): Promise<BulkResult>;
  /** Cancels all that the filter fits, in the same way. */
  cancelAll(options: BulkOptions): Promise<BulkResult>;
  /** Answers a wait for a signal; one that comes before it waits is kept. */
  signal(id: string, name: string, options?: SignalOptions): Promise<void>;
  /** Lets an entity go on that was put aside because its turns failed over and over. */
  release(of: Address, options?: VerbOptions): Promise<void>;
  /** Changes a limit of a scope from now on. */
  setLimit(limit: Limit, options?: VerbOptions): Promise<void>;
  /** Periodic runs: define, pause, run, show. */
  readonly schedules: Schedules;
  /** Sends a task alone; its result lies under the id of the handle. Needs the right to publish on TASKS. */
  sendTask<C extends TaskContract>(contract: C, input: SentInputOf<C>, options?: SendTaskOptions): Promise<TaskHandle>;
  /** A handle for a task that was sent before. */
  followTask(id: string): TaskHandle;
  /** The result of a task that was sent alone, if there is one (still). */
  result(id: string): Promise<TaskResult | undefined>;
  /** Live events, from the moment this resolves. */
  watch(options?: WatchOptions): Promise<EventFeed>;
  /**
   * Events that are stored, each handed out at least once: its place is kept under a name, across restarts. Ends with the client or
   * by `stop`. Throws `invalid_options`, `not_permitted`, `unavailable`. Needs the rights of a `subscriber` of that name, and the
   * right to make a consumer of EVENTS where the name was not prepared with the same topics.
   */
  subscribe(options: SubscribeOptions, handler: EventHandler): Promise<EventSubscription>;
  /** Makes the place of a subscription, or changes it, and is handed nothing: what an `admin` does for a `subscriber`. */
  prepareSubscription(place: SubscriptionPlace): Promise<void>;
  /** Gives up the place of a name, so that it is as new; harmless where there is none. */
  removeSubscription(name: string): Promise<void>;
  /** A resource as it is now, where resources lie in JetStream; undefined if there is none. Needs the right to read. */
  resource(ref: ResourceRef): Promise<ResourceRecord | undefined>;
  /** Those of a kind, or all, as they are when they are reached, in the order of their last writes. Needs the right to read. */
  resources(kind?: string): AsyncIterable<ResourceRecord>;
  /**
   * Puts a resource on the list, so that operations can have it; one that is there already stays as it is. Throws `invalid_options`
   * (names the field), `not_permitted`. Needs the rights of a `registrar`.
   */
  registerResource(ref: ResourceRef, options?: RegisterOptions): Promise<Registered>;
  /** How much waits and for how long: tasks by class and pool, commands, throttles with positions, dead letters. Needs the right to read. */
  queues(options?: QueuesOptions): Promise<Queues>;
  /** What could not be handled, newest first. */
  deadLetters(filter?: DeadLetterFilter): Promise<StoredDeadLetter[]>;
  /** One of them by its place, or undefined. */
  deadLetter(sequence: number): Promise<StoredDeadLetter | undefined>;
  /**
   * Sends one again, to its original subject with its original headers and body. Twice is once: the second time answers
   * `already`. Kept with the letter and told in EVENTS under `dead.replayed`. Throws `unknown_letter`, `malformed` (it does not
   * say where it was sent), `too_large` (its body was not kept). Needs the rights of a `replayer`.
   */
  replayDeadLetter(sequence: number, options?: ReplayOptions): Promise<Replayed>;
}

/**
 * A client over a connection of the caller, which stays open, or over its own. It starts at first use; stop it in the end.
 *
 *     await using client = createClient('nats://127.0.0.1:4222');
 *     const operation = await client.execute({ executor: 'volume.create', resource: { kind: 'volume', id: '17' }, input: { size: 10 } });
 *     console.log(await operation.ended());
 */
export function createClient(connection: Connection = {}, options: ClientOptions = {}): Client {
  const session = new Session(connection, options);
  const reader = new Reader(session);
  const { service } = session;
  return {
    get state() {
      return service.state;
    },
    start: () => service.start(),
    stop: (reason) => service.stop(reason),
    [Symbol.asyncDispose]: () => service.stop('dispose'),
    execute: (request, callOptions) => execute(session, reader, request, callOptions),
    follow: (id) => follow(session, reader, id),
    operation: (id) => getOperation(reader, id),
    operations: (filter = {}) => listOperations(reader, filter),
    explain: (id) => explain(session, reader, id, (wait, now) => leaseText(reader, wait, now)),
    throttle: (root) => throttleOccupancy(reader, root),
    throttles: createThrottles(session, reader),
    cancel: (id, verb = {}) => orderVerb(session, reader, id, 'cancel', { ...verb }),
    pause: (id, verb = {}) => orderVerb(session, reader, id, 'pause', { ...verb }),
    resume: (id, verb = {}) => orderVerb(session, reader, id, 'resume', { ...verb }),
    skip: async (id, step, verb = {}) => orderVerb(session, reader, id, 'skip', { ...verb, step: named(step, 'step') }),
    kill: (id, verb = {}) => orderVerb(session, reader, id, 'kill', { ...verb }),
    retry: (id, { skip, ...verb } = {}) => orderVerb(session, reader, id, 'retry', { ...verb, step: skip }),
    retryAll: (bulk) => orderBulk(session, reader, 'retry', bulk),
    cancelAll: (bulk) => orderBulk(session, reader, 'cancel', bulk),
    signal: async (id, name, verb = {}) => orderVerb(session, reader, id, 'signal', { ...verb, name: named(name, 'name') }),
    release: (of, verb = {}) => release(session, of, verb),
    setLimit: (limit, verb = {}) => setLimit(session, limit, verb),
    schedules: createSchedules(session, reader),
    sendTask: (contract, input, options) => sendTask(session, contract, input, options),
    followTask: (id) => followTask(session, id),
    result: (id) => readResult(session, id),
    watch: (watchOptions = {}) => watch(session, watchOptions),
    subscribe: (subscribeOptions, handler) => subscribe(session, subscribeOptions, handler),
    prepareSubscription: async (place) => void (await prepareSubscription(session, place)),
    removeSubscription: (name) => removeSubscription(session, name),
    resource: (ref) => getResource(session, ref),
    resources: (kind) => listResources(session, kind),
    registerResource: (ref, registerOptions) => registerResource(session, ref, registerOptions),
    queues: (queuesOptions) => readQueues(session, reader, queuesOptions),
    deadLetters: (filter = {}) => listDeadLetters(session, reader, filter),
    deadLetter: (sequence) => getDeadLetter(session, reader, sequence),
    replayDeadLetter: (sequence, replayOptions = {}) => replay(session, reader, sequence, replayOptions),
  };
}
