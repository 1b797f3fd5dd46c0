/** One attempt after the other of one task, as an entity keeps them: sent, answered under its token, sent again when it is due. */
import type { Effect, TurnContext } from '@troupe/actor';
import type { Json, TaskMessage, TaskOutcome, WireError } from '@troupe/protocol';
import { nextAttempt } from '@troupe/task';
import type { TaskPart } from './each/definition.ts';

export interface Attempts {
  attempt: number;
  /** Of the attempt that was sent. */
  token: string;
  /** Epoch milliseconds at which the next attempt is sent; absent while one is queued or running. */
  dueAt?: number;
  reconcile?: true;
  cancelled?: true;
}

export function firstAttempt(context: TurnContext): Attempts {
  return { attempt: 1, token: context.token() };
}

/** The next attempt, when it is due. */
export function renew(attempts: Attempts, context: TurnContext): void {
  delete attempts.dueAt;
  attempts.token = context.token();
}

/** `name` is the same for every attempt, and no other task has it. */
export function attemptEffect(
  name: string,
  task: TaskPart,
  attempts: Attempts,
  { step, input, context }: { readonly step: string; readonly input: Json; readonly context: TurnContext },
): Effect {
  const message: TaskMessage = {
    v: 1,
    id: `${name}:${attempts.attempt}`,
    task: task.name,
    input,
    attempt: attempts.attempt,
    attempts: task.retry.attempts,
    token: attempts.token,
    replyTo: context.self,
    step,
    idempotencyToken: name,
    timeLimitMs: task.timeLimitMs,
    orderedAt: context.now,
    ...(attempts.reconcile === true ? { reconcile: true } : {}),
  };
  return { type: 'task', class: task.class, pool: task.pool, message };
}

/** Tells the attempt that runs, which answers; undefined when none does. */
export function cancelEffect(name: string, { pool }: TaskPart, attempts: Attempts): Effect | undefined {
  if (attempts.dueAt !== undefined) return undefined;
  attempts.cancelled = true;
  return { type: 'signal', pool, body: { cancel: `${name}:${attempts.attempt}` } };
}

/** Makes the next attempt due; an error when there is nothing more to try. */
export function retried(
  attempts: Attempts,
  task: TaskPart,
  outcome: Extract<TaskOutcome, { kind: 'failed' | 'unknown' }>,
  context: TurnContext,
): WireError | undefined {
  const after = nextAttempt(task.retry, attempts, outcome, context.random());
  if (attempts.cancelled === true) return outcome.error;
  if (after.kind === 'end') return after.error;
  attempts.attempt = after.attempt;
  if (after.reconcile) attempts.reconcile = true;
  attempts.dueAt = context.now + after.delayMs;
  return undefined;
}

/** Whether an outcome with this token answers them. */
export function answers(attempts: Attempts | undefined, token: string): attempts is Attempts {
  return attempts?.token === token && attempts.dueAt === undefined;
}
