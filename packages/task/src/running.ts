/** An attempt under way, and what its handler sees of it. */
import type { Random } from '@troupe/actor';
import type { TaskDelivery, TaskSource } from '@troupe/actor/internal';
import type { Json, TaskMessage } from '@troupe/protocol';
import type { Handler, TaskContext } from './handler.ts';
import type { WorkerEvent } from './worker-events.ts';

export interface Running {
  readonly delivery: TaskDelivery;
  readonly message: TaskMessage;
  readonly handler: Handler;
  readonly abort: AbortController;
  readonly startedAt: number;
  askedAt: number;
  /** Resolves when the attempt is over for the queue: acknowledged, or left to come again. */
  readonly done: Promise<void>;
}

export function contextOf(
  one: Running,
  { source, random }: { readonly source: TaskSource; readonly random: Random },
  tell: (event: WorkerEvent) => void,
): TaskContext {
  const { message, delivery, abort, handler } = one;
  return {
    resource: message.resource,
    signal: abort.signal,
    attempt: message.attempt,
    attempts: message.attempts,
    deadline: one.startedAt + message.timeLimitMs,
    fence: message.fence,
    idempotencyToken: message.idempotencyToken,
    step: message.step,
    operation: message.replyTo?.kind === 'operation' ? message.replyTo.key : undefined,
    headers: delivery.context,
    log: (text, fields = {}) => tell({ type: 'log', task: handler.contract.name, class: delivery.class, message: text, fields }),
    progress: (value) => {
      if (message.replyTo === undefined) return;
      const body = { step: message.step ?? null, attempt: message.attempt, token: message.token, progress: value } as unknown as Json;
      const id = `${message.id}.p.${random.token()}`;
      source.mail(message.replyTo, { id, type: 'task.progress', body }, delivery.context).catch(() => undefined);
    },
  };
}

/** Total: a description never breaks a run (S20). */
export function describe(handler: Handler, message: TaskMessage): string {
  try {
    return handler.object.describe?.(message.input) ?? message.task;
  } catch {
    return message.task;
  }
}
