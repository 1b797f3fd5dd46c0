/**
 * How much waits, and for how long: tasks by class and pool, commands at the front door, what throttles hold up, dead letters.
 * Reads only; needs the right to read.
 */
import { askApi, type Backlog, type ClassBacklog, readBacklog, readTaskBacklogs } from '@troupe/jetstream/internal';
import { throttleStatus, type ThrottleStatus } from '@troupe/throttle';
import { listDeadLetters, type StoredDeadLetter } from './dead-letters.ts';
import { isDenied, notPermitted, readError } from './errors.ts';
import type { Reader } from './reader.ts';
import type { Session } from './session.ts';

export type { Backlog, ClassBacklog };

export interface Queues {
  /** Tasks, one entry for each class and pool that has a durable. */
  readonly tasks: readonly ClassBacklog[];
  /** Commands that the front door has not taken yet. */
  readonly commands: Backlog;
  /** Mail that hosts have not folded yet. */
  readonly mail: { readonly waiting: number };
  /** Roots of scopes for which somebody waits or holds something, with the first waiters and their positions. */
  readonly throttles: readonly (ThrottleStatus & { readonly root: string })[];
  readonly deadLetters: { readonly count: number; readonly newest: readonly StoredDeadLetter[] };
}

export interface QueuesOptions {
  /** Waiters of each root, and dead letters, that are shown. Default 10. */
  readonly shown?: number;
}

const TIMEOUT_MS = 5_000;

/** Throws `not_permitted`, `unavailable`. */
export async function readQueues(session: Session, reader: Reader, { shown = 10 }: QueuesOptions = {}): Promise<Queues> {
  await session.ready();
  const { ns, streams } = session.subjects;
  const now = await session.now();
  const at = { nc: session.connection, now };
  const reading = <T>(what: string, work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      throw readError(error, what);
    });
  const tasks = await reading(streams.tasks, readTaskBacklogs(ns, { ...at, stream: streams.tasks }));
  const commands = await reading(streams.commands, readBacklog({ ...at, stream: streams.commands }));
  const nothing = { waiting: 0, taken: 0 };
  const letters = await countLetters(session);
  return {
    tasks,
    commands: commands ?? nothing,
    mail: { waiting: (await streamInfo(session, streams.mail)).state.messages },
    throttles: await busyThrottles(reader, now, shown),
    deadLetters: { count: letters, newest: letters === 0 ? [] : await listDeadLetters(session, reader, { limit: shown }) },
  };
}

async function busyThrottles(reader: Reader, now: number, waiters: number): Promise<(ThrottleStatus & { root: string })[]> {
  const busy: (ThrottleStatus & { root: string })[] = [];
  const keys: string[] = [];
  for await (const { key } of reader.roots('throttle')) keys.push(key);
  for (const root of keys.sort()) {
    const stored = await reader.entity({ kind: 'throttle', key: root });
    if (stored?.record === undefined) continue;
    const status = throttleStatus(root, stored.record, now, { waiters });
    if (status.held + status.waiting > 0 || status.maintenance.length > 0) busy.push({ root, ...status });
  }
  return busy;
}

async function countLetters(session: Session): Promise<number> {
  const { ns, streams } = session.subjects;
  const { state } = await streamInfo(session, streams.dead, { subjects_filter: `${ns}.dead.replayed.*` });
  const marks = Object.values(state.subjects ?? {}).reduce((sum, n) => sum + n, 0);
  return state.messages - marks;
}

interface StreamInfo {
  readonly state: { readonly messages: number; readonly subjects?: Readonly<Record<string, number>> };
}

function streamInfo(session: Session, stream: string, body: object = {}): Promise<StreamInfo> {
  return ask(session, `$JS.API.STREAM.INFO.${stream}`, body);
}

async function ask<T>(session: Session, api: string, body: object): Promise<T> {
  let answer: T & { readonly error?: { readonly description: string } };
  try {
    answer = (await askApi(session.connection, api, JSON.stringify(body), TIMEOUT_MS)).json();
  } catch (error) {
    throw isDenied(error) ? notPermitted(`ask ${api}`, error) : readError(error, api);
  }
  if (answer.error !== undefined) throw readError(new Error(answer.error.description), api);
  return answer;
}
