/**
 * A durable subscription to EVENTS, for whoever must miss nothing: a follower of resources, a sender of webhooks or mail. Its place
 * in the stream is kept by the server under its name, so it goes on where it stood, in this process or another. Each event is
 * handled at least once: it is acknowledged when the handler has resolved, and comes again after a pause when it has thrown.
 */
import { askApi, createPuller, type PulledMessage, type Puller } from '@troupe/jetstream/internal';
import { type Duration, durationMs, type EventMessage, parseEvent, toWireError, TroupeError, type WireError } from '@troupe/protocol';
import { isDenied, notPermitted, readError } from './errors.ts';
import type { Session } from './session.ts';

export interface SubscribeOptions {
  /** Names the place that is kept, 1 to 64 characters of A-Z a-z 0-9 _ -. Subscriptions of one name share the events. */
  readonly name: string;
  /** First words of topics, such as `[['operation'], ['resource', 'volume']]`. Default: everything. Changed for the name if it differs. */
  readonly topics?: readonly (readonly string[])[];
  /** Where a name that is not known yet begins. EVENTS keeps seven days. Default `new`. */
  readonly from?: 'new' | 'oldest';
  /** One after the other, in the order in which they were stored; a failing event holds up the rest. Default false. */
  readonly inOrder?: boolean;
  /** Events at once, of all subscriptions of the name together. Default 16; 1 with `inOrder`. */
  readonly concurrency?: number;
  /** How often one event is handed out at the most; then it is passed over and told as `givenUp`. Default 20, about a quarter of an hour. */
  readonly attempts?: number;
  /** The first pause after a failure; each further one is twice as long, up to a minute. Default `1s`. */
  readonly pause?: Duration;
  /** Told of what goes wrong. */
  readonly onEvent?: (event: SubscriptionEvent) => void;
}

export type SubscriptionEvent =
  /** The handler threw; the event comes again unless it is `givenUp`. */
  | { readonly type: 'failed' | 'givenUp'; readonly event: EventMessage; readonly attempt: number; readonly error: WireError }
  /** No event of a version that is read here. */
  | { readonly type: 'unreadable'; readonly subject: string; readonly error: WireError }
  /** The server refuses pulls: the right is missing, or somebody has removed the name. */
  | { readonly type: 'refused'; readonly reason: string };

/** `attempt` counts from 1. Whatever is done must be safe to do twice: `event.id` is the same every time. */
export type EventHandler = (event: EventMessage, context: { readonly attempt: number }) => Promise<unknown> | unknown;

export interface EventSubscription extends AsyncDisposable {
  /** Asks no more and waits for handlers that run. What was not handled comes to the next subscription of the name. */
  stop(): Promise<void>;
  /** Stops it and gives up its place: the name is as new. */
  remove(): Promise<void>;
}

const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const ACK_WAIT_MS = 30_000;
const EXTEND_EVERY_MS = 10_000;
const PULL_EXPIRES_MS = 10_000;
const PAUSE_LIMIT_MS = 60_000;
const NANOS = 1_000_000;

