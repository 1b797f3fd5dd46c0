/** Lists what could not be handled. Needs the right to read DEAD. */
import { type DeadLetter, parseDeadLetter } from '@troupe/protocol';
import { Latest } from './latest.ts';
import { limitOf } from './options.ts';
import type { Reader } from './reader.ts';
import type { Session } from './session.ts';

export interface DeadLetterFilter {
  /** First words of the origin, such as `['command']` or `['mail', 'operation', id]`. Default: all. */
  readonly origin?: readonly string[];
  /** The newest ones. Default 100. */
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

export interface StoredDeadLetter extends DeadLetter {
  /** Its place in the stream. */
  readonly sequence: number;
}

/** Newest first. */
export async function listDeadLetters(session: Session, reader: Reader, filter: DeadLetterFilter): Promise<StoredDeadLetter[]> {
  const { origin = [], signal } = filter;
  const { streams, deadFilter } = session.subjects;
  const found = new Latest<StoredDeadLetter>(limitOf(filter.limit));
  // a filter a.b.> leaves out a.b itself, so it is one word shorter and the last one is looked at here
  const within = origin.length === 0 ? '' : session.subjects.dead(origin);
  for await (const message of reader.messages(streams.dead, deadFilter(origin.slice(0, -1)))) {
    signal?.throwIfAborted();
    if (within !== '' && message.subject !== within && !message.subject.startsWith(`${within}.`)) continue;
    found.push({ ...letterOf(message.data, message.time.getTime()), sequence: message.seq });
  }
  return found.newestFirst();
}

/** A letter that cannot be read is shown all the same: it must not hide the others. */
function letterOf(data: Uint8Array, at: number): DeadLetter {
  try {
    return parseDeadLetter(data);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return {
      v: 1,
      reason: 'malformed',
      error: { code: 'malformed', message },
      attempts: 0,
      subject: '',
      headers: {},
      body: new TextDecoder().decode(data),
      at,
    };
  }
}
