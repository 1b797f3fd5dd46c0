/**
 * The inbox of a client: one wildcard subscription, a token for each operation. It lies below the inbox prefix of the
 * connection, so a user who may subscribe to nothing else hears answers and ends.
 *
 * Whoever awaits an end is kept. Those whose end nobody awaits now are kept up to a number: a process that sends
 * commands for years and never asks for an end must not grow.
 */
import { createInbox, type NatsConnection } from '@nats-io/nats-core';
import { inboxPrefixOf } from '@troupe/jetstream/internal';
import { type Answer, parseAnswer } from '@troupe/protocol';
import { isDenied, notPermitted } from './errors.ts';

export interface Listener {
  receive(answer: Answer): void;
  /** Told when it is not listened for any more, because too many others came after it. */
  dropped(): void;
}

export class Inbox {
  private readonly maxIdle: number;
  private readonly prefix: string;
  private readonly nc: NatsConnection;
  private readonly awaited = new Map<string, Listener>();
  private readonly idle = new Map<string, Listener>();
  private unsubscribe = (): void => undefined;

  constructor(nc: NatsConnection, maxIdle: number) {
    this.nc = nc;
    this.maxIdle = maxIdle;
    this.prefix = `${createInbox(inboxPrefixOf(nc))}.`;
  }

  /** Throws `not_permitted` when the user may not subscribe there: that would look like silence later. */
  async open(): Promise<void> {
    let denied: unknown;
    const subscription = this.nc.subscribe(`${this.prefix}*`, {
      callback: (error, message) => {
        if (error !== null && error !== undefined) denied = error;
        else this.route(message.subject.slice(this.prefix.length), message.data);
      },
    });
    this.unsubscribe = () => {
      if (!this.nc.isClosed()) subscription.unsubscribe();
    };
    // an outage passes by itself; a refusal does not
    await this.nc.flush().catch(() => undefined);
    if (denied !== undefined && isDenied(denied))
      throw notPermitted(`subscribe to ${this.prefix}* (does inboxPrefix agree with its permissions?)`, denied);
  }

  close(): void {
    this.unsubscribe();
    this.awaited.clear();
    this.idle.clear();
  }

  /** The subject to name as `replyTo`. */
  subject(token: string): string {
    return this.prefix + token;
  }

  /** From now on answers under this token reach the listener, and it is not dropped. */
  listen(token: string, listener: Listener): void {
    this.idle.delete(token);
    this.awaited.set(token, listener);
  }

  /** Nobody awaits the listener now: it hears on until too many come after it. */
  rest(token: string): void {
    const listener = this.awaited.get(token);
    if (listener === undefined) return;
    this.awaited.delete(token);
    this.idle.set(token, listener);
    for (const [oldest, dropped] of this.idle) {
      if (this.idle.size <= this.maxIdle) return;
      this.idle.delete(oldest);
      dropped.dropped();
    }
  }

  forget(token: string): void {
    this.awaited.delete(token);
    this.idle.delete(token);
  }

  get size(): number {
    return this.awaited.size + this.idle.size;
  }

  private route(token: string, data: Uint8Array): void {
    const listener = this.awaited.get(token) ?? this.idle.get(token);
    if (listener === undefined) return;
    try {
      listener.receive(parseAnswer(data));
    } catch {
      // whoever knows the inbox may write there; what is no answer is not ours to judge
    }
  }
}
