/**
 * Whether a schedule is behind: since the oldest nominal time that no run has succeeded for. Whatever the reason is (a run that hangs, penalties,
 * failures, no scheduler), who relies on it wants to know; told once when it has lasted `alarmAfter`, and once when it is over.
 */
import type { Incoming } from '@troupe/actor';
import { durationMs, formatMs } from '@troupe/protocol';
import type { ScheduleRoot } from './state.ts';
import type { Working } from './working.ts';

/** A nominal time has come. */
export function owes({ root }: Working, nominal: number): void {
  root.owedSince ??= nominal;
}

/** A run has succeeded, or nothing is owed any more. */
export function settle(turn: Working, why: string): void {
  const { root, context } = turn;
  if (root.alarm === 'raised') {
    turn.publish('overdueEnded', { since: root.owedSince!, forMs: context.now - root.owedSince!, why });
    delete root.alarm;
  }
  delete root.owedSince;
  armAlarm(turn);
}

/** Makes the timer fit to what is owed and to the definition. */
export function armAlarm(turn: Working): void {
  const { root, context } = turn;
  if (root.alarm === 'raised') return;
  const { alarmAfter } = root.definition;
  const at = root.owedSince === undefined || alarmAfter === undefined ? undefined : root.owedSince + durationMs(alarmAfter);
  if (root.alarm?.at === at) return;
  if (root.alarm !== undefined) turn.effects.push({ type: 'cancel', timer: root.alarm.id });
  delete root.alarm;
  if (at === undefined) return;
  root.alarm = { id: context.newId(), at };
  turn.effects.push(turn.timer('timer.alarm', at, root.alarm.id));
}

export function raiseAlarm(turn: Working, { timer }: Incoming): void {
  const { root, context } = turn;
  if (root.alarm === undefined || root.alarm === 'raised' || root.alarm.id !== timer) return;
  root.alarm = 'raised';
  const forMs = context.now - root.owedSince!;
  const error = root.outcomes.findLast((one) => one.error !== undefined)?.error;
  const text = `nothing has succeeded for ${formatMs(forMs)}${error === undefined ? '' : `; the last error: ${error}`}`;
  turn.publish('overdue', { since: root.owedSince!, forMs, text });
}

/** Milliseconds since the oldest nominal time that no run has succeeded for; 0 if there is none. */
export function behindMs(root: ScheduleRoot, now: number): number {
  if (root.status !== 'active') return 0;
  return Math.max(0, now - Math.min(root.owedSince ?? now, root.next ?? now));
}
