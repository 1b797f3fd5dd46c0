/**
 * The hot path of the publisher: what was sent and is not confirmed, and what waits for its turn.
 *
 * A map from reply subject to entry, one sweep timer. An entry leaves the map only with the server's confirmation, a
 * refusal, or its deadline. What has no answer (disconnected, no leader, no JetStream, silence) stays and is sent again
 * with the same headers: whether the first copy was stored nobody can know, and its message id (or for compare-and-set
 * its sequence) makes the second one harmless.
 */
import type { Clock, Random } from '@troupe/actor';
import { TroupeError } from '@troupe/protocol';
import type { WireConnection, WireMessage } from './connection.ts';
import { type ApiError, notPermitted, publishError, unavailable } from './publish-errors.ts';

export interface PublishAck {
  readonly stream: string;
  readonly sequence: number;
  /** The server had this id already; `sequence` is that of the first copy. */
  readonly duplicate: boolean;
}

export interface SendWindowOptions {
  readonly maxInFlight: number;
  readonly maxBytes: number;
  readonly maxQueued: number;
  readonly ackTimeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
}

export interface SendEntry {
  readonly subject: string;
  readonly body: Uint8Array;
  /** Handed to the client with every copy. */
  readonly wire: WireOptions;
  readonly sizeBytes: number;
  /** Monotonic milliseconds. */
  readonly giveUpAt: number;
  readonly resolve: (ack: PublishAck) => void;
  readonly reject: (error: TroupeError) => void;
  sentAt: number;
  tries: number;
  /** When to send again after a refusal for the moment; 0 = an answer is awaited. */
  retryAt: number;
}

interface WireOptions {
  reply: string;
  headers?: never;
}

/** Options of a client's publish. All it does with headers is to call their `encode`, so ours need have no more. */
export function wireOptions(reply: string, head: Uint8Array | undefined): WireOptions {
  return (head === undefined ? { reply } : { reply, headers: { encode: () => head } }) as WireOptions;
}

const SWEEP_MS = 100;
const BACKOFF_MS = 50;
const BACKOFF_LIMIT_MS = 2_000;
const ACK_TIMEOUT_LIMIT_MS = 10_000;

export class SendWindow {
  confirmed = 0;
  sentAgain = 0;
  late = 0;
  private readonly options: SendWindowOptions;
  private nc: WireConnection | undefined;
  private connected = false;
  private readonly pending = new Map<string, SendEntry>();
  private bytes = 0;
  /** Waiting entries from `queueHead` on; shifting a long array would cost its length. */
  private queue: SendEntry[] = [];
  private queueHead = 0;
  private pumping = false;
  private cancelSweep: (() => void) | undefined;
  private onEmpty: (() => void) | undefined;

  constructor(options: SendWindowOptions) {
    this.options = options;
  }

  get inFlight(): number {
    return this.pending.size;
  }

  get queued(): number {
    return this.queue.length - this.queueHead;
  }

  open(nc: WireConnection): void {
    this.nc = nc;
    this.connected = true;
  }

  /** The connection is lost: the client would drop what is published now without a word. */
  pause(): void {
    this.connected = false;
  }

  /** There is a new connection: what was on its way on the old one may be lost. */
  resume(): void {
    this.connected = true;
    for (const entry of [...this.pending.values()]) this.sendAgain(entry);
  }

  add(entry: SendEntry): void {
    if (this.queued === 0 && this.hasRoom(entry)) {
      this.begin(entry);
    } else if (this.queued < this.options.maxQueued) {
      this.queue.push(entry);
    } else {
      entry.reject(new TroupeError('overloaded', `${this.queued} messages wait to be published`, { retryable: true }));
    }
  }

  receive(message: WireMessage): void {
    const entry = this.pending.get(message.subject);
    if (entry === undefined) {
      this.late++;
      return;
    }
    // no body: nobody listens on the subject. There is no stream, or its server is just starting or electing
    if (message.data.length === 0) return this.sendLater(entry);
    const answer = JSON.parse(latin1(message.data)) as { stream: string; seq: number; duplicate?: boolean; error?: ApiError };
    if (answer.error === undefined) {
      this.confirmed++;
      entry.resolve({ stream: answer.stream, sequence: answer.seq, duplicate: answer.duplicate === true });
      this.settle(entry);
      return;
    }
    const error = publishError(answer.error, entry.subject, entry.sizeBytes);
    if (error === undefined) this.sendLater(entry);
    else this.fail(entry, error);
  }

  failSubject(subject: string): void {
    for (const entry of [...this.pending.values()]) {
      if (entry.subject === subject) this.fail(entry, notPermitted(subject));
    }
  }

