/** Mail to an operation that has no record (any more): only what would keep somebody waiting is answered. */
import type { Effect, Incoming, TurnContext } from '@troupe/actor';
import { rootOf } from '@troupe/throttle';
import type { GrantedMail, WatchMail } from '../mail.ts';

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
      const { node } = message.body as unknown as WatchMail;
      return message.from === undefined
        ? undefined
        : { type: 'send', to: message.from, mail: { type: 'operation.over', body: { operation: context.self.key, node } } };
    }
    default:
      return undefined;
  }
}
