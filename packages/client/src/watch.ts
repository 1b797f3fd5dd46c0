/** Live events: what happens from now on, at most once. What happened is in EVENTS and in the records. */
import { type EventMessage, parseEvent, TroupeError } from '@troupe/protocol';
import { isDenied, notPermitted, stopped } from './errors.ts';
import type { Session } from './session.ts';
import { onAbort } from './waiting.ts';

export interface WatchOptions {
  /** First words of topics, such as `[['operation'], ['resource', 'volume']]`. Default: everything. */
  readonly topics?: readonly (readonly string[])[];
  /** Events kept for a reader who is slow; older ones are dropped and counted. Default 10000. */
  readonly maxWaiting?: number;
  readonly signal?: AbortSignal;
}

export interface EventFeed extends AsyncIterable<EventMessage> {
  /** Events that came and were dropped, because nobody read them in time or they could not be read. */
  readonly dropped: number;
  stop(): void;
}

/** Resolves when the server has the subscriptions: nothing after that is missed while the connection stands. */
export async function watch(session: Session, { topics = [[]], maxWaiting = 10_000, signal }: WatchOptions): Promise<EventFeed> {
  if (!Number.isInteger(maxWaiting) || maxWaiting < 1)
    throw new TroupeError('invalid_options', 'maxWaiting is a whole number of 1 or more', { field: 'maxWaiting' });
  signal?.throwIfAborted();
  const { nc } = await session.ready();
  const feed = new Feed(maxWaiting);
  const { live, liveFilter } = session.subjects;
  // a filter a.b.> leaves out a.b itself
  const subjects = topics.flatMap((topic) => (topic.length === 0 ? [liveFilter(topic)] : [live(topic), liveFilter(topic)]));
  const subscriptions = subjects.map((subject) =>
    nc.subscribe(subject, {
      callback(error, message) {
        if (error === null || error === undefined) feed.take(message.data);
        else feed.end(isDenied(error) ? notPermitted(`subscribe to ${subject}`, error) : error);
      },
    }),
  );
  const unhookSignal = signal === undefined ? undefined : onAbort(signal, () => feed.end(signal.reason));
  const unhook = session.onWake(() => {
    if (session.isStopped) feed.end(stopped());
  });
  feed.onEnd = () => {
    unhook();
    unhookSignal?.();
    for (const subscription of subscriptions) if (!nc.isClosed()) subscription.unsubscribe();
  };
  await nc.flush().catch(() => undefined);
  return feed;
}

class Feed implements EventFeed {
  dropped = 0;
  onEnd = (): void => undefined;
  private readonly limit: number;
  private waiting: EventMessage[] = [];
  private isOver = false;
  private error: unknown;
  private wake = (): void => undefined;

  constructor(limit: number) {
    this.limit = limit;
  }

  take(data: Uint8Array): void {
    try {
      this.waiting.push(parseEvent(data));
    } catch {
      this.dropped++;
      return;
    }
    if (this.waiting.length > this.limit) {
      this.waiting.shift();
      this.dropped++;
    }
    this.wake();
  }

  stop(): void {
    this.end(undefined);
  }

  end(error: unknown): void {
    if (this.isOver) return;
    this.isOver = true;
    this.error = error;
    this.onEnd();
    this.wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<EventMessage> {
    try {
      for (;;) {
        for (const event of this.waiting.splice(0)) yield event;
        if (this.waiting.length > 0) continue;
        if (this.isOver) break;
        await new Promise<void>((resolve) => (this.wake = resolve));
      }
      if (this.error !== undefined) throw this.error;
    } finally {
      this.stop();
    }
  }
}
