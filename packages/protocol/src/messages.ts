/**
 * What travels. JSON everywhere; every shape carries `v`, so that a receiver can tell a newer sender from a broken one.
 * The JSON Schemas in `schemas.ts` describe the same shapes, and a test holds both against each other.
 */
import type { WireError } from './errors.ts';
import type { Json, JsonObject } from './json.ts';
import type { Address, QueueClass } from './subjects.ts';

export const WIRE_VERSION = 1;

export interface ResourceRef {
  readonly kind: string;
  readonly id: string;
}

/** `ns.command.<executor>`: asks for an operation. The id is chosen by the sender; the same id again is the same operation. */
export interface Command {
  readonly v: 1;
  readonly id: string;
  readonly executor: string;
  /** The resource(s) that the operation takes, all or none. Absent for free-form executors. */
  readonly resource?: ResourceRef;
  readonly resources?: readonly ResourceRef[];
  readonly input?: Json;
  readonly options?: CommandOptions;
  /** RFC 3339. Older than the tombstones of ended operations and unknown: refused (`too_old`). */
  readonly createdAt: string;
  /** Where the answer goes besides `ns.answer.<id>`; only below `_INBOX.`. */
  readonly replyTo?: string;
}

export interface CommandOptions {
  readonly force?: boolean;
  readonly onConflict?: 'reject' | 'queue';
  readonly class?: QueueClass;
}

/** On `ns.answer.<operation>`: first the answer to the command, later the end of the operation. */
export type Answer =
  | { readonly v: 1; readonly operation: string; readonly answer: 'accepted' }
  /** It waits for another operation, as its command asks for (`onConflict: 'queue'`); later comes `accepted` or `rejected`. */
  | { readonly v: 1; readonly operation: string; readonly answer: 'queued'; readonly behind: string }
  | {
      readonly v: 1;
      readonly operation: string;
      readonly answer: 'duplicate';
      readonly status: OperationStatus;
      /** Of an operation that has ended, as far as it is still known: whoever missed the end may ask again by the same command. */
      readonly outcome?: Outcome;
      readonly output?: Json;
      readonly error?: WireError;
    }
  | { readonly v: 1; readonly operation: string; readonly answer: 'rejected'; readonly error: WireError }
  | {
      readonly v: 1;
      readonly operation: string;
      readonly answer: 'ended';
      readonly outcome: Outcome;
      readonly output?: Json;
      readonly error?: WireError;
    };

/** How an operation ended (SEMANTICS: outcomes). */
export type Outcome = 'succeeded' | 'failed' | 'cancelled' | 'superseded' | 'aborted' | 'rejected';
export type OperationStatus = 'accepting' | 'running' | 'cancelling' | 'paused' | 'parked' | 'ended';
export type StepOutcomeKind = 'succeeded' | 'failed' | 'skipped' | 'superseded' | 'cancelled';

/** What lies in a mailbox: `ns.mail.…` and `ns.due.…`. The context travels in headers. */
export interface Mail {
  readonly v: 1;
  /** The effect id of the sender, or any unique id of an outside sender. */
  readonly id: string;
  readonly type: string;
  readonly body: Json;
  /** The entity that sent it, where an entity did. */
  readonly from?: Address;
  /** Set on what a timer brought: the effect id that the state must name for the message to count. */
  readonly timer?: string;
  /** How often this message was put off because its turn threw. */
  readonly tries?: number;
  /** Kept by a message that was put off, so that the sender's rights stay those of the original. */
  readonly sender?: string;
}

/** `ns.task.<class>.<pool>.<name>`: one attempt of one step, or a task sent alone. */
export interface TaskMessage {
  readonly v: 1;
  /** Unique per attempt; for a lone task its id (results live under it). */
  readonly id: string;
  readonly task: string;
  readonly input: Json;
  /** Counts from 1. A crash does not raise it. */
  readonly attempt: number;
  /** How many attempts the policy allows, for the handler's information. */
  readonly attempts: number;
  /** The entity that waits for the outcome; absent for a lone task before its first failure. */
  readonly replyTo?: Address;
  /** The step within the operation that asked. */
  readonly step?: string;
  /** Random per attempt: an outcome without it is refused, so a worker can only answer what it was asked. */
  readonly token: string;
  readonly resource?: ResourceRef;
  readonly fence?: { readonly epoch: number; readonly lease?: number };
  /** Same for every attempt of a step: what a handler hands to a backend that knows client tokens. */
  readonly idempotencyToken: string;
  /** Time limit of the attempt in milliseconds. */
  readonly timeLimitMs: number;
  /** Epoch milliseconds (server time) past which the attempt must not start. */
  readonly deadline?: number;
  /** Epoch milliseconds (server time) of the commit that ordered it. */
  readonly orderedAt: number;
  /** Run `reconcile` instead of the handler: an earlier attempt's outcome is unknown. */
  readonly reconcile?: boolean;
  /** Keep the result of a lone task for so long. */
  readonly resultTtlMs?: number;
}

/** What a handler may change on the resource besides its outputs (D2): declared fields, written by the supervisor. */
export interface ResourcePatch {
  readonly runtimeState?: string;
  readonly backendId?: string;
  readonly data?: JsonObject;
}

export type TaskOutcome =
  | { readonly kind: 'succeeded'; readonly output: Json; readonly patch?: ResourcePatch }
  | { readonly kind: 'failed'; readonly error: WireError; readonly retryAfterMs?: number; readonly userMessage?: string }
  /** The effect may have happened and may not be repeated: only `reconcile` can tell. */
  | { readonly kind: 'unknown'; readonly error: WireError }
  | { readonly kind: 'cancelled' };

/** Mail types a worker may send; everything else from `task-<pool>` is refused by the host. */
export const taskMailTypes = ['task.ended', 'task.progress'] as const;

/** Body of the mail `task.ended`. */
export interface TaskEnded {
  readonly step?: string;
  readonly attempt: number;
  readonly token: string;
  readonly outcome: TaskOutcome;
  readonly worker: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** For a lone task whose first attempt failed: the message, so that its new entity can send it again. */
  readonly message?: { readonly subject: string; readonly body: TaskMessage };
}

/** On `ns.event.<topic>`. */
export interface EventMessage {
  readonly v: 1;
  readonly id: string;
  readonly topic: readonly string[];
  /** Epoch milliseconds, server time. */
  readonly at: number;
  readonly body: Json;
}

/** On `ns.dead.<origin>`: what could not be handled, with all that is needed to send it again. */
export interface DeadLetter {
  readonly v: 1;
  readonly reason: string;
  readonly error: WireError;
  readonly attempts: number;
  readonly subject: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Text if it was UTF-8, else base64 with `encoding`. */
  readonly body: string;
  readonly encoding?: 'base64';
  /** The body was too large to be kept with all that is said about it: it had so many bytes, and cannot be sent again. */
  readonly omittedBytes?: number;
  readonly at: number;
}

/** On `ns.result.<id>`. */
export interface TaskResult {
  readonly v: 1;
  readonly id: string;
  readonly task: string;
  readonly attempt: number;
  readonly outcome: TaskOutcome;
  readonly endedAt: number;
}
