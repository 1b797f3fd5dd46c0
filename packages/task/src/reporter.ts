/** Where outcomes go. Everything here resolves when it is stored; only then may the task be acknowledged. */
import type { TaskDelivery, TaskReply } from '@troupe/actor/internal';
import {
  type Address,
  type ErrorCode,
  isTroupeError,
  type Json,
  type TaskEnded,
  type TaskMessage,
  type TaskOutcome,
  type WireError,
} from '@troupe/protocol';
import type { Persistence } from './persistence.ts';

export interface ReporterOptions {
  readonly source: TaskReply & { serverNow(): number };
  readonly persist: Persistence;
  /** Named in outcomes. */
  readonly worker: string;
}

const RESULT_TTL_MS = 86_400_000;

export class Reporter {
  private readonly options: ReporterOptions;

  constructor(options: ReporterOptions) {
    this.options = options;
  }

  get worker(): string {
    return this.options.worker;
  }

  /**
   * Stores the outcome of an attempt: by mail to whoever waits; the success of a lone task as its result; its failure by
   * mail to the entity that it gets by that, message included.
   */
  async report(delivery: TaskDelivery, message: TaskMessage, outcome: TaskOutcome, startedAt: number | undefined): Promise<void> {
    const { source, persist } = this.options;
    const endedAt = source.serverNow();
    const { id, task, attempt, replyTo } = message;
    if (replyTo === undefined && (outcome.kind === 'succeeded' || outcome.kind === 'cancelled')) {
      return persist(() => source.result({ v: 1, id, task, attempt, outcome, endedAt }, message.resultTtlMs ?? RESULT_TTL_MS));
    }
    const ended = this.ended(message, outcome, startedAt ?? endedAt, endedAt);
    const mailId = `${id}.${message.token}`;
    if (replyTo !== undefined) return this.mail(replyTo, mailId, ended, delivery);
    return this.mail({ kind: 'task', key: id }, mailId, { ...ended, message: { subject: delivery.subject, body: message } }, delivery);
  }

  /**
   * Gives a message that nobody here knows to an entity, which sends it again, unchanged, after a while. Held here or
   * handed back again and again, enough of them would fill the places for pending messages and stop their whole queue.
   */
  async park(delivery: TaskDelivery, message: TaskMessage): Promise<void> {
    const error: WireError = { code: 'unknown_task' satisfies ErrorCode, message: `no worker of the pool knows ${message.task} yet` };
    const now = this.options.source.serverNow();
    const ended = this.ended(message, { kind: 'failed', error }, now, now);
    // named by the place in the queue: the same message that comes back later is another case
    const key = `${message.id}@${delivery.sequence}`;
    await this.mail({ kind: 'task', key }, key, { ...ended, message: { subject: delivery.subject, body: message } }, delivery);
  }

  async bury(delivery: TaskDelivery, error: WireError, attempts: number): Promise<void> {
    await this.options.persist(() => this.options.source.bury(delivery, error, attempts));
  }

  private ended(message: TaskMessage, outcome: TaskOutcome, startedAt: number, endedAt: number): TaskEnded {
    const { attempt, token, step } = message;
    return { attempt, token, outcome, worker: this.options.worker, startedAt, endedAt, ...(step === undefined ? {} : { step }) };
  }

  /** An outcome too large to travel becomes one that says so: it must never keep its step waiting. */
  private async mail(to: Address, id: string, body: TaskEnded, delivery: TaskDelivery): Promise<void> {
    const { source, persist } = this.options;
    const send = (mailId: string, ended: TaskEnded): Promise<void> =>
      persist(() => source.mail(to, { id: mailId, type: 'task.ended', body: ended as unknown as Json }, delivery.context));
    try {
      await send(id, body);
    } catch (thrown) {
      if (!isTroupeError(thrown) || thrown.code !== ('too_large' satisfies ErrorCode)) throw thrown;
      const error: WireError = {
        code: 'output_too_large' satisfies ErrorCode,
        message: `the outcome is too large to travel: ${thrown.message}`,
        retryable: false,
      };
      await send(`${id}.small`, { ...body, outcome: { kind: 'failed', error } });
    }
  }
}
