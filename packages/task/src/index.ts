/** Task contracts, handlers apart from them, and the worker that runs them. Knows no NATS. */
export type { Wants } from './admission.ts';
export type { AbortReason } from './attempt.ts';
export { defineTask, type InputOf, type OutputOf, type SentInputOf, type TaskContract, type TaskOptions, tasksByName } from './contract.ts';
export { Declined, Fatal, isFatal, isRetry, Retry, type RetryErrorOptions, type SaidOptions } from './errors.ts';
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
export type { IsolatedHandler } from './isolation.ts';
export { loneTaskBehaviour, type LoneTaskBehaviourOptions, type LoneTaskState } from './lone-task.ts';
export { OUTPUT_LIMIT_BYTES } from './outcome.ts';
export {
  type Idempotency,
  type NextAttempt,
  nextAttempt,
  nextAttemptMs,
  retryDelayMs,
  type RetryOptions,
  type RetryPolicy,
  retryPolicy,
  type UnsettledOutcome,
} from './retry-policy.ts';
export { type ClassSlots, slotDefaults, type SlotOptions } from './slots.ts';
export { type LoneTaskOptions, taskMessage } from './task-message.ts';
export { createWorker, type Worker, workerDefaults, type WorkerOptions } from './worker.ts';
export { isLogged, levelOf, type LogLevel, logLevels, type WorkerEvent } from './worker-events.ts';
export type { Span, SpanOutcome } from './span.ts';
