/** Workers in memory: a handler per task, which says what comes out of the n-th message of a step. */
import type { Address, Context, Json, QueueClass, ResourcePatch, TaskEnded, TaskMessage, TaskOutcome, WireError } from '@troupe/protocol';
import { defineTask, type TaskContract, type TaskOptions } from '@troupe/task';

export type Result = TaskOutcome | 'lost' | { readonly outcome: TaskOutcome; readonly afterMs: number };
export type Handler = (message: TaskMessage, call: number) => Result;

/** A contract, as plans are given it. */
export function task(name: string, more: Partial<TaskOptions> = {}): TaskContract {
  return defineTask({ name, pool: 'test', idempotent: 'yes', ...more });
}

export function success(output: Json = null, patch?: ResourcePatch): TaskOutcome {
  return patch === undefined ? { kind: 'succeeded', output } : { kind: 'succeeded', output, patch };
}

export function failure(code = 'handler_error', more: Partial<WireError> = {}): TaskOutcome {
  return { kind: 'failed', error: { code, message: `it failed with ${code}`, ...more } };
}

/** Fails for good: no further attempt. */
export function fatal(code = 'fatal'): TaskOutcome {
  return failure(code, { retryable: false });
}

export interface Workers {
  receive(message: TaskMessage, cls: QueueClass, context: Context, times: number): void;
  work(random?: () => number): void;
  on(name: string, handler: Handler): void;
  readonly idle: number;
  /** Everything that was sent, with its class and context. */
  readonly sent: readonly { readonly message: TaskMessage; readonly class: QueueClass; readonly context: Context }[];
  /** Messages that no worker has answered. */
  readonly lost: readonly TaskMessage[];
  answer(message: TaskMessage, outcome: TaskOutcome): void;
}

export function createWorkers(reply: (to: Address, pool: string, ended: TaskEnded, delayMs: number) => void, now: () => number): Workers {
  const handlers = new Map<string, Handler>();
  const waiting: TaskMessage[] = [];
  const sent: { message: TaskMessage; class: QueueClass; context: Context }[] = [];
  const lost: TaskMessage[] = [];
  const calls = new Map<string, number>();
  const outcomes = new Map<string, Result>();
  const answer = (message: TaskMessage, outcome: TaskOutcome, delayMs = 0): void => {
    if (message.replyTo === undefined) throw new Error('nobody waits for this task');
    reply(
      message.replyTo,
      'test',
      {
        ...(message.step === undefined ? {} : { step: message.step }),
        attempt: message.attempt,
        token: message.token,
        outcome,
        worker: 'w1',
        startedAt: now(),
        endedAt: now(),
      },
      delayMs,
    );
  };
  return {
    receive(message, cls, context, times) {
      sent.push({ message, class: cls, context });
      for (let i = 0; i < times; i++) waiting.push(message);
    },
    work(random) {
      const [message] = waiting.splice(random === undefined ? 0 : Math.floor(random() * waiting.length), 1);
      const key = `${message!.id}`;
      // a second delivery of one message has the outcome of the first: its worker has kept it
      let result = outcomes.get(key);
      if (result === undefined) {
        const call = (calls.get(message!.task) ?? 0) + 1;
        calls.set(message!.task, call);
        result = handlers.get(message!.task)?.(message!, call) ?? success();
        outcomes.set(key, result);
      }
      if (result === 'lost') lost.push(message!);
      else if ('afterMs' in result) answer(message!, result.outcome, result.afterMs);
      else answer(message!, result);
    },
    on: (name, handler) => void handlers.set(name, handler),
    get idle() {
      return waiting.length;
    },
    sent,
    lost,
    answer,
  };
}
