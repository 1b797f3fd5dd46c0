/**
 * A durable subscription to EVENTS, for whoever must miss nothing: a follower of resources, a sender of webhooks or mail. Its place
 * in the stream is kept by the server under its name, so it goes on where it stood, in this process or another. Each event is
 * handled at least once: it is acknowledged when the handler has resolved, and comes again after a pause when it has thrown.
 */
import { createPuller, type PulledMessage, type Puller } from '@troupe/jetstream/internal';
import { type Duration, durationMs, type EventMessage, parseEvent, toWireError, type WireError } from '@troupe/protocol';
import type { Session } from './session.ts';
import { prepareSubscription, removeSubscription, type SubscriptionPlace, wrong } from './subscription-place.ts';

export interface SubscribeOptions extends SubscriptionPlace {
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

const EXTEND_EVERY_MS = 10_000;
const PULL_EXPIRES_MS = 10_000;
const PAUSE_LIMIT_MS = 60_000;

/** Throws `invalid_options` that names the field, `not_permitted`, `unavailable`. */
export async function subscribe(session: Session, options: SubscribeOptions, handler: EventHandler): Promise<EventSubscription> {
  const { attempts = 20, onEvent } = options;
  if (!Number.isInteger(attempts) || attempts < 1) throw wrong('attempts', 'must be a whole number of 1 or more');
  const pauseMs = durationMs(options.pause ?? '1s', 'pause');
  const { concurrency } = await prepareSubscription(session, options);
  const { nc } = await session.ready();
  const { settings } = session;
  const stream = session.subjects.streams.events;

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
      await removeSubscription(session, options.name);
    },
    [Symbol.asyncDispose]: () => subscription.stop(),
  };
  return subscription;
}
