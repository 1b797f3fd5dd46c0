/**
 * Raw pull consumption: keeps so many messages asked for that what is asked for and not delivered meets the demand.
 *
 * One inbox subscription, delivery by callback. A pull ends when its messages have come, when the server says so (expired,
 * consumer deleted, leadership moved, no responders), when nothing was heard for three heartbeats, or with the connection.
 * Then it is asked for anew, after a growing pause where the server refused. Nothing ends the puller but `stop`: a consumer
 * that is deleted and made again is simply found again.
 */
import { type Clock, sleep, systemClock } from '@troupe/actor';
import { watchConnection, type WireConnection } from './connection.ts';
import { NatsPulledMessage, type PulledMessage } from './pulled-message.ts';
import { PullInbox } from './pull-inbox.ts';

export type { PulledMessage } from './pulled-message.ts';

export interface PullerOptions {
  readonly nc: WireConnection;
  readonly stream: string;
  readonly durable: string;
  /** Priority group of the consumer, where it has one. */
  readonly group?: string;
  /** 0 (first) to 9 within the group. */
  readonly priority?: number;
  /**
   * How many messages may be asked for and not delivered, now. A host says a constant of four times `max_ack_pending`
   * (measured: with twice as much a lower rank gets up to three of a hundred messages, with four times none); a worker says
   * its free slots and calls `wake` when one is freed.
   */
  readonly demand: () => number;
  /** A pull stands so long; a frozen process keeps the messages of its group for as long. At least 1000. */
  readonly expiresMs: number;
  /** Must not throw; what it throws is reported and the message comes again. */
  readonly onMessage: (message: PulledMessage) => void;
  readonly onEvent?: (event: PullerEvent) => void;
  readonly clock?: Clock;
}

export type PullerEvent =
  /** The server refused or ended a pull other than by its expiry. */
  | { readonly type: 'pullRefused'; readonly stream: string; readonly durable: string; readonly code: number; readonly reason: string }
  /** Nothing was heard of the consumer for three heartbeats. */
  | { readonly type: 'pullLost'; readonly stream: string; readonly durable: string }
  | { readonly type: 'messageThrew'; readonly stream: string; readonly durable: string; readonly error: unknown };

export interface Puller {
  start(): void;
  /** Asks no more and hears no more: what is still on its way comes again after `ack_wait`. */
  stop(): Promise<void>;
  /** Asks no more, but lets what is on its way arrive, for 2 s at the most; then stops. */
  drain(): Promise<void>;
  /** Demand has grown. Cheap; many calls make one pull. */
  wake(): void;
  /** The thaw rule: whatever was sent here so far is ignored, and pulled anew. */
  reset(): void;
  /** No new pulls; what stands may still deliver until it expires. */
  pause(): void;
  resume(): void;
  /** Pulls with the new priority at once; older ones lapse. */
  setPriority(priority: number): void;
  /** Monotonic milliseconds at which the consumer was last heard of: a message, a heartbeat or the end of a pull. */
  lastHeardAt(): number;
  readonly outstanding: number;
}

/** How often standing pulls are looked after; also the longest that grown demand waits without a `wake`. */
const LOOK_MS = 250;
const BACKOFF_MS = 50;
const BACKOFF_LIMIT_MS = 2_000;
const HEARTBEAT_LIMIT_MS = 2_000;
const DRAIN_LIMIT_MS = 2_000;

export function createPuller(options: PullerOptions): Puller {
  return new NatsPuller(options);
}

class NatsPuller implements Puller {
  private readonly options: PullerOptions;
  private readonly clock: Clock;
  private readonly api: string;
  private priority: number;
  private state: 'idle' | 'running' | 'paused' | 'stopped' = 'idle';
  private connected = true;
  private inbox: PullInbox | undefined;
  /** Inboxes of an older priority: what they still bring counts, what they asked for does not. */
  private lapsing: PullInbox[] = [];
  private unwatch: (() => void) | undefined;
  private cancelLook: (() => void) | undefined;
  private refusals = 0;
  /** Monotonic; no pull before. */
  private notBefore = 0;
  private heardAt: number;
  private waking = false;

  constructor(options: PullerOptions) {
    this.options = options;
    this.clock = options.clock ?? systemClock;
    this.api = `$JS.API.CONSUMER.MSG.NEXT.${options.stream}.${options.durable}`;
    this.priority = options.priority ?? 0;
    this.heardAt = this.clock.monotonic();
  }

  get outstanding(): number {
    return this.inbox?.asked ?? 0;
  }

