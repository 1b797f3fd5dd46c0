/**
 * Sends a dead letter again: to its original subject, with its original headers and body, once.
 *
 * A mark in DEAD goes before and after: `started` by compare-and-set, so that of many who ask at once one goes first, and
 * `done`. Between the two the message leaves under an id of the letter, so within the server's window it is stored once
 * however often it is sent. Only who dies right between may cause a second one later, and that every receiver tells by
 * its own id: of the operation, the step and its attempt, the verb.
 */
import { isWrongSequence } from '@troupe/jetstream';
import { readDirect } from '@troupe/jetstream/internal';
import { encodeJson, type EventMessage, type Subjects, TroupeError } from '@troupe/protocol';
import { isMark, letterAt, type ReplayMark, type StoredDeadLetter } from './dead-letters.ts';
import { readError } from './errors.ts';
import type { Reader } from './reader.ts';
import type { Session } from './session.ts';

export interface ReplayOptions {
  /** Who wants it: kept with the mark and told in EVENTS. */
  readonly by?: string;
  readonly signal?: AbortSignal;
}

export interface Replayed {
  readonly sequence: number;
  /** Where it went. */
  readonly subject: string;
  /** It had been sent again before: nothing was done. */
  readonly already: boolean;
  /** When it was sent again, epoch milliseconds. */
  readonly at: number;
  readonly by?: string;
}

/** The letter at a place of DEAD, or undefined. */
export async function getDeadLetter(session: Session, reader: Reader, sequence: number): Promise<StoredDeadLetter | undefined> {
  if (!Number.isInteger(sequence) || sequence < 1) {
    throw new TroupeError('invalid_options', 'a dead letter has the number of its place in DEAD, 1 or more', { field: 'sequence' });
  }
  const { nc } = await session.ready();
  const { streams } = session.subjects;
  const stored = await readDirect(nc, streams.dead, sequence).catch((error: unknown) => {
    throw readError(error, streams.dead);
  });
  if (stored === undefined || isMark(session.subjects, stored.subject)) return undefined;
  const mark = await lastMark(session, reader, sequence);
  return letterAt(session.subjects, { subject: stored.subject, seq: stored.sequence, data: stored.data, at: stored.storedAt }, mark);
}

/** See {@link Client.replayDeadLetter}. */
export async function replay(session: Session, reader: Reader, sequence: number, options: ReplayOptions): Promise<Replayed> {
  const { subjects } = session;
  const { by, signal } = options;
  const letter = await getDeadLetter(session, reader, sequence);
  if (letter === undefined) throw new TroupeError('unknown_letter', `there is no dead letter ${sequence}`, { field: 'sequence' });
  const subject = targetOf(subjects, letter);
  if (letter.replayed?.isDone === true) return told(sequence, subject, true, letter.replayed);
  signal?.throwIfAborted();
  const mark: ReplayMark = { v: 1, letter: sequence, isDone: false, at: await session.now(), ...(by === undefined ? {} : { by }) };
  const place = subjects.dead(['replayed', String(sequence)]);
  if (letter.replayed === undefined) {
    try {
      await session.publish(place, encodeJson(mark), { expectLastSubjectSequence: 0 });
    } catch (error) {
      if (!isWrongSequence(error)) throw error;
      // somebody was faster, or our own mark was stored and its confirmation lost: the same id goes out below in either case
      const other = await lastMark(session, reader, sequence);
      if (other?.isDone === true) return told(sequence, subject, true, other);
    }
  }
  const body = letter.encoding === 'base64' ? Buffer.from(letter.body, 'base64') : letter.body;
  await session.publish(subject, body, { id: `replay.${subjects.ns}.${sequence}`, headers: headersOf(letter) });
  await audit(session, letter, subject, mark);
  const done: ReplayMark = { ...mark, isDone: true };
  await session.publish(place, encodeJson(done), { id: `replayed.${sequence}` });
  return told(sequence, subject, false, done);
}

function told(sequence: number, subject: string, already: boolean, { at, by }: { at: number; by?: string }): Replayed {
  return { sequence, subject, already, at, ...(by === undefined ? {} : { by }) };
}

/** Where the original was published to: mail is stored under another subject, with its partition. */
function targetOf(subjects: Subjects, letter: StoredDeadLetter): string {
  const { subject, omittedBytes, sequence } = letter;
  if (omittedBytes !== undefined) {
    throw new TroupeError('too_large', `the body of dead letter ${sequence} was not kept: it had ${omittedBytes} bytes`, {
      field: 'sequence',
      data: { sizeBytes: omittedBytes },
    });
  }
  const task = subjects.parseTask(subject);
  // workers may bury tasks of their pool: what they say of it must not make somebody who may do more send something else
  if (letter.origin[0] === 'task' && (task?.cls !== letter.origin[1] || task?.pool !== letter.origin[2])) {
    throw new TroupeError(
      'malformed',
      `dead letter ${sequence} is of ${letter.origin.join('.')} and says that it was sent to ${JSON.stringify(subject)}`,
      {
        field: 'subject',
      },
    );
  }
  if (subjects.parseCommand(subject) !== undefined || task !== undefined) return subject;
  const tokens = subject.split('.');
  // stored: ns.mail.<partition>.<kind>.<key>.<from>; published, and buried by a host: without the partition
  const isMail = tokens[1] === 'mail';
  const full = tokens.length === (isMail ? 5 : 4) ? [...tokens.slice(0, 2), '0', ...tokens.slice(2)].join('.') : subject;
  const address = subjects.parseMail(full);
  if (address === undefined) {
    throw new TroupeError('malformed', `dead letter ${sequence} says that it was sent to ${JSON.stringify(subject)}, where nothing is`, {
      field: 'subject',
    });
  }
  return address.from === 'timer' ? subjects.due(address.to) : subjects.mail(address.to, address.from);
}

/** Those of the server say how it was stored then, which is not how it is to be stored now. */
function headersOf({ headers }: StoredDeadLetter): [string, string][] {
  return Object.entries(headers).filter(([name]) => !/^nats-/i.test(name));
}

async function audit(session: Session, letter: StoredDeadLetter, subject: string, { at, by }: ReplayMark): Promise<void> {
  const id = `replayed.${letter.sequence}`;
  const body = { sequence: letter.sequence, subject, reason: letter.reason, origin: letter.origin, by: by ?? null };
  const event: EventMessage = { v: 1, id, topic: ['dead', 'replayed', ...letter.origin], at, body };
  await session.publish(session.subjects.event(event.topic), encodeJson(event), { id });
}

async function lastMark(session: Session, reader: Reader, sequence: number): Promise<ReplayMark | undefined> {
  const { streams, dead } = session.subjects;
  let last: ReplayMark | undefined;
  for await (const message of reader.messages(streams.dead, dead(['replayed', String(sequence)]))) {
    last = JSON.parse(message.string()) as ReplayMark;
  }
  return last;
}
