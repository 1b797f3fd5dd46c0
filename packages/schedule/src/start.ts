/** How a run begins and is told to end: by itself as a task, as an operation, or by the entity that does it for the schedule. */
import type { Json, TaskMessage } from '@troupe/protocol';
import type { RunStart } from './delegate.ts';
import { cancelEffect, commandEffect, operationOf } from './execute.ts';
import type { Run } from './state.ts';
import type { Working } from './working.ts';

export function beginRun(turn: Working, run: Run): void {
  const { root, context, key } = turn;
  const { task, each, execute, retain } = root.definition;
  const { id } = run;
  if (task !== undefined) {
    run.task = task;
    return sendAttempt(turn, run, task);
  }
  if (execute !== undefined) {
    run.operation = operationOf(key, id);
    turn.effects.push(commandEffect(key, { id, operation: run.operation }, execute, context.now));
    return;
  }
  root.seq = Math.max((root.seq ?? 0) + 1, context.now);
  const kind = each === undefined ? 'retention' : 'fanout';
  if (root.delegates !== undefined && root.delegates !== kind) tellDelegate(turn, 'run.forget');
  root.delegates = kind;
  run.by = { kind, seq: root.seq };
  const start: RunStart = { seq: root.seq, run: id, ...nominalOf(run), what: (each ?? retain) as unknown as Json };
  tellDelegate(turn, 'run.start', start as unknown as Json);
}

export function sendAttempt({ key, context, effects }: Working, run: Run, task: NonNullable<Run['task']>): void {
  const message: TaskMessage = {
    v: 1,
    id: attemptId(key, run),
    task: task.name,
    input: task.input,
    attempt: run.attempt,
    attempts: task.retry.attempts,
    token: run.token,
    replyTo: context.self,
    step: run.id,
    idempotencyToken: `schedule:${key}:${run.id}`,
    timeLimitMs: task.timeLimitMs,
    orderedAt: context.now,
    ...(run.reconcile === true ? { reconcile: true } : {}),
  };
  effects.push({ type: 'task', class: task.class, pool: task.pool, message });
}

/** False when nobody does the run at this time, who could answer. */
export function tellCancel(turn: Working, run: Run): boolean {
  const { key, effects } = turn;
  if (run.operation !== undefined) effects.push(cancelEffect({ id: run.id, operation: run.operation }));
  else if (run.task === undefined) tellDelegate(turn, 'run.cancel');
  else if (run.timer === undefined) effects.push({ type: 'signal', pool: run.task.pool, body: { cancel: attemptId(key, run) } });
  else {
    effects.push({ type: 'cancel', timer: run.timer });
    return false;
  }
  return true;
}

export function tellDelegate({ root, key, effects }: Working, type: string, body: Json = { seq: root.seq! }): void {
  effects.push({ type: 'send', to: { kind: root.delegates!, key }, mail: { type, body } });
}

function attemptId(key: string, run: Run): string {
  return `schedule:${key}:${run.id}:${run.attempt}`;
}

export function nominalOf({ nominal }: { readonly nominal?: number }): { nominal?: number } {
  return nominal === undefined ? {} : { nominal };
}