  failAll(error: TroupeError): void {
    const waiting = this.queue.slice(this.queueHead);
    this.queue = [];
    this.queueHead = 0;
    for (const entry of [...this.pending.values(), ...waiting]) this.fail(entry, error);
    this.cancelSweep?.();
    this.cancelSweep = undefined;
  }

  /** Resolves when nothing is in flight, or after `graceMs`. */
  drain(graceMs: number): Promise<void> {
    if (this.pending.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.options.clock.setTimer(graceMs, resolve);
      this.onEmpty = () => {
        cancel();
        resolve();
      };
    });
  }

  private hasRoom(entry: SendEntry): boolean {
    const { maxInFlight, maxBytes } = this.options;
    return this.pending.size === 0 || (this.pending.size < maxInFlight && this.bytes + entry.sizeBytes <= maxBytes);
  }

  private begin(entry: SendEntry): void {
    this.pending.set(entry.wire.reply, entry);
    this.bytes += entry.sizeBytes;
    this.send(entry);
    this.arm();
  }

  private send(entry: SendEntry): void {
    entry.sentAt = this.options.clock.monotonic();
    entry.retryAt = 0;
    if (!this.connected || this.nc === undefined) return;
    try {
      this.nc.publish(entry.subject, entry.body, entry.wire);
    } catch (cause) {
      const closed = this.nc.isClosed();
      this.fail(entry, closed ? unavailable('the connection is closed', cause) : notPublishable(entry.subject, cause));
    }
  }

  private sendAgain(entry: SendEntry): void {
    this.sentAgain++;
    this.send(entry);
  }

  private sendLater(entry: SendEntry): void {
    if (entry.retryAt !== 0) return;
    const base = Math.min(BACKOFF_MS * 2 ** entry.tries++, BACKOFF_LIMIT_MS);
    entry.retryAt = this.options.clock.monotonic() + base * (0.75 + this.options.random.next() / 2);
  }

  private fail(entry: SendEntry, error: TroupeError): void {
    entry.reject(error);
    this.settle(entry);
  }

  /** Takes an entry out and lets the next ones go. */
  private settle(entry: SendEntry): void {
    if (!this.pending.delete(entry.wire.reply)) return;
    this.bytes -= entry.sizeBytes;
    this.pump();
    if (this.pending.size === 0) this.onEmpty?.();
  }

  private pump(): void {
    // what fails while it is sent settles within this loop: it must not start another one inside
    if (this.pumping) return;
    this.pumping = true;
    while (this.queueHead < this.queue.length) {
      const next = this.queue[this.queueHead]!;
      if (!this.hasRoom(next)) break;
      this.queueHead++;
      this.begin(next);
    }
    this.pumping = false;
    if (this.queueHead > 1_024 && this.queueHead * 2 > this.queue.length) {
      this.queue = this.queue.slice(this.queueHead);
      this.queueHead = 0;
    }
  }

  private arm(): void {
    this.cancelSweep ??= this.options.clock.setTimer(SWEEP_MS, () => {
      this.cancelSweep = undefined;
      this.sweep();
      if (this.pending.size > 0) this.arm();
    });
  }

  private sweep(): void {
    const now = this.options.clock.monotonic();
    for (const entry of [...this.pending.values()]) {
      if (now >= entry.giveUpAt) this.fail(entry, unavailable(`${entry.subject}: no confirmation within the deadline`));
      else if (this.connected && now >= this.dueAgain(entry)) this.sendAgain(entry);
    }
    while (this.queueHead < this.queue.length && now >= this.queue[this.queueHead]!.giveUpAt) {
      const entry = this.queue[this.queueHead++]!;
      entry.reject(unavailable(`${entry.subject}: not sent within the deadline`));
    }
  }

  private dueAgain(entry: SendEntry): number {
    if (entry.retryAt !== 0) return entry.retryAt;
    // doubling: a server that is only slow must not be sent twice the load for it
    const waitMs = Math.min(this.options.ackTimeoutMs * 2 ** entry.tries, ACK_TIMEOUT_LIMIT_MS);
    if (this.options.clock.monotonic() < entry.sentAt + waitMs) return Infinity;
    entry.tries++;
    return 0;
  }
}

function notPublishable(subject: string, cause: unknown): TroupeError {
  return new TroupeError('invalid_options', `cannot publish to ${JSON.stringify(subject)}`, { field: 'subject', cause });
}

/** Answers are ASCII, and the platform's decoder costs more than the JSON. */
function latin1(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.length).toString('latin1');
}
