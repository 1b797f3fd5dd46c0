/** What an executor needs to know of tasks. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { QueueClass, TaskOutcome } from '@troupe/protocol';

export interface RetryOptions {
  readonly attempts?: number;
}

/** The part of a task's contract that a plan needs; contracts of the `task` package fit. */
export interface TaskContract<I extends StandardSchemaV1 = StandardSchemaV1, O extends StandardSchemaV1 = StandardSchemaV1> {
  readonly name: string;
  readonly class: QueueClass;
  readonly pool: string;
  readonly idempotent: 'yes' | 'token' | 'no';
  readonly input?: I;
  readonly output?: O;
  readonly retry?: { readonly attempts: number; readonly delaysMs: readonly number[] };
  readonly timeLimitMs?: number;
}

export type InputOf<C extends TaskContract> = C extends TaskContract<infer I> ? StandardSchemaV1.InferInput<I> : unknown;

/** What a stored plan keeps of a task, so that it runs on when the contract has changed or is gone. */
export interface PlanTask {
  readonly name: string;
  readonly pool: string;
  readonly class: QueueClass;
  readonly idempotent: 'yes' | 'token' | 'no';
  readonly timeLimitMs: number;
  readonly attempts: number;
  /** Pauses before the second, third, … attempt; the last one repeats. */
  readonly delaysMs?: readonly number[];
}

export function planTask(contract: TaskContract): PlanTask {
  const { name, pool, idempotent, retry, timeLimitMs = 60_000 } = contract;
  const attempts = retry?.attempts ?? (idempotent === 'no' ? 1 : 5);
  return { name, pool, class: contract.class, idempotent, timeLimitMs, attempts, ...(retry === undefined ? {} : { delaysMs: retry.delaysMs }) };
}

export function withRetry(tasks: Record<string, PlanTask>, name: string, retry: RetryOptions, field: string): string {
  const key = `${name}~${field}`;
  tasks[key] = { ...tasks[name]!, attempts: retry.attempts ?? tasks[name]!.attempts };
  return key;
}

export function spanMs(task: PlanTask): number {
  return task.attempts * task.timeLimitMs;
}

/** Milliseconds until the next attempt; undefined = there is none. */
export function nextDelayMs(task: PlanTask, attempt: number, outcome: Exclude<TaskOutcome, { kind: 'succeeded' }>, random: number): number | undefined {
  const error = outcome.kind === 'cancelled' ? undefined : outcome.error;
  if (attempt >= task.attempts || error?.retryable === false || error?.code === 'fatal') return undefined;
  const asked = outcome.kind === 'failed' ? outcome.retryAfterMs : undefined;
  if (asked !== undefined) return asked;
  const delays = task.delaysMs ?? [1_000, 2_000, 4_000, 8_000];
  return Math.round((delays[Math.min(attempt, delays.length) - 1] ?? 1_000) * (1 + random / 4));
}
