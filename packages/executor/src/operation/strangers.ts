/** Mail to an operation that has no record (any more): only what would keep somebody waiting is answered. */
import type { Effect, Incoming, TurnContext } from '@troupe/actor';
import { rootOf } from '@troupe/throttle';
import type { GrantedMail, OverMail, WatchMail } from '../mail.ts';

/** The answer lies in a record of its own until it has left for sure; then nobody needs it. */
const ANSWER_TTL_MS = 3_600_000;

export function strangerAnswers(message: Incoming, context: TurnContext): readonly Effect[] {
  const answers = message.type === 'operation.over' ? passOn(message, context) : [answerTo(message, context) ?? []].flat();
  return answers.length === 0 ? [] : [...answers, { type: 'end', ttlMs: ANSWER_TTL_MS }];
}

/** The next one in the queue is gone: what was promised to it goes to the one behind it, which is told. */
function passOn(message: Incoming, context: TurnContext): Effect[] {
  const { operation, node, resource, queue = [] } = message.body as unknown as OverMail;
  if (node !== '' || resource === undefined) return [];
  const [first, ...rest] = queue;
  const promise = first === undefined ? {} : { promise: first };
  const waive: Effect = { type: 'write', write: { op: 'waive', ref: resource, operation: context.self.key, ...promise } };
  if (first === undefined) return [waive];
  const body = { operation, node, resource: { ...resource }, ...(rest.length === 0 ? {} : { queue: rest }) };
  return [waive, { type: 'send', to: { kind: 'operation', key: first }, mail: { type: 'operation.over', body } }];
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
    default:
      return undefined;
  }
}
