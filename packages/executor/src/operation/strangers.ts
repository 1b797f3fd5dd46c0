/** Mail to an operation that has no record (any more): only what would keep somebody waiting is answered. */
import type { Effect, Incoming, TurnContext } from '@troupe/actor';
import { rootOf } from '@troupe/throttle';
import type { GrantedMail, OverMail, WatchMail } from '../mail.ts';

/** The answer lies in a record of its own until it has left for sure; then nobody needs it. */
const ANSWER_TTL_MS = 3_600_000;

export function strangerAnswers(message: Incoming, context: TurnContext): readonly Effect[] {
  const answer = answerTo(message, context);
  return answer === undefined ? [] : [answer, { type: 'end', ttlMs: ANSWER_TTL_MS }];
}

function answerTo(message: Incoming, context: TurnContext): Effect | undefined {
  switch (message.type) {
    case 'throttle.granted': {
      const { lease, scope } = message.body as unknown as GrantedMail;
      return { type: 'send', to: { kind: 'throttle', key: rootOf(scope) }, mail: { type: 'release', body: { lease } } };
    }
    case 'throttle.asked': {
      const { lease } = message.body as { lease: string };
      return message.from === undefined
        ? undefined
        : { type: 'send', to: message.from, mail: { type: 'holding', body: { lease, holds: false } } };
    }
    case 'watch': {
      const { node, waiting } = message.body as unknown as WatchMail;
      const to = waiting === undefined ? message.from : { kind: 'operation', key: waiting };
      return to === undefined
        ? undefined
        : { type: 'send', to, mail: { type: 'operation.over', body: { operation: context.self.key, node } } };
    }
    // the next one in the queue is gone: the one behind it is the next
    case 'operation.over': {
      const { operation, node, queue } = message.body as unknown as OverMail;
      const [first, ...rest] = queue ?? [];
      if (first === undefined || node !== '') return undefined;
      const body = { operation, node, ...(rest.length === 0 ? {} : { queue: rest }) };
      return { type: 'send', to: { kind: 'operation', key: first }, mail: { type: 'operation.over', body } };
    }
    default:
      return undefined;
  }
}
