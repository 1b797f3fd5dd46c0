/** Stores what could not be handled, with all that is needed to send it again. */
import { encodeJson, type DeadLetter, isTroupeError, type Subjects, type WireError } from '@troupe/protocol';
import type { Publisher } from './publisher.ts';
import type { PulledMessage } from './puller.ts';

export interface DeadLetters {
  /**
   * Resolves when stored; may be called twice for one message (same id, kept once within the server's window). `attempts` is
   * how often it was tried, as far as that is known better than by deliveries.
   */
  bury(message: PulledMessage, origin: readonly string[], error: WireError, attempts?: number): Promise<void>;
}

export interface DeadLettersOptions {
  readonly publisher: Publisher;
  readonly subjects: Subjects;
  readonly serverNow: () => number;
}

export function createDeadLetters(options: DeadLettersOptions): DeadLetters {
  const { publisher, subjects } = options;
  return {
    async bury(message, origin, error, attempts = message.deliveries) {
      const letter: DeadLetter = {
        v: 1,
        reason: error.code,
        error,
        attempts,
        subject: message.subject,
        headers: message.hasHeaders ? Object.fromEntries([...message.headers()].map(([name, values]) => [name, values[0] ?? ''])) : {},
        ...encodeBody(message.data),
        at: options.serverNow(),
      };
      await storeLetter(publisher, subjects.dead(origin), letter, `${message.stream}.${message.sequence}`);
    },
  };
}

const TEXT_LIMIT_CHARS = 1_000;

/**
 * A letter is larger than what it holds, so what just fitted may not fit any more: then it is kept without the body, and says
 * so. Refused, it would be tried for ever, and nobody would see why.
 */
export async function storeLetter(publisher: Publisher, subject: string, letter: DeadLetter, id: string): Promise<void> {
  try {
    await publisher.publish(subject, encodeJson(letter), { id });
  } catch (error) {
    if (!isTroupeError(error) || error.code !== 'too_large') throw error;
    const { encoding: _, ...rest } = letter;
    const { code, message } = letter.error;
    const omittedBytes = Buffer.byteLength(letter.body);
    const small: DeadLetter = { ...rest, error: { code, message: message.slice(0, TEXT_LIMIT_CHARS) }, body: '', omittedBytes };
    await publisher.publish(subject, encodeJson(small), { id });
  }
}

function encodeBody(data: Uint8Array): { body: string; encoding?: 'base64' } {
  try {
    return { body: new TextDecoder('utf-8', { fatal: true }).decode(data) };
  } catch {
    return { body: Buffer.from(data).toString('base64'), encoding: 'base64' };
  }
}
