/** What a stored plan keeps of a task, so that it runs on when the contract has changed or is gone. */
import {
  type Idempotency,
  nextAttemptMs,
  retryDelayMs,
  type RetryOptions,
  type RetryPolicy,
  retryPolicy,
  type TaskContract,
  type TaskOptions,
} from '@troupe/task';
import { isTroupeError, type QueueClass, type TaskOutcome } from '@troupe/protocol';
import { countAt, knownKeys, msAt, wrong } from './checks.ts';

export interface PlanTask extends RetryPolicy {
  readonly name: string;
  readonly pool: string;
  readonly class: QueueClass;
  readonly idempotent: Idempotency;
  readonly timeLimitMs: number;
  readonly gate?: string;
}

export function planTask({ name, pool, class: cls, idempotent, timeLimitMs, retry, gate }: TaskContract): PlanTask {
  return { name, pool, class: cls, idempotent, timeLimitMs, ...retry, ...(gate === undefined ? {} : { gate }) };
}

/** A variant of a task for one step, which has its own policy; returns its key in the table. */
export function withRetry(tasks: Record<string, PlanTask>, name: string, retry: NonNullable<TaskOptions['retry']>, field: string): string {
  knownKeys(retry, ['attempts', 'delays', 'backoff', 'jitter'], field);
  const task = tasks[name]!;
  const variant: PlanTask = {
    ...task,
    ...(retry.attempts === undefined ? {} : { attempts: countAt(retry.attempts, `${field}.attempts`, 1) }),
    ...(retry.delays === undefined ? {} : { delaysMs: retry.delays.map((delay, i) => msAt(delay, `${field}.delays.${i}`)) }),
    ...growth(retry, field),
  };
  // steps that ask for the same share an entry: two thousand of them must not make the table long
  const key = `${name}~${variant.attempts}~${variant.delaysMs.join(',')}${variant.jitter === undefined ? '' : `~${variant.jitter}`}`;
  tasks[key] = variant;
  return key;
}

/** Pauses that grow, and jitter, as a contract states them; what the contract would refuse is refused at its place in the plan. */
function growth({ delays, backoff, jitter }: RetryOptions, field: string): Partial<RetryPolicy> {
  if (backoff === undefined && jitter === undefined) return {};
  if (backoff !== undefined && delays !== undefined) throw wrong(`${field}.backoff`, 'excludes delays');
  try {
    const { delaysMs } = retryPolicy({ ...(backoff === undefined ? {} : { backoff }), ...(jitter === undefined ? {} : { jitter }) });
    return { ...(backoff === undefined ? {} : { delaysMs }), ...(jitter === undefined ? {} : { jitter }) };
  } catch (error) {
    if (!isTroupeError(error)) throw error;
    throw wrong(`${field}${(error.field ?? '').replace(/^retry/, '')}`, error.message);
  }
}

/** Longest time that all attempts together may take, jitter included. */
export function spanMs(task: PlanTask): number {
  let pauses = 0;
  for (let n = 1; n < Math.min(task.attempts, 1_000); n++) pauses += retryDelayMs(task, n, 1);
  return task.attempts * task.timeLimitMs + Math.ceil(pauses);
}

/** Milliseconds until the next attempt; undefined = there is none. */
export function nextDelayMs(
  task: PlanTask,
  attempt: number,
  outcome: Exclude<TaskOutcome, { kind: 'succeeded' }>,
  random: number,
): number | undefined {
  const error = outcome.kind === 'cancelled' ? { code: 'cancelled', message: 'given up' } : outcome.error;
  return nextAttemptMs(task, attempt, error, random, outcome.kind === 'failed' ? outcome.retryAfterMs : undefined);
}
