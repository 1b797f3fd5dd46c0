/**
 * How much waits, and for how long: tasks by class and pool, commands at the front door, what throttles hold up, dead letters.
 * Reads only; needs the right to read.
 */
import { askApi, readNext } from '@troupe/jetstream/internal';
import { decodeToken, type QueueClass, queueClasses } from '@troupe/protocol';
import { throttleStatus, type ThrottleStatus } from '@troupe/throttle';
import { listDeadLetters, type StoredDeadLetter } from './dead-letters.ts';
import { isDenied, notPermitted, readError } from './errors.ts';
import type { Reader } from './reader.ts';
import type { Session } from './session.ts';

export interface Backlog {
  /** Not handed to anybody yet. */
  readonly waiting: number;
  /** Handed out and not settled: running, or handed back and to come again. */
  readonly taken: number;
  /** Milliseconds since the oldest one that waits was stored. */
  readonly oldestWaitingMs?: number;
  /** The same of the oldest that was taken. */
  readonly oldestTakenMs?: number;
}

export interface ClassBacklog extends Backlog {
  readonly class: QueueClass;
  readonly pool: string;
}

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

interface ConsumerInfo {
  readonly name: string;
  readonly config: { readonly filter_subject?: string; readonly filter_subjects?: readonly string[] };
  readonly num_pending: number;
  readonly num_ack_pending: number;
  readonly delivered: { readonly stream_seq: number };
}

const TIMEOUT_MS = 5_000;

/** Throws `not_permitted`, `unavailable`. */
export async function readQueues(session: Session, reader: Reader, { shown = 10 }: QueuesOptions = {}): Promise<Queues> {
  await session.ready();
  const { ns, streams } = session.subjects;
  const now = await session.now();
  const consumers = await consumersOf(session, streams.tasks);
  const tasks = await Promise.all(
    consumers.flatMap((consumer) => {
      const [prefix, word, cls, pool] = (consumer.config.filter_subject ?? '').split('.');
      if (prefix !== ns || word !== 'task' || pool === undefined || !queueClasses.includes(cls as QueueClass)) return [];
      return [
        backlogOf(session, streams.tasks, consumer, now).then((log) => ({ class: cls as QueueClass, pool: decodeToken(pool), ...log })),
      ];
    }),
  );
  const [door] = await consumersOf(session, streams.commands);
  const nothing = { waiting: 0, taken: 0 };
  const letters = await countLetters(session);
  return {
    tasks: tasks.sort((a, b) => (a.pool === b.pool ? order(a.class) - order(b.class) : a.pool < b.pool ? -1 : 1)),
    commands: door === undefined ? nothing : await backlogOf(session, streams.commands, door, now),
    mail: { waiting: (await streamInfo(session, streams.mail)).state.messages },
    throttles: await busyThrottles(reader, now, shown),
    deadLetters: { count: letters, newest: letters === 0 ? [] : await listDeadLetters(session, reader, { limit: shown }) },
  };
}

const order = (cls: QueueClass): number => queueClasses.indexOf(cls);

async function backlogOf(session: Session, stream: string, consumer: ConsumerInfo, now: number): Promise<Backlog> {
  const { num_pending: waiting, num_ack_pending: taken, delivered, config } = consumer;
  const filter = config.filter_subject ?? config.filter_subjects?.[0] ?? '>';
  const ageFrom = async (sequence: number, before = Infinity): Promise<number | undefined> => {
    try {
      const message = await readNext(session.connection, stream, filter, sequence);
      return message === undefined || message.sequence > before ? undefined : Math.max(0, now - message.storedAt);
    } catch (error) {
      throw readError(error, stream);
    }
  };
  const oldestWaitingMs = waiting === 0 ? undefined : await ageFrom(delivered.stream_seq + 1);
  // of a work queue the first message that is left is the oldest that was taken
  const oldestTakenMs = taken === 0 ? undefined : await ageFrom(1, delivered.stream_seq);
  return {
    waiting,
    taken,
    ...(oldestWaitingMs === undefined ? {} : { oldestWaitingMs }),
    ...(oldestTakenMs === undefined ? {} : { oldestTakenMs }),
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

/** All of a stream; the server gives them by pages. */
async function consumersOf(session: Session, stream: string): Promise<ConsumerInfo[]> {
  const all: ConsumerInfo[] = [];
  for (;;) {
    const page = await ask<{ total: number; consumers?: ConsumerInfo[] | null }>(session, `$JS.API.CONSUMER.LIST.${stream}`, {
      offset: all.length,
    });
    const more = page.consumers ?? [];
    all.push(...more);
    if (more.length === 0 || all.length >= page.total) return all;
  }
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
