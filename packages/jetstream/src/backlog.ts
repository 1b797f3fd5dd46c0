/** How much of a work queue waits, and for how long, by consumer. Needs `CONSUMER.LIST`, and to read the stream by sequence. */
import type { NatsConnection } from '@nats-io/nats-core';
import { decodeToken, type QueueClass, queueClasses, TroupeError } from '@troupe/protocol';
import { askApi } from './api-request.ts';
import { readNext } from './direct-get.ts';

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

interface ConsumerInfo {
  readonly config: { readonly filter_subject?: string; readonly filter_subjects?: readonly string[] };
  readonly num_pending: number;
  readonly num_ack_pending: number;
  readonly delivered: { readonly stream_seq: number };
}

export interface BacklogOptions {
  readonly nc: NatsConnection;
  readonly stream: string;
  /** Epoch milliseconds, server time. */
  readonly now: number;
}

const TIMEOUT_MS = 5_000;

/** Of TASKS: one entry for each class and pool that has a durable. Throws what the server says. */
export async function readTaskBacklogs(ns: string, options: BacklogOptions): Promise<ClassBacklog[]> {
  const tasks = await Promise.all(
    (await consumersOf(options)).flatMap((consumer) => {
      const [prefix, word, cls, pool] = (consumer.config.filter_subject ?? '').split('.');
      if (prefix !== ns || word !== 'task' || pool === undefined || !queueClasses.includes(cls as QueueClass)) return [];
      return [backlogOf(options, consumer).then((log) => ({ class: cls as QueueClass, pool: decodeToken(pool), ...log }))];
    }),
  );
  return tasks.sort((a, b) => (a.pool === b.pool ? order(a.class) - order(b.class) : a.pool < b.pool ? -1 : 1));
}

/** Of a stream with one consumer; undefined where there is none. Throws what the server says. */
export async function readBacklog(options: BacklogOptions): Promise<Backlog | undefined> {
  const [first] = await consumersOf(options);
  return first === undefined ? undefined : backlogOf(options, first);
}

const order = (cls: QueueClass): number => queueClasses.indexOf(cls);

async function backlogOf({ nc, stream, now }: BacklogOptions, consumer: ConsumerInfo): Promise<Backlog> {
  const { num_pending: waiting, num_ack_pending: taken, delivered, config } = consumer;
  const filter = config.filter_subject ?? config.filter_subjects?.[0] ?? '>';
  const ageFrom = async (sequence: number, before = Infinity): Promise<number | undefined> => {
    const message = await readNext(nc, stream, filter, sequence);
    return message === undefined || message.sequence > before ? undefined : Math.max(0, now - message.storedAt);
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

/** All of a stream; the server gives them by pages. */
async function consumersOf({ nc, stream }: BacklogOptions): Promise<ConsumerInfo[]> {
  const all: ConsumerInfo[] = [];
  for (;;) {
    const body = JSON.stringify({ offset: all.length });
    const page = (await askApi(nc, `$JS.API.CONSUMER.LIST.${stream}`, body, TIMEOUT_MS)).json<{
      readonly total: number;
      readonly consumers?: readonly ConsumerInfo[] | null;
      readonly error?: { readonly description: string };
    }>();
    if (page.error !== undefined) throw new TroupeError('unavailable', page.error.description, { retryable: true });
    const more = page.consumers ?? [];
    all.push(...more);
    if (more.length === 0 || all.length >= page.total) return all;
  }
}
