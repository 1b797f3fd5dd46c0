/** Mail to an operation that has no record (any more): only what would keep somebody waiting is answered. */
import type { DirectEffect, Effect, Incoming, TurnContext } from '@troupe/actor';
import type { Address } from '@troupe/protocol';
import { rootOf } from '@troupe/throttle';
import type { GrantedMail, OverMail, WatchMail } from '../mail.ts';

/** How long whoever stands behind a quarantined operation waits until it tries again: the one it waits for cannot tell it. */
const QUARANTINED_MS = 30_000;

/** The answer lies in a record of its own until it has left for sure; then nobody needs it. */
const ANSWER_TTL_MS = 3_600_000;

export function strangerAnswers(message: Incoming, context: TurnContext): readonly Effect[] {
  const answers = message.type === 'operation.over' ? passOn(message, context.self) : [answerTo(message, context) ?? []].flat();
  return answers.length === 0 ? [] : [...answers, { type: 'end', ttlMs: ANSWER_TTL_MS }];
}

/**
 * Mail to an operation that is quarantined: it cannot take what it is told of, and those who queue behind it need not wait
 * for its release. Once released it asks again, and stands behind whoever has the resource then.
 */
export function quarantinedAnswers(message: Incoming, self: Address): readonly DirectEffect[] | undefined {
  if (message.type === 'operation.over') {
    const effects = passOn(message, self);
    return effects.length === 0 ? undefined : effects;
  }
  if (message.type !== 'watch') return undefined;
  const { node, queue, waiting, resource } = message.body as unknown as WatchMail;
  const to = waiting === undefined ? message.from : { kind: 'operation', key: waiting };
  if (queue !== true || to === undefined || resource === undefined) return undefined;
  const body = { operation: self.key, node };
  return [
    // only if it is promised: what it owns it keeps until somebody decides what becomes of it
    { type: 'write', write: { op: 'waive', ref: resource, operation: self.key, promise: to.key } },
    { type: 'send', to, at: message.storedAt + QUARANTINED_MS, mail: { type: 'operation.over', body } },
  ];
}

/** The next one in the queue is gone: what was promised to it goes to the one behind it, which is told. */
function passOn(message: Incoming, self: Address): DirectEffect[] {
  const { operation, node, resource, queue = [] } = message.body as unknown as OverMail;
  if (node !== '' || resource === undefined) return [];
  const [first, ...rest] = queue;
  const promise = first === undefined ? {} : { promise: first };
  const waive: DirectEffect = { type: 'write', write: { op: 'waive', ref: resource, operation: self.key, ...promise } };
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