  start(): void {
    if (this.state !== 'idle') return;
    this.state = 'running';
    this.heardAt = this.clock.monotonic();
    this.unwatch = watchConnection(this.options.nc, {
      disconnected: () => {
        this.connected = false;
        this.forget();
      },
      reconnected: () => {
        // the server knows none of the old connection's pulls
        this.connected = true;
        this.notBefore = 0;
        this.forget();
        this.refill();
      },
      refused: (_operation, subject) => {
        if (subject === this.api) this.refused(403, 'not permitted');
      },
    });
    this.inbox = this.openInbox();
    this.look();
  }

  stop(): Promise<void> {
    this.state = 'stopped';
    this.closeInboxes();
    this.unwatch?.();
    this.cancelLook?.();
    return Promise.resolve();
  }

  async drain(): Promise<void> {
    const { state, inbox } = this;
    if (state !== 'running' && state !== 'paused') return this.stop();
    this.state = 'paused';
    const enough = new AbortController();
    // without a connection nothing is on its way, and a drain would wait for the next one
    if (inbox !== undefined && this.connected) {
      await Promise.race([inbox.drain().catch(() => undefined), sleep(this.clock, DRAIN_LIMIT_MS, enough.signal)]);
    }
    enough.abort();
    return this.stop();
  }

  wake(): void {
    if (this.waking) return;
    this.waking = true;
    queueMicrotask(() => {
      this.waking = false;
      this.refill();
    });
  }

  reset(): void {
    if (this.state !== 'running' && this.state !== 'paused') return;
    this.closeInboxes();
    this.inbox = this.openInbox();
    this.refill();
  }

  pause(): void {
    if (this.state === 'running') this.state = 'paused';
  }

  resume(): void {
    if (this.state !== 'paused') return;
    this.state = 'running';
    this.refill();
  }

  setPriority(priority: number): void {
    if (priority === this.priority) return;
    this.priority = priority;
    if (this.inbox === undefined) return;
    this.lapsing.push(this.inbox);
    this.inbox = this.openInbox();
    this.refill();
  }

  lastHeardAt(): number {
    return this.heardAt;
  }

  private openInbox(): PullInbox | undefined {
    const { nc, expiresMs, stream } = this.options;
    if (nc.isClosed()) return undefined;
    return new PullInbox({
      nc,
      expiresMs,
      now: () => this.clock.monotonic(),
      heartbeatMs: Math.min(HEARTBEAT_LIMIT_MS, Math.floor(expiresMs / 3)),
      onAlive: () => {
        this.alive();
        this.refill();
      },
      onRefused: (code, reason) => this.refused(code, reason),
      onMessage: (wire, reply, place) => {
        this.alive();
        try {
          this.options.onMessage(new NatsPulledMessage(nc, stream, wire, reply, place));
        } catch (error) {
          this.tell({ type: 'messageThrew', ...this.name(), error });
        }
        this.refill();
      },
    });
  }

  private closeInboxes(): void {
    for (const inbox of this.lapsing.splice(0)) inbox.close();
    this.inbox?.close();
    this.inbox = undefined;
  }

  private forget(): void {
    this.inbox?.forget();
    for (const inbox of this.lapsing) inbox.forget();
  }

  private alive(): void {
    this.heardAt = this.clock.monotonic();
    this.refusals = 0;
    this.notBefore = 0;
  }

  private refused(code: number, reason: string): void {
    const delay = Math.min(BACKOFF_MS * 2 ** this.refusals++, BACKOFF_LIMIT_MS);
    this.notBefore = this.clock.monotonic() + delay;
    this.tell({ type: 'pullRefused', ...this.name(), code, reason });
  }

  private refill(): void {
    const { inbox } = this;
    if (this.state !== 'running' || !this.connected || inbox === undefined) return;
    if (this.notBefore > 0 && this.clock.monotonic() < this.notBefore) return;
    const demand = this.options.demand();
    const wanted = demand - inbox.asked;
    // a request per message would cost as much as the messages; with nothing asked for, anything is worth one
    if (wanted < 1 || (inbox.asked > 0 && wanted * 4 < demand)) return;
    const { group } = this.options;
    inbox.pull(this.api, wanted, group === undefined ? '' : `,"group":${JSON.stringify(group)},"priority":${this.priority}`);
  }

  private look(): void {
    this.cancelLook = this.clock.setTimer(LOOK_MS, () => this.look());
    this.lapsing = this.lapsing.filter((inbox) => {
      inbox.look();
      if (inbox.isEmpty) inbox.close();
      return !inbox.isEmpty;
    });
    if (this.inbox?.look() === true) this.tell({ type: 'pullLost', ...this.name() });
    this.refill();
  }

  private name(): { stream: string; durable: string } {
    return { stream: this.options.stream, durable: this.options.durable };
  }

  private tell(event: PullerEvent): void {
    try {
      this.options.onEvent?.(event);
    } catch {
      // a listener that throws never breaks the puller
    }
  }
}
