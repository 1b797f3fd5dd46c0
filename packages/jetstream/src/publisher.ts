/**
 * Publishes to streams: at least once, de-duplicated by message id, with bounded in-flight, across reconnects. This is
 * the service around the hot path, which is in `send-window.ts`.
 */
import { createInbox } from '@nats-io/nats-core';
import { type Clock, createService, type Random, type Service, type ServiceState, systemClock, systemRandom } from '@troupe/actor';
import { type ConnectOptions, connectNats, inboxPrefixOf, watchConnection, type WireConnection } from './connection.ts';
import { notPermitted, tooLarge, unavailable } from './publish-errors.ts';
import { type PublishAck, SendWindow, wireOptions } from './send-window.ts';
import { encodeHeaders, type PublishOptions } from './wire-headers.ts';

export { isWrongSequence, type WrongSequence } from './publish-errors.ts';
export type { PublishAck } from './send-window.ts';
export type { PublishOptions } from './wire-headers.ts';

export interface PublisherOptions {
  /** Messages sent and not confirmed; what is over waits its turn. Default 4096. */
  readonly maxInFlight?: number;
  /** The same in bytes. One message may always go. Default 16 MiB. */
  readonly maxInFlightBytes?: number;
  /** Messages that wait for their turn; what is over is refused (`overloaded`). Default 100000. */
  readonly maxQueued?: number;
  /** A message without an answer for so long is sent again; doubles per try up to 10 s. Default 3000. */
  readonly ackTimeoutMs?: number;
  /** A message not confirmed after so long is given up (`unavailable`; it may be stored all the same). Default: never. */
  readonly deadlineMs?: number;
  /** How long `stop` waits for confirmations. Default 5000. */
  readonly stopGraceMs?: number;
  readonly clock?: Clock;
  readonly random?: Random;
}

export interface PublisherStats {
  readonly inFlight: number;
  readonly queued: number;
  readonly confirmed: number;
  readonly sentAgain: number;
  /** Answers to messages that had left: second answers to one message, mostly. */
  readonly late: number;
}

export interface Publisher extends Service {
  /**
   * Resolves when the server has stored it. The body must not be changed before. Rejects with a `TroupeError`:
   * `too_large`, `overloaded` (a bounded stream is full, or too much waits here), `not_permitted`, `conflict`
   * ({@link WrongSequence}), `invalid_options` (a header), `unavailable` (deadline, stopped, closed), `internal`.
   */
  publish(subject: string, body: Uint8Array | string, options?: PublishOptions): Promise<PublishAck>;
  stats(): PublisherStats;
}

/** Over a connection of the caller (also one of the `nats` 2.x package), or over its own. Call `start` before use. */
export function createPublisher(connection: WireConnection | ConnectOptions | string, options: PublisherOptions = {}): Publisher {
  return new NatsPublisher(connection, options);
}

const NO_OPTIONS: PublishOptions = {};

class NatsPublisher implements Publisher {
  private readonly given: WireConnection | ConnectOptions | string;
  private readonly options: PublisherOptions;
  private readonly clock: Clock;
  private readonly service: Service;
  private readonly window: SendWindow;
  private nc!: WireConnection;
  private inbox = '';
  private nextToken = 0;
  private maxPayload = 1_048_576;
  private cleanups: (() => unknown)[] = [];

  constructor(connection: WireConnection | ConnectOptions | string, options: PublisherOptions) {
    this.given = connection;
    this.options = options;
    this.clock = options.clock ?? systemClock;
    this.window = new SendWindow({
      maxInFlight: options.maxInFlight ?? 4_096,
      maxBytes: options.maxInFlightBytes ?? 16 * 1_048_576,
      maxQueued: options.maxQueued ?? 100_000,
      ackTimeoutMs: options.ackTimeoutMs ?? 3_000,
      clock: this.clock,
      random: options.random ?? systemRandom,
    });
    this.service = createService('publisher', { start: () => this.open(), stop: () => this.close() });
  }

  get state(): ServiceState {
    return this.service.state;
  }

  start(): Promise<void> {
    return this.service.start();
  }

  stop(reason?: string): Promise<void> {
    return this.service.stop(reason);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.service.stop('dispose');
  }

  stats(): PublisherStats {
    const { inFlight, queued, confirmed, sentAgain, late } = this.window;
    return { inFlight, queued, confirmed, sentAgain, late };
  }

  publish(subject: string, body: Uint8Array | string, options: PublishOptions = NO_OPTIONS): Promise<PublishAck> {
    return new Promise((resolve, reject) => {
      if (this.service.state !== 'running') {
        reject(unavailable(`the publisher is ${this.service.state}`));
        return;
      }
      const data = typeof body === 'string' ? Buffer.from(body) : body;
      const head = encodeHeaders(options);
      const sizeBytes = data.length + (head?.length ?? 0);
      // unknown between two connections: what the last server said holds
      this.maxPayload = this.nc.info?.max_payload ?? this.maxPayload;
      if (sizeBytes > this.maxPayload) {
        reject(tooLarge(subject, sizeBytes, this.maxPayload));
        return;
      }
      const wire = wireOptions(this.inbox + (this.nextToken++).toString(36), head);
      const deadlineMs = this.options.deadlineMs;
      const giveUpAt = deadlineMs === undefined ? Infinity : this.clock.monotonic() + deadlineMs;
      this.window.add({ subject, body: data, wire, sizeBytes, giveUpAt, resolve, reject, sentAt: 0, tries: 0, retryAt: 0 });
    });
  }

  private async open(): Promise<void> {
    if (typeof this.given === 'object' && 'publish' in this.given) {
      this.nc = this.given;
    } else {
      const own = await connectNats(typeof this.given === 'string' ? { servers: this.given } : this.given);
      this.cleanups.push(() => own.close());
      this.nc = own;
    }
    const { nc, window } = this;
    this.inbox = `${createInbox(inboxPrefixOf(nc))}.`;
    let inboxRefused = false;
    const subscription = nc.subscribe(`${this.inbox}*`, {
      callback(error, message) {
        if (error === null || error === undefined) {
          window.receive(message);
          return;
        }
        inboxRefused = true;
        window.failAll(unavailable('the inbox of the publisher was closed', error));
      },
    });
    this.cleanups.push(() => {
      if (!nc.isClosed()) subscription.unsubscribe();
    });
    this.cleanups.push(
      watchConnection(nc, {
        disconnected: () => window.pause(),
        reconnected: () => window.resume(),
        closed: () => window.failAll(unavailable('the connection was closed')),
        refused(operation, subject) {
          if (operation === 'publish') window.failSubject(subject);
        },
      }),
    );
    window.open(nc);
    // a subscription that is not permitted is told here, not by silence later; a flush that fails is an outage, and passes
    await nc.flush().catch(() => undefined);
    if (inboxRefused) throw notPermitted(`${this.inbox}* (subscribe; does inboxPrefix agree with the permissions?)`);
  }

  private async close(): Promise<void> {
    await this.window.drain(this.options.stopGraceMs ?? 5_000);
    this.window.failAll(unavailable('the publisher was stopped before the confirmation came'));
    for (const cleanup of this.cleanups.splice(0).toReversed()) await cleanup();
  }
}
