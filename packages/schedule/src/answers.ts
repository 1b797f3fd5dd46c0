/** What a schedule waits for: its timers, its attempts, and the entities that it asked or that do its runs. */
import type { Incoming } from '@troupe/actor';
import { type Json, parseTaskEnded } from '@troupe/protocol';
import { raiseAlarm } from './alarm.ts';
import type { BreakerAnswer } from './breaker/state.ts';
import type { RunEnded } from './delegate.ts';
import type { OperationSays } from './execute.ts';
import type { Turn } from './turn.ts';

/** Undefined: it is no answer, but a verb or nothing. */
export function mayAnswer({ sender, type, from }: Incoming): boolean | undefined {
  if (type.startsWith('timer.')) return sender === 'timer';
  if (type.startsWith('run.')) return sender === 'entity' && (from?.kind === 'fanout' || from?.kind === 'retention');
  if (type.startsWith('child.')) return sender === 'entity' && from?.kind === 'operation';
  if (type === 'breaker.answer') return sender === 'entity' && from?.kind === 'breaker';
  if (type === 'task.ended' || type === 'task.progress') return sender.startsWith('task-');
  return undefined;
}

/** Each answers what the state names, or changes nothing. */
export function takeAnswer(turn: Turn, message: Incoming): void {
  const { type, from } = message;
  const body = message.body as unknown;
  switch (type) {
    case 'timer.tick':
      return turn.tick(message);
    case 'timer.again':
      return turn.again(message);
    case 'timer.alarm':
      return raiseAlarm(turn, message);
    case 'task.ended':
      return turn.attemptEnded(parseTaskEnded(body as Json));
    case 'run.started':
    case 'run.ended':
      return from?.key === turn.key && from.kind === turn.root.run?.by?.kind ? turn.delegateSays(type, body as RunEnded) : undefined;
    case 'child.answered':
    case 'child.ended':
      return turn.operationSays(type, body as OperationSays);
    case 'breaker.answer':
      // that it answers the question is said by its number: the scope may have been changed since
      return turn.breakerSays(body as BreakerAnswer);
  }
}