/** Throws `invalid_options` that names the field, `not_permitted`, `unavailable`. */
export async function subscribe(session: Session, options: SubscribeOptions, handler: EventHandler): Promise<EventSubscription> {
  const { topics = [[]], from = 'new', inOrder = false, attempts = 20, onEvent } = options;
  const wrong = (field: string, why: string): TroupeError => new TroupeError('invalid_options', `${field} ${why}`, { field });
  const concurrency = options.concurrency ?? (inOrder ? 1 : 16);
  if (!NAME.test(options.name)) throw wrong('name', 'must be 1 to 64 characters of A-Z a-z 0-9 _ -');
  if (!Number.isInteger(concurrency) || concurrency < 1) throw wrong('concurrency', 'must be a whole number of 1 or more');
  if (inOrder && concurrency > 1) throw wrong('concurrency', 'must be 1 with inOrder');
  if (!Number.isInteger(attempts) || attempts < 1) throw wrong('attempts', 'must be a whole number of 1 or more');
  if (topics.length === 0) throw wrong('topics', 'must name a topic');
  const pauseMs = durationMs(options.pause ?? '1s', 'pause');
  const { nc } = await session.ready();
  const { subjects, settings } = session;
  const stream = subjects.streams.events;
  // a filter a.b.> leaves out a.b itself
  const filters = topics.flatMap((topic) => {
    const all = subjects.liveFilter(topic).replace(`${subjects.ns}.live.`, `${subjects.ns}.event.`);
    return topic.length === 0 ? [all] : [subjects.event(topic), all];
  });
  await makeConsumer(session, stream, {
    durable_name: options.name,
    ack_policy: 'explicit',
    ack_wait: ACK_WAIT_MS * NANOS,
    deliver_policy: from === 'new' ? 'new' : 'all',
    max_ack_pending: concurrency,
    max_deliver: -1,
    ...(filters.length === 1 ? { filter_subject: filters[0]! } : { filter_subjects: filters }),
  });

  const running = new Set<Promise<void>>();
  const tell = (event: SubscriptionEvent): void => {
    try {
      onEvent?.(event);
    } catch {
      // a listener that throws never breaks the subscription
    }
  };
  const handle = async (message: PulledMessage): Promise<void> => {
    let event: EventMessage;
    try {
      event = parseEvent(message.data);
    } catch (error) {
      tell({ type: 'unreadable', subject: message.subject, error: toWireError(error, 'malformed') });
      return message.ack();
    }
    let cancel = (): void => undefined;
    const renew = (): void => {
      cancel = settings.clock.setTimer(EXTEND_EVERY_MS, () => {
        message.extend();
        renew();
      });
    };
    renew();
    try {
      await handler(event, { attempt: message.deliveries });
      message.ack();
    } catch (thrown) {
      const isOver = message.deliveries >= attempts;
      tell({ type: isOver ? 'givenUp' : 'failed', event, attempt: message.deliveries, error: toWireError(thrown, 'handler_error') });
      if (isOver) message.ack();
      else message.nak(Math.min(PAUSE_LIMIT_MS, Math.max(1, pauseMs * 2 ** (message.deliveries - 1))));
    } finally {
      cancel();
    }
  };
  const puller: Puller = createPuller({
    nc,
    stream,
    durable: options.name,
    demand: () => concurrency - running.size,
    expiresMs: PULL_EXPIRES_MS,
    clock: settings.clock,
    onMessage(message) {
      const work = handle(message).finally(() => {
        running.delete(work);
        puller.wake();
      });
      running.add(work);
    },
    onEvent: (event) => {
      if (event.type === 'pullRefused') tell({ type: 'refused', reason: event.reason });
    },
  });
  puller.start();
  let stopping: Promise<void> | undefined;
  const unhook = session.onWake(() => {
    if (session.isStopped) void subscription.stop();
  });
  const subscription: EventSubscription = {
    stop() {
      stopping ??= (async () => {
        unhook();
        // what the server has sent by now is handled here: nobody else would get it before its hold lapses
        await puller.drain();
        await Promise.all(running);
      })();
      return stopping;
    },
    async remove() {
      await subscription.stop();
      await ask(session, `$JS.API.CONSUMER.DELETE.${stream}.${options.name}`, '');
    },
    [Symbol.asyncDispose]: () => subscription.stop(),
  };
  return subscription;
}

interface ConsumerConfig {
  readonly durable_name: string;
  readonly max_ack_pending: number;
  readonly filter_subject?: string;
  readonly filter_subjects?: readonly string[];
  readonly [field: string]: unknown;
}

interface ApiAnswer {
  readonly error?: { readonly err_code: number; readonly description: string };
  readonly config?: ConsumerConfig;
}

const NOT_FOUND = 10_014;
const TIMEOUT_MS = 5_000;

/**
 * Makes it, or makes it as it should be. One that is there and as it should be is only looked at: the right to make consumers is
 * the right to have messages of the stream sent anywhere, so it may be an administrator who makes it, once.
 */
async function makeConsumer(session: Session, stream: string, config: ConsumerConfig): Promise<void> {
  const { durable_name: name } = config;
  const there = await ask(session, `$JS.API.CONSUMER.INFO.${stream}.${name}`, '', [NOT_FOUND]);
  const is = there.config;
  const same = (a: readonly string[], b: readonly string[]): boolean => a.toSorted().join(' ') === b.toSorted().join(' ');
  const filtersOf = (one: ConsumerConfig): readonly string[] =>
    one.filter_subjects ?? (one.filter_subject === undefined ? [] : [one.filter_subject]);
  if (is !== undefined && is.max_ack_pending === config.max_ack_pending && same(filtersOf(is), filtersOf(config))) return;
  // where it begins is settled when it is made
  const wanted =
    is === undefined ? config : { ...is, ...config, deliver_policy: is['deliver_policy'], filter_subject: config.filter_subject };
  const body = JSON.stringify({ stream_name: stream, config: wanted, action: '' });
  await ask(session, `$JS.API.CONSUMER.CREATE.${stream}.${name}`, body);
}

async function ask(session: Session, api: string, body: string, tolerated: readonly number[] = []): Promise<ApiAnswer> {
  let answer: ApiAnswer;
  try {
    answer = (await askApi(session.connection, api, body, TIMEOUT_MS)).json();
  } catch (error) {
    throw isDenied(error) ? notPermitted(`ask ${api}`, error) : readError(error, 'EVENTS');
  }
  if (answer.error === undefined || tolerated.includes(answer.error.err_code)) return answer;
  throw readError(new Error(answer.error.description), 'EVENTS');
}
