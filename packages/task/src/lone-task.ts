/**
 * A lone task gets an entity at its first failure: it keeps the message, waits by a timer, and sends the next attempt.
 * Workers never schedule: a stream with schedules lets whoever writes it reach any of its subjects.
 *
 *     (none) ──first failure──▶ pausing ──timer──▶ running ──failure──▶ pausing …
 *                                                     └── success, or nothing more to try ──▶ ended (result, TTL)
 *     (none) ──no worker knows the task──▶ parked ──timer──▶ ended (the same message is sent again, unchanged)
 *
 * `parked` serves steps of operations as well: a worker cannot hold a message that it does not know for long (a message
 * handed back occupies a place among the pending ones of its queue), so it mails it here under a name of its own.
 */
import type { Behaviour, EntityRecord, Effect, Incoming, TurnContext } from '@troupe/actor';
import {
  createSubjects,
  type ErrorCode,
  type Json,
  parseTaskEnded,
  type QueueClass,
  type TaskEnded,
  type TaskMessage,
  type TaskOutcome,
  type WireError,
} from '@troupe/protocol';
import type { TaskContract } from './contract.ts';
import { nextAttempt, retryPolicy, type RetryPolicy } from './retry-policy.ts';

type Phase = 'pausing' | 'running' | 'parked' | 'ended';

interface LoneRoot {
  phase: Phase;
  readonly class: QueueClass;
  readonly pool: string;
  /** The attempt that was sent last. */
  attempt: number;
  /** Its token; an outcome with another one answers nothing. */
  token: string;
  /** What is waited for in `pausing` and `parked`. */
  timer?: string;
  /** The next attempt only looks. */
  reconcile?: boolean;
}

export interface LoneTaskState {
  root: LoneRoot | undefined;
  message: TaskMessage | undefined;
}

export interface LoneTaskBehaviourOptions {
  /** Contracts by name, for their retry policies. A task without one is retried as its message allows, after 1, 2, 4, 8 s. */
  readonly tasks?: ReadonlyMap<string, TaskContract>;
}

const ITEM = 'message';
const RESULT_TTL_MS = 86_400_000;
/** Longer than any second delivery of the mail that made it. */
const PARKED_TTL_MS = 3_600_000;

export function loneTaskBehaviour(options: LoneTaskBehaviourOptions = {}): Behaviour<LoneTaskState> {
  return {
    kind: 'task',
    mayReceive,
    activate: (_key: string, record: EntityRecord | undefined) => ({
      root: record === undefined ? undefined : { ...(record.root as unknown as LoneRoot) },
      message: record?.items.get(ITEM) as TaskMessage | undefined,
    }),
    receive(state, incoming, context) {
      switch (incoming.type) {
        case 'task.ended':
          return state.root === undefined
            ? firstFailure(options, state, incoming, context)
            : attemptEnded(options, state, incoming, context);
        case 'timer.again':
          return sendAgain(state, incoming, context);
        case 'verb.cancel':
          return cancel(state, context);
        default:
          return [];
      }
    },
    root: (state) => state.root as unknown as Json | undefined,
  };
}

/** A worker may hand over messages of its own pool only: what it sends here is sent on with the rights of a supervisor. */
function mayReceive({ sender, type, body }: Incoming): boolean {
  if (sender === 'timer') return type === 'timer.again';
  if (sender === 'verb') return type === 'verb.cancel';
  if (!sender.startsWith('task-')) return false;
  if (type === 'task.progress') return true;
  if (type !== 'task.ended') return false;
  try {
    const { message } = parseTaskEnded(body);
    return message === undefined || sender === `task-${queueOf(message.subject)?.pool}`;
  } catch {
    return false;
  }
}

function queueOf(subject: string): { readonly cls: QueueClass; readonly pool: string } | undefined {
  return createSubjects(subject.slice(0, Math.max(0, subject.indexOf('.')))).parseTask(subject);
}

function firstFailure(options: LoneTaskBehaviourOptions, state: LoneTaskState, incoming: Incoming, context: TurnContext): Effect[] {
  const ended = parseTaskEnded(incoming.body);
  const queue = ended.message === undefined ? undefined : queueOf(ended.message.subject);
  // the outcome of an attempt whose record has expired answers nothing
  if (ended.message === undefined || queue === undefined || !isUnsettled(ended.outcome)) return [];
  const { body } = ended.message;
  state.message = body;
  state.root = { phase: 'running', class: queue.cls, pool: queue.pool, attempt: body.attempt, token: body.token };
  const keep: Effect = { type: 'putItem', item: ITEM, body: body as unknown as Json };
  if (isUnknownTask(ended.outcome)) {
    const { delayMs } = nextAttempt(DEFAULT_POLICY, body, ended.outcome, context.random()) as { delayMs: number };
    return [keep, pause(state.root, 'parked', delayMs, context)];
  }
  const effects = afterFailure(options, state, ended, context);
  return state.root.phase === ('ended' as Phase) ? effects : [keep, ...effects];
}

