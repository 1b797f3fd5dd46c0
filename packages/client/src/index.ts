/** Sends commands to Troupe, follows operations, shows why they wait. */
export { type Client, createClient } from './client.ts';
export type { ExecuteRequest, ExecutorContract, InputOf } from './command.ts';
export type { DeadLetterFilter, ReplayMark, StoredDeadLetter } from './dead-letters.ts';
export type { OperationEnd } from './ends.ts';
export type { AnsweredOperation, CallOptions, OperationHandle } from './execute.ts';
export type { OperationInfo } from './operation-info.ts';
export type { OperationFilter } from './operations.ts';
export { clientDefaults, type ClientOptions } from './options.ts';
export { publishCommand, type PublishCommandOptions, type PublishedCommand, type RequestConnection } from './publish-command.ts';
export type { Backlog, ClassBacklog, Queues, QueuesOptions } from './queues.ts';
export type { Replayed, ReplayOptions } from './replay.ts';
export type { ScheduleFilter, ScheduleInfo, Schedules } from './schedules.ts';
export type { Connection } from './session.ts';
export type { SendTaskOptions, TaskHandle } from './tasks.ts';
export type { BulkOptions, BulkResult } from './bulk.ts';
export type { CancelOptions, Limit, ReasonedOptions, RetryOptions, SignalOptions, SkipOptions, VerbOptions } from './verbs.ts';
export type { EventHandler, EventSubscription, SubscribeOptions, SubscriptionEvent } from './subscription.ts';
export type { EventFeed, WatchOptions } from './watch.ts';
