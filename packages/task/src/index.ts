/** Task contracts, handlers apart from them, and the worker that runs them. Knows no NATS. */
export { type ClassSlots, slotDefaults, type SlotOptions } from './slots.ts';
export {
  defineTask,
  type Idempotency,
  type InputOf,
  type OutputOf,
  type RetryPolicy,
  type SentInputOf,
  type TaskContract,
  type TaskOptions,
} from './contract.ts';
export { Fatal, isFatal, isRetry, Retry } from './errors.ts';
export {
  handle,
  type Handler,
  type HandlerFunction,
  type HandlerObject,
  handlersByName,
  type Reconciled,
  type TaskContext,
  type WithPatch,
  withPatch,
} from './handler.ts';
export { loneTaskBehaviour, type LoneTaskState } from './lone-task.ts';
export { nextAttemptMs } from './retry.ts';
export { type LoneTaskOptions, taskMessage } from './task-message.ts';
export { createWorker, type Worker, type WorkerOptions } from './worker.ts';
export type { WorkerEvent } from './worker-events.ts';