function attemptEnded(options: LoneTaskBehaviourOptions, state: LoneTaskState, incoming: Incoming, context: TurnContext): Effect[] {
  const ended = parseTaskEnded(incoming.body);
  const { root } = state;
  if (root === undefined || root.phase !== 'running' || ended.token !== root.token) return [];
  return isUnsettled(ended.outcome) ? afterFailure(options, state, ended, context) : end(state, ended.outcome);
}

function afterFailure(options: LoneTaskBehaviourOptions, state: LoneTaskState, ended: TaskEnded, context: TurnContext): Effect[] {
  const root = state.root!;
  const message = state.message!;
  const outcome = ended.outcome as Extract<TaskOutcome, { kind: 'failed' | 'unknown' }>;
  const next = nextAttempt(policyOf(options, message), root, outcome, context.random());
  if (next.kind === 'end') return fail(state, next.error, outcome);
  if (message.deadline !== undefined && context.now + next.delayMs > message.deadline) {
    const error: WireError = {
      code: 'deadline_exceeded' satisfies ErrorCode,
      message: `no time is left for attempt ${next.attempt}`,
      cause: outcome.error,
    };
    return fail(state, error, outcome);
  }
  root.attempt = next.attempt - 1;
  if (next.reconcile) root.reconcile = true;
  return [pause(root, 'pausing', next.delayMs, context)];
}

function pause(root: LoneRoot, phase: 'pausing' | 'parked', delayMs: number, context: TurnContext): Effect {
  root.phase = phase;
  root.timer = context.newId();
  return { type: 'send', to: context.self, mail: { type: 'timer.again', body: null }, at: context.now + delayMs, id: root.timer };
}

function sendAgain(state: LoneTaskState, { timer }: Incoming, context: TurnContext): Effect[] {
  const { root, message } = state;
  if (root?.timer === undefined || timer !== root.timer || message === undefined) return [];
  delete root.timer;
  const queue = { class: root.class, pool: root.pool };
  if (root.phase === 'parked') {
    root.phase = 'ended';
    return [
      { type: 'task', ...queue, message },
      { type: 'end', ttlMs: PARKED_TTL_MS },
    ];
  }
  root.phase = 'running';
  root.attempt++;
  root.token = context.token();
  const next: TaskMessage = {
    ...message,
    id: `${message.id}:${root.attempt}`,
    attempt: root.attempt,
    token: root.token,
    replyTo: context.self,
    orderedAt: context.now,
    ...(root.reconcile === true ? { reconcile: true } : {}),
  };
  return [{ type: 'task', ...queue, message: next }];
}

function cancel(state: LoneTaskState, context: TurnContext): Effect[] {
  const { root, message } = state;
  if (root === undefined || message === undefined || (root.phase !== 'pausing' && root.phase !== 'running')) return [];
  const told: Effect =
    root.timer === undefined
      ? { type: 'signal', pool: root.pool, body: { cancel: `${context.self.key}:${root.attempt}` } }
      : { type: 'cancel', timer: root.timer };
  return [told, ...end(state, { kind: 'cancelled' })];
}

/** A failure that nobody waits for by mail is kept, so that it can be sent again when its cause is gone. */
function fail(state: LoneTaskState, error: WireError, outcome: TaskOutcome): Effect[] {
  const { root, message } = state;
  const origin = ['task', root!.class, root!.pool, message!.task];
  const { class: queueClass, pool } = root!;
  const original = { task: message!, class: queueClass, pool };
  const letter: Effect = { type: 'bury', origin, reason: error.code, error, attempts: root!.attempt, original };
  return [letter, ...end(state, outcome.kind === 'unknown' ? { kind: 'unknown', error } : { kind: 'failed', error })];
}

function end(state: LoneTaskState, outcome: TaskOutcome): Effect[] {
  const root = state.root!;
  const { id, task, resultTtlMs = RESULT_TTL_MS } = state.message!;
  root.phase = 'ended';
  delete root.timer;
  return [
    { type: 'result', id, task, attempt: root.attempt, outcome, ttlMs: resultTtlMs },
    { type: 'end', ttlMs: Math.max(resultTtlMs, RESULT_TTL_MS) },
  ];
}

const DEFAULT_POLICY = retryPolicy();

function policyOf({ tasks }: LoneTaskBehaviourOptions, message: TaskMessage): RetryPolicy {
  return { ...(tasks?.get(message.task)?.retry ?? DEFAULT_POLICY), attempts: message.attempts };
}

function isUnsettled(outcome: TaskOutcome): boolean {
  return outcome.kind === 'failed' || outcome.kind === 'unknown';
}

function isUnknownTask(outcome: TaskOutcome): outcome is Extract<TaskOutcome, { kind: 'failed' }> {
  return outcome.kind === 'failed' && outcome.error.code === ('unknown_task' satisfies ErrorCode);
}

/** Whether a lone task's record still waits for this attempt. */
export function wantsLoneAttempt(root: Json, message: Pick<TaskMessage, 'token'>): boolean {
  const { phase, token } = root as unknown as LoneRoot;
  return phase === 'running' && token === message.token;
}
