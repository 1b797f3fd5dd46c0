/** What all parts of a client share: connection, publisher, inbox, clock, and one life-cycle around them. */
import type { NatsConnection } from '@nats-io/nats-core';
import { createService, type Service } from '@troupe/actor';
import {
  type ConnectOptions,
  connectNats,
  createPublisher,
  type Publisher,
  type PublishAck,
  type PublishOptions,
  createServerClock,
  type ServerClock,
} from '@troupe/jetstream';
import { watchConnection } from '@troupe/jetstream/internal';
import { createSubjects, type Subjects } from '@troupe/protocol';
import { isDenied, stopped } from './errors.ts';
import { Inbox } from './inbox.ts';
import { type ClientOptions, type Settings, settingsOf } from './options.ts';

export type Connection = NatsConnection | ConnectOptions | string;

export class Session {
  readonly settings: Settings;
  readonly subjects: Subjects;
  readonly service: Service;
  /** Cleared when the server has refused a read: the right will not come by asking, and each refusal is logged there. */
  mayRead: boolean;
  /** How often the connection came back: what was told in between is lost. */
  reconnects = 0;
  private readonly given: Connection;
  private open: { nc: NatsConnection; publisher: Publisher; inbox: Inbox } | undefined;
  private serverClock: Promise<ServerClock | undefined> | undefined;
  private readonly cleanups: (() => unknown)[] = [];
  private readonly wakers = new Set<() => void>();
  private closed = false;

  constructor(given: Connection, options: ClientOptions) {
    this.given = given;
    this.settings = settingsOf(options);
    this.mayRead = this.settings.mayRead;
    this.subjects = createSubjects(this.settings.ns);
    this.service = createService('client', { start: () => this.start(), stop: () => this.stop() });
  }

  /** Starts at first use, so that a program of five lines needs no start. */
  async ready(): Promise<{ readonly nc: NatsConnection; readonly publisher: Publisher; readonly inbox: Inbox }> {
    if (this.service.state === 'idle' || this.service.state === 'starting') await this.service.start();
    if (this.open === undefined || this.service.state !== 'running') throw stopped();
    return this.open;
  }

  async publish(subject: string, body: string | Uint8Array, options: PublishOptions): Promise<PublishAck> {
    await this.ready();
    return this.open!.publisher.publish(subject, body, options);
  }

  /** The connection, after `ready`. */
  get connection(): NatsConnection {
    if (this.open === undefined) throw stopped();
    return this.open.nc;
  }

  get isStopped(): boolean {
    return this.closed || this.service.state === 'stopped';
  }

  /** Called after every reconnect and at the stop, until the returned function is called. */
  onWake(wake: () => void): () => void {
    this.wakers.add(wake);
    return () => void this.wakers.delete(wake);
  }

  /** The server's time; the host's own where this user may not ask the server. */
  async now(): Promise<number> {
    const { nc } = await this.ready();
    if (!this.mayRead) return this.settings.clock.now();
    this.serverClock ??= this.startClock(nc);
    const clock = await this.serverClock;
    return clock?.now() ?? this.settings.clock.now();
  }

  private async startClock(nc: NatsConnection): Promise<ServerClock | undefined> {
    const clock = createServerClock({ nc, stream: this.subjects.streams.state, clock: this.settings.clock });
    try {
      await clock.start();
    } catch (error) {
      if (!isDenied(error)) this.serverClock = undefined;
      return undefined;
    }
    this.cleanups.push(() => clock.stop());
    return clock;
  }

  private async start(): Promise<void> {
    const { settings } = this;
    let nc: NatsConnection;
    if (isConnection(this.given)) {
      nc = this.given;
    } else {
      const own = await connectNats(typeof this.given === 'string' ? { servers: this.given } : this.given);
      this.cleanups.push(() => own.close());
      nc = own;
    }
    const publisher = createPublisher(nc, {
      deadlineMs: settings.answerTimeoutMs,
      stopGraceMs: Math.min(settings.answerTimeoutMs, 2_000),
      clock: settings.clock,
      random: settings.random,
    });
    this.cleanups.push(() => publisher.stop());
    await publisher.start();
    const inbox = new Inbox(nc, settings.maxFollowed);
    this.cleanups.push(() => inbox.close());
    await inbox.open();
    this.cleanups.push(watchConnection(nc, { reconnected: () => this.reconnected() }));
    this.open = { nc, publisher, inbox };
  }

  private async stop(): Promise<void> {
    this.closed = true;
    this.wakeAll();
    await this.serverClock?.catch(() => undefined);
    // newest first: the connection goes last
    for (const cleanup of this.cleanups.splice(0).toReversed()) await cleanup();
    this.open = undefined;
  }

  private reconnected(): void {
    this.reconnects++;
    this.wakeAll();
  }

  private wakeAll(): void {
    for (const wake of this.wakers) wake();
  }
}

function isConnection(given: Connection): given is NatsConnection {
  return typeof given === 'object' && 'publish' in given;
}
