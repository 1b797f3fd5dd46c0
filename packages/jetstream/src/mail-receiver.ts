/** From a stored message to a delivery for the entity host. What cannot be read is kept with its reason. */
import { type FreezeGuard, type Incoming } from '@troupe/actor';
import type { Delivery } from '@troupe/actor/internal';
import { contextFromHeaders, isTroupeError, parseMail, type Subjects, toWireError } from '@troupe/protocol';
import type { DeadLetters } from './dead-letters.ts';
import type { PulledMessage } from './puller.ts';

/** A message of a newer version is kept for a receiver that reads it: it comes again after this. */
const NEWER_VERSION_DELAY_MS = 30_000;

export interface MailReceiverOptions {
  readonly subjects: Subjects;
  readonly guard: FreezeGuard;
  readonly deadLetters: DeadLetters;
  readonly deliver: (delivery: Delivery) => void;
  readonly onUndecodable: (subject: string, code: string) => void;
}

export function createMailReceiver(options: MailReceiverOptions): (stream: 'mail' | 'timers', message: PulledMessage) => void {
  const { subjects, guard, deadLetters } = options;
  return (stream, message) => {
    // first of all: after a freeze this message is stale, and the consumers are reset by now
    if (guard.check()) return;
    const address = subjects.parseMail(message.subject);
    try {
      if (address === undefined) throw new RangeError(`not a mailbox: ${message.subject}`);
      const mail = parseMail(message.data);
      const incoming: Incoming = {
        id: mail.id,
        type: mail.type,
        body: mail.body,
        // only the stream of timers, which workers cannot write, may say whose message was put off
        sender: stream === 'timers' ? ((mail.sender as Incoming['sender'] | undefined) ?? 'timer') : (address.from as Incoming['sender']),
        ...(mail.from === undefined ? {} : { from: mail.from }),
        ...(stream === 'timers' && mail.timer !== undefined ? { timer: mail.timer } : {}),
        context: message.hasHeaders ? contextFromHeaders(message.headers()) : {},
        storedAt: message.storedAt,
      };
      options.deliver({
        to: address.to,
        message: incoming,
        ref: { stream, sequence: message.sequence },
        sizeBytes: message.data.length,
        deliveries: message.deliveries,
        tries: stream === 'timers' ? (mail.tries ?? 0) : 0,
        ack: () => message.ack(),
        extend: () => message.extend(),
      });
    } catch (cause) {
      const code = isTroupeError(cause) ? cause.code : 'malformed';
      options.onUndecodable(message.subject, code);
      if (code === 'unsupported_version') {
        message.nak(NEWER_VERSION_DELAY_MS);
        return;
      }
      deadLetters.bury(message, ['mail', 'undecodable'], toWireError(cause, 'malformed')).then(
        () => message.ack(),
        // not stored: it stays where it is and comes again
        () => undefined,
      );
    }
  };
}
