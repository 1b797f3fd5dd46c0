/** What a handler is told about its attempt. */
import type { TaskDelivery } from '@troupe/actor/internal';
import { type Json, type TaskMessage, toJson } from '@troupe/protocol';
import type { TaskContext } from './handler.ts';

export interface ContextParts {
  log(message: string, fields: Readonly<Record<string, unknown>>): void;
  progress(value: Json): void;
}

/** Everything but `signal` and `loaded`, which belong to the attempt. */
export function taskContext(
  message: TaskMessage,
  delivery: TaskDelivery,
  startedAt: number,
  parts: ContextParts,
): Omit<TaskContext, 'signal' | 'loaded'> {
  return {
    task: message.task,
    resource: message.resource,
    attempt: message.attempt,
    attempts: message.attempts,
    deadline: startedAt + message.timeLimitMs,
    fence: message.fence,
    idempotencyToken: message.idempotencyToken,
    step: message.step,
    operation: message.replyTo?.kind === 'operation' ? message.replyTo.key : undefined,
    headers: delivery.context,
    log: (text, fields = {}) => parts.log(String(text), fields),
    progress: (value) => parts.progress(toJson(value)),
  };
}
