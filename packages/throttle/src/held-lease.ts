/**
 * A lease that is held from outside, and renewed in the background.
 *
 *   held ── release() ───────────────────────> released
 *   held ── told `lost`, or no renewal in time ─> lost: the signal aborts with `lease_lost`
 */
import type { Clock } from '@troupe/actor';
import { asNeed, type Json, type ThrottleAnswer, TroupeError } from '@troupe/protocol';
import type { Observation } from './adaptive.ts';
import type { Need } from './limits.ts';

export interface RemoteLease {
  readonly id: string;
  readonly scope: string;
  /** What it was granted. */
  readonly need: Need;
  /** Grows with every grant of a root: hand it to the backend, so that it can refuse an older holder. */
  readonly fence: number;
  /** Aborts with `lease_lost` when the lease is lost; never by a release. */
  readonly signal: AbortSignal;
  /** By the clock, so it is true only if it is so now: look after every pause that may have been long. */
  readonly isHeld: boolean;
  /** Throws `lease_lost` unless it is held now. */
  assertHeld(): void;
  /** Waits for a rate of the same root, before those who hold nothing of it. Rejects as `acquire` does, and with `lease_lost`. */
  spend(units: Need, options?: { readonly signal?: AbortSignal }): Promise<void>;
  /**
   * How the backend did, for limits that adapt themselves. Resolves when it was heard, or lost: one more or less makes no difference. Rejects with
   * `malformed`.
   */
  observe(seen: Observation): Promise<void>;
  /** Gives a part back before its end. Resolves when it is told, or lost; rejects with `malformed` if it is no part of anything. */
  giveBack(need: Need): Promise<void>;
  /** May be called twice. Resolves when the throttle has heard it, or the lease has lapsed; never rejects. */
  release(): Promise<void>;
}

interface Held {
  readonly lease: string;
  readonly scope: string;
  readonly need: Need;
  readonly fence: number;
  readonly ttlMs: number;
  /** When the request that was granted had been sent; monotonic milliseconds. */
  readonly askedAt: number;
  /** The same by the clock of the day, which goes on while the machine sleeps. */
  readonly askedAtMs: number;
  readonly clock: Clock;
}

type Ask = (kind: 'renew' | 'release' | 'observe', body: { readonly [field: string]: Json }, timeoutMs: number) => Promise<ThrottleAnswer>;

/** Waits for rates inside of the lease. */
type Spend = (units: Need, signal: AbortSignal) => Promise<void>;

const OBSERVE_MS = 5_000;

export class HeldLease implements RemoteLease {
  private readonly held: Held;
  private readonly ask: Ask;
  private readonly spendInside: Spend;
  private readonly abort = new AbortController();
  private state: 'held' | 'lost' | 'released' = 'held';
  private why = '';
  /** Until when it is ours. */
  private until: number;
  /** The same by the clock of the day: the one that never jumps stands still while a machine sleeps, on Linux. */
  private untilMs: number;
  private cancelRenewal = (): void => undefined;
  private cancelEnd = (): void => undefined;
  private releasing: Promise<void> | undefined;

  constructor(held: Held, ask: Ask, spendInside: Spend) {
    this.held = held;
    this.ask = ask;
    this.spendInside = spendInside;
    this.until = held.askedAt + held.ttlMs;
    this.untilMs = held.askedAtMs + held.ttlMs;
    this.watchEnd();
    this.renewAfter(held.askedAt + held.ttlMs / 3 - held.clock.monotonic());
  }

  get id(): string {
    return this.held.lease;
  }

  get scope(): string {
    return this.held.scope;
  }

  get need(): Need {
    return this.held.need;
  }

  get fence(): number {
    return this.held.fence;
  }

  get signal(): AbortSignal {
    return this.abort.signal;
  }

  get isHeld(): boolean {
    // a process that stood still may come here before its timers do
    const { clock } = this.held;
    if (this.state === 'held' && (clock.monotonic() >= this.until || clock.now() >= this.untilMs)) this.lose('it was not renewed in time');
    return this.state === 'held';
  }

