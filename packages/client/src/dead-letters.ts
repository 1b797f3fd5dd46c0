/** Lists what could not be handled. Needs the right to read DEAD. */
import { type DeadLetter, decodeToken, parseDeadLetter, type Subjects } from '@troupe/protocol';
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
  /** Where it was buried, such as `['mail', 'operation', id]` or `['command', executor]`. */
  readonly origin: readonly string[];
  /** Set once somebody has begun to send it again. */
  readonly replayed?: ReplayMark;
}

/** Lies in DEAD itself, under `ns.dead.replayed.<sequence>`: whoever may read letters can see which were sent again. */
export interface ReplayMark {
  readonly v: 1;
  readonly letter: number;
  /** False: somebody began, and nobody knows yet whether it left. Sending it again is safe. */
  readonly isDone: boolean;
  readonly at: number;
  readonly by?: string;
}

/** Newest first. */
export async function listDeadLetters(session: Session, reader: Reader, filter: DeadLetterFilter): Promise<StoredDeadLetter[]> {
  const { origin = [], signal } = filter;
  const { subjects } = session;
  const { streams, deadFilter } = subjects;
  const found = new Latest<Place>(limitOf(filter.limit));
  // a filter a.b.> leaves out a.b itself, so it is one word shorter and the last one is looked at here
  const within = origin.length === 0 ? '' : subjects.dead(origin);
  for await (const { subject, seq, data, time } of reader.messages(streams.dead, deadFilter(origin.slice(0, -1)))) {
    signal?.throwIfAborted();
    if (isMark(subjects, subject) || (within !== '' && subject !== within && !subject.startsWith(`${within}.`))) continue;
    found.push({ subject, seq, data, at: time.getTime() });
  }
  const letters = found.newestFirst();
  const marks = letters.length === 0 ? undefined : await readMarks(session, reader);
  return letters.map((place) => letterAt(subjects, place, marks?.get(place.seq)));
}

async function readMarks(session: Session, reader: Reader): Promise<Map<number, ReplayMark>> {
  const { streams, deadFilter } = session.subjects;
  const marks = new Map<number, ReplayMark>();
  for await (const message of reader.messages(streams.dead, deadFilter(['replayed']))) {
    const mark = JSON.parse(message.string()) as ReplayMark;
    marks.set(mark.letter, mark);
  }
  return marks;
}

export interface Place {
  readonly subject: string;
  readonly seq: number;
  readonly data: Uint8Array;
  readonly at: number;
}

export function isMark({ ns }: Subjects, subject: string): boolean {
  return subject.startsWith(`${ns}.dead.replayed.`);
}

export function letterAt(subjects: Subjects, place: Place, mark: ReplayMark | undefined): StoredDeadLetter {
  const { subject, seq, data, at } = place;
  return {
    ...letterOf(data, at),
    sequence: seq,
    origin: subject.split('.').slice(2).map(readable),
    ...(mark === undefined ? {} : { replayed: mark }),
  };
}

function readable(token: string): string {
  try {
    return decodeToken(token);
  } catch {
    return token;
  }
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
