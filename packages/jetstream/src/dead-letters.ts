/** Stores what could not be handled, with all that is needed to send it again. */
import { encodeJson, type DeadLetter, type Subjects, type WireError } from '@troupe/protocol';
import type { Publisher } from './publisher.ts';
import type { PulledMessage } from './puller.ts';

export interface DeadLetters {
  /** Resolves when stored; may be called twice for one message (same id, kept once within the server's window). */
  bury(message: PulledMessage, origin: readonly string[], error: WireError): Promise<void>;
}

export interface DeadLettersOptions {
  readonly publisher: Publisher;
  readonly subjects: Subjects;
  readonly serverNow: () => number;
}

export function createDeadLetters(options: DeadLettersOptions): DeadLetters {
  const { publisher, subjects } = options;
  return {
    async bury(message, origin, error) {
      const letter: DeadLetter = {
        v: 1,
        reason: error.code,
        error,
        attempts: message.deliveries,
        subject: message.subject,
        headers: message.hasHeaders ? Object.fromEntries([...message.headers()].map(([name, values]) => [name, values[0] ?? ''])) : {},
        ...encodeBody(message.data),
        at: options.serverNow(),
      };
      await publisher.publish(subjects.dead(origin), encodeJson(letter), { id: `${message.stream}.${message.sequence}` });
    },
  };
}

function encodeBody(data: Uint8Array): { body: string; encoding?: 'base64' } {
  try {
    return { body: new TextDecoder('utf-8', { fatal: true }).decode(data) };
  } catch {
    return { body: Buffer.from(data).toString('base64'), encoding: 'base64' };
  }
}