  assertHeld(): void {
    if (!this.isHeld) throw this.state === 'lost' ? this.lostBecause() : new TroupeError('lease_lost', `lease ${this.id} was given back`);
  }

  lostBecause(cause?: unknown): TroupeError {
    const { lease, scope, fence } = this.held;
    return new TroupeError('lease_lost', `lease ${lease} of ${scope} is lost: ${this.why}`, { data: { lease, scope, fence }, cause });
  }

  async spend(units: Need, { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    this.assertHeld();
    try {
      await this.spendInside(units, signal === undefined ? this.signal : AbortSignal.any([this.signal, signal]));
    } catch (error) {
      throw this.state === 'lost' ? this.lostBecause(error) : error;
    }
  }

  async observe({ refused, latencyMs }: Observation): Promise<void> {
    const seen = { ...(refused === undefined ? {} : { refused }), ...(latencyMs === undefined ? {} : { latencyMs }) };
    try {
      await this.ask('observe', { fence: this.fence, ...seen }, OBSERVE_MS);
    } catch (error) {
      if ((error as Partial<TroupeError>).code === 'malformed') throw error;
    }
  }

  async giveBack(need: Need): Promise<void> {
    await this.insist({ fence: this.fence, need: asNeed(need, 'giveBack', 'need') });
  }

  release(): Promise<void> {
    return (this.releasing ??= this.give());
  }

  private async give(): Promise<void> {
    const wasHeld = this.isHeld;
    this.stop();
    if (!wasHeld) return;
    this.state = 'released';
    await this.insist({ fence: this.fence });
  }

  /** Until it is heard, or the time of the lease is over anyhow. */
  private async insist(body: { readonly [field: string]: Json }): Promise<void> {
    const { clock, ttlMs } = this.held;
    for (const end = this.until; clock.monotonic() < end;) {
      try {
        await this.ask('release', body, Math.min(5_000, Math.max(1_000, ttlMs / 6)));
        return;
      } catch (error) {
        if (!(error as Partial<TroupeError>).retryable) return;
      }
      await new Promise<void>((resolve) => clock.setTimer(Math.min(500, ttlMs / 10), resolve));
    }
  }

  private renewAfter(ms: number): void {
    this.cancelRenewal = this.held.clock.setTimer(Math.max(0, ms), () => void this.renew());
  }

  private async renew(): Promise<void> {
    if (!this.isHeld) return;
    const { clock, ttlMs } = this.held;
    const askedAt = clock.monotonic();
    const askedAtMs = clock.now();
    let isRenewed = false;
    try {
      const { answer } = await this.ask('renew', { fence: this.fence, ttlMs }, Math.min(5_000, Math.max(500, ttlMs / 6)));
      if (this.state !== 'held') return;
      if (answer === 'lost') return this.lose('the throttle does not know it any more');
      isRenewed = true;
      this.until = Math.max(this.until, askedAt + ttlMs);
      // set back, it must not keep a time of before
      this.untilMs = askedAtMs + ttlMs;
      this.watchEnd();
    } catch {
      // away for now: tried again until its time is over, then it is lost
    }
    if (this.isHeld) this.renewAfter(isRenewed ? askedAt + ttlMs / 3 - clock.monotonic() : Math.min(1_000, ttlMs / 10));
  }

  private watchEnd(): void {
    this.cancelEnd();
    this.cancelEnd = this.held.clock.setTimer(Math.max(0, this.until - this.held.clock.monotonic()), () => {
      // reads the clock, and loses the lease by it; a timer that came early looks again
      if (this.isHeld) this.watchEnd();
    });
  }

  private lose(why: string): void {
    this.state = 'lost';
    this.why = why;
    this.stop();
    this.abort.abort(this.lostBecause());
  }

  private stop(): void {
    this.cancelRenewal();
    this.cancelEnd();
  }
}
