/**
 * One record per attempt, failures included (S24): what a tracer, a log or a metric is made of. Plain data; nothing here knows a
 * tracing library. Its fields and how they become a span of OpenTelemetry are in `docs/spans.md`.
 */
import type { TaskDelivery } from '@troupe/actor/internal';
import type { Context, QueueClass, ResourceRef, TaskMessage, TaskOutcome, WireError } from '@troupe/protocol';

/** `handedBack`: a drain took it from its handler. `abandoned`: the drain's grace was over and it still ran. `crashed`: its thread died. */
export type SpanOutcome = TaskOutcome['kind'] | 'handedBack' | 'abandoned' | 'crashed';

export interface Span {
  readonly type: 'span';
  /** Id of the task message: unique per attempt. */
  readonly id: string;
  readonly task: string;
  readonly class: QueueClass;
  readonly attempt: number;
  readonly operation: string | undefined;
  readonly step: string | undefined;
  readonly resource: ResourceRef | undefined;
  /** Epoch milliseconds, server time. Equal for what was settled without a run: too late, gate closed, given up before it began. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** When the supervisor ordered it: from there to `startedAt` it waited for a worker. */
  readonly orderedAt: number;
  readonly outcome: SpanOutcome;
  /** Code and message; set unless it succeeded, was cancelled or goes on elsewhere. */
  readonly error: Pick<WireError, 'code' | 'message'> | undefined;
  /** It looked first whether an earlier start had its effect. */
  readonly reconcile: boolean;
  readonly worker: string;
  /** User, tenant, correlation, traceparent of whoever ordered it. */
  readonly context: Context;
}

export interface SpanParts {
  readonly message: TaskMessage;
  readonly delivery: TaskDelivery;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly worker: string;
  readonly outcome: SpanOutcome;
  readonly error?: WireError | undefined;
}

export function spanOf({ message, delivery, startedAt, endedAt, worker, outcome, error }: SpanParts): Span {
  return {
    type: 'span',
    id: message.id,
    task: message.task,
    class: delivery.class,
    attempt: message.attempt,
    operation: message.replyTo?.kind === 'operation' ? message.replyTo.key : undefined,
    step: message.step,
    resource: message.resource,
    startedAt,
    endedAt,
    orderedAt: message.orderedAt,
    outcome,
    error: error === undefined ? undefined : { code: error.code, message: error.message },
    reconcile: message.reconcile === true,
    worker,
    context: delivery.context,
  };
}
