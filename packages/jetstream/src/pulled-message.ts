/** One delivered message with its hold. Everything but the place in the stream is read only when asked for. */
import type { NatsConnection } from '@nats-io/nats-core';
import type { WireConnection, WireHeaders, WireMessage } from './connection.ts';

export interface PulledMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly hasHeaders: boolean;
  headers(): Iterable<readonly [string, readonly string[]]>;
  /** The first value of a header, or undefined. Names as they were sent. */
  header(name: string): string | undefined;
  readonly stream: string;
  readonly sequence: number;
  /** Counts from 1. Proves nothing after a freeze: a thawed owner was seen to raise it for healthy messages. */
  readonly deliveries: number;
  /** When the server stored it, epoch milliseconds. */
  readonly storedAt: number;
  /** Removes it from a work queue. Fire and forget: a lost one means a second delivery. */
  ack(): void;
  /** Resolves true when the server has confirmed the acknowledgement, false when it did not answer: it may come again. */
  ackConfirmed(): Promise<boolean>;
  /** Renews the hold. */
  extend(): void;
  /** Hands it back, to come again after `delayMs` (at least 1: without a delay it would come at once, past any backoff). */
  nak(delayMs: number): void;
}

const ACK = Buffer.from('+ACK');
const EXTEND = Buffer.from('+WPI');
const NO_HEADERS: [string, string[]][] = [];
const CONFIRM_TIMEOUT_MS = 2_000;
const CONFIRM_TRIES = 3;

export interface AckPlace {
  readonly deliveries: number;
  readonly sequence: number;
  readonly storedAt: number;
}

/**
 * Reads the reply subject of a delivery, in both forms:
 * `$JS.ACK.<stream>.<consumer>.<deliveries>.<sequence>.<consumer sequence>.<nanoseconds>.<pending>` and
 * `$JS.ACK.<domain>.<account>.<stream>.…` with an optional last token. Undefined for anything else.
 */
export function parseAckSubject(reply: string): AckPlace | undefined {
  if (!reply.startsWith('$JS.ACK.')) return undefined;
  let dots = 0;
  for (let i = 0; i < reply.length; i++) if (reply.charCodeAt(i) === DOT) dots++;
  const first = dots === 8 ? 4 : dots >= 10 ? 6 : -1;
  if (first < 0) return undefined;
  let at = 0;
  for (let skipped = 0; skipped < first; skipped++) at = reply.indexOf('.', at) + 1;
  const deliveries = digits(reply, at, reply.indexOf('.', at));
  at = reply.indexOf('.', at) + 1;
  const sequence = digits(reply, at, reply.indexOf('.', at));
  at = reply.indexOf('.', reply.indexOf('.', at) + 1) + 1;
  // nanoseconds do not fit a number: the last six digits are left out
  const storedAt = digits(reply, at, reply.indexOf('.', at) - 6);
  return { deliveries, sequence, storedAt };
}

const DOT = 46;

function digits(text: string, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) value = value * 10 + text.charCodeAt(i) - 48;
  return value;
}

export class NatsPulledMessage implements PulledMessage {
  readonly stream: string;
  readonly sequence: number;
  readonly deliveries: number;
  readonly storedAt: number;
  private readonly nc: WireConnection;
  private readonly wire: WireMessage;
  private readonly reply: string;

  constructor(nc: WireConnection, stream: string, wire: WireMessage, reply: string, place: AckPlace) {
    this.nc = nc;
    this.stream = stream;
    this.wire = wire;
    this.reply = reply;
    this.sequence = place.sequence;
    this.deliveries = place.deliveries;
    this.storedAt = place.storedAt;
  }

  get subject(): string {
    return this.wire.subject;
  }

  get data(): Uint8Array {
    return this.wire.data;
  }

  get hasHeaders(): boolean {
    return this.wire.headers !== undefined;
  }

  headers(): WireHeaders | [string, string[]][] {
    return this.wire.headers ?? NO_HEADERS;
  }

  header(name: string): string | undefined {
    const value = this.wire.headers?.get(name);
    return value === '' ? undefined : value;
  }

  ack(): void {
    this.say(ACK);
  }

  extend(): void {
    this.say(EXTEND);
  }

  nak(delayMs: number): void {
    this.say(Buffer.from(`-NAK {"delay":${Math.max(1, Math.round(delayMs))}000000}`));
  }

  async ackConfirmed(): Promise<boolean> {
    const nc = this.nc as unknown as NatsConnection;
    for (let tries = 0; tries < CONFIRM_TRIES && !nc.isClosed(); tries++) {
      try {
        await nc.request(this.reply, ACK, { timeout: CONFIRM_TIMEOUT_MS });
        return true;
      } catch {
        // not confirmed: asked again, and in the end it comes again
      }
    }
    return false;
  }

  private say(what: Uint8Array): void {
    try {
      this.nc.publish(this.reply, what);
    } catch {
      // closed: the hold lapses and the message comes again
    }
  }
}
