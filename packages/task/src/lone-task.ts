/**
 * A lone task gets an entity at its first failure: it keeps the message, waits by a timer, and sends the next attempt.
 * Workers never schedule: a stream with schedules lets whoever writes it reach any of its subjects.
 */
import type { Behaviour, Effect, Incoming, TurnContext } from '@troupe/actor';
import type { Json, QueueClass, TaskEnded, TaskMessage } from '@troupe/protocol';
import { nextAttemptMs } from './retry.ts';

interface Lone {
  readonly message: TaskMessage;
  readonly class: QueueClass;
  readonly pool: string;
  attempt: number;
  token: string;
  timer: string | null;
  ended: boolean;
}

export interface LoneTaskState {
  lone: Lone | undefined;
}

const DELAYS_MS = [1_000, 2_000, 4_000, 8_000];
const RESULT_TTL_MS = 86_400_000;

export function loneTaskBehaviour(): Behaviour<LoneTaskState> {
  return {
    kind: 'task',
    mayReceive: ({ sender, type }) => (sender.startsWith('task-') ? type === 'task.ended' || type === 'task.progress' : true),
    activate: (_key, record) => ({ lone: record === undefined ? undefined : { ...(record.root as unknown as Lone) } }),
    receive(state, message, context) {
      if (message.type === 'task.ended') return ended(state, message, context);
      if (message.type === 'timer.retry') return retry(state, message, context);
      return [];
    },
    root: (state) => (state.lone === undefined ? undefined : (state.lone as unknown as Json)),
  };
}

function ended(state: LoneTaskState, incoming: Incoming, context: TurnContext): Effect[] {
  const body = incoming.body as unknown as TaskEnded;
  if (state.lone === undefined) {
    const first = body.message;
    const queue = first === undefined ? undefined : /\.task\.([a-z]+)\.([^.]+)\./.exec(first.subject);
    if (first === undefined || queue === null || queue === undefined) return [];
    state.lone = {
      message: first.body,
      class: queue[1] as QueueClass,
      pool: queue[2]!,
      attempt: first.body.attempt,
      token: first.body.token,
      timer: null,
      ended: false,
    };
  }
  const lone = state.lone;
  if (lone.ended || lone.timer !== null || body.token !== lone.token) return [];
  const { outcome } = body;
  if (outcome.kind === 'failed' || outcome.kind === 'unknown') {
    const policy = { attempts: lone.message.attempts, delaysMs: DELAYS_MS };
    const asked = outcome.kind === 'failed' ? outcome.retryAfterMs : undefined;
    const delay = outcome.kind === 'unknown' ? undefined : nextAttemptMs(policy, lone.attempt, outcome.error, context.random(), asked);
    if (delay !== undefined) {
      lone.timer = context.newId();
      return [{ type: 'send', to: context.self, mail: { type: 'timer.retry', body: null }, at: context.now + delay, id: lone.timer }];
    }
  }
  lone.ended = true;
  const ttlMs = lone.message.resultTtlMs ?? RESULT_TTL_MS;
  return [
    { type: 'result', id: lone.message.id, task: lone.message.task, attempt: lone.attempt, outcome, ttlMs },
    { type: 'end', ttlMs },
  ];
}

function retry(state: LoneTaskState, incoming: Incoming, context: TurnContext): Effect[] {
  const lone = state.lone;
  if (lone === undefined || lone.timer === null || incoming.timer !== lone.timer) return [];
  lone.timer = null;
  lone.attempt++;
  lone.token = context.token();
  const message: TaskMessage = {
    ...lone.message,
    id: `${lone.message.id}:${lone.attempt}`,
    attempt: lone.attempt,
    token: lone.token,
    replyTo: context.self,
    orderedAt: context.now,
  };
  return [{ type: 'task', class: lone.class, pool: lone.pool, message }];
}

/** Whether a lone task's record still waits for this attempt. */
export function wantsLoneAttempt(root: Json, message: TaskMessage): boolean {
  const lone = root as unknown as Lone;
  return !lone.ended && lone.timer === null && lone.token === message.token;
}
