/** A task sent alone, without an executor: the result lies under its id. */
import type { Json, QueueClass, TaskMessage } from '@troupe/protocol';
import type { SentInputOf, TaskContract } from './contract.ts';
import { validated } from './schema.ts';

export interface LoneTaskOptions {
  /** Unique; the result is kept under it. The same id within the de-duplication window is the same task. */
  readonly id: string;
  readonly token: string;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly resultTtlMs?: number;
}

/** Validates the input and builds the message with its queue. Throws `invalid_input` naming the field. */
export async function taskMessage<C extends TaskContract>(
  contract: C,
  input: SentInputOf<C>,
  options: LoneTaskOptions,
): Promise<{ readonly class: QueueClass; readonly pool: string; readonly message: TaskMessage }> {
  // the input travels as it was given: what a schema fills in or converts is done once, by the worker
  await validated(contract.input, input, 'input', 'invalid_input');
  return {
    class: contract.class,
    pool: contract.pool,
    message: {
      v: 1,
      id: options.id,
      task: contract.name,
      input: (input ?? null) as Json,
      attempt: 1,
      attempts: contract.retry.attempts,
      token: options.token,
      idempotencyToken: options.id,
      timeLimitMs: contract.timeLimitMs,
      orderedAt: options.now,
      ...(options.resultTtlMs === undefined ? {} : { resultTtlMs: options.resultTtlMs }),
    },
  };
}
