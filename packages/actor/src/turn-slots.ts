/**
 * So many turns at once. A turn's time runs from its start, for its messages are held no longer; a herd of thousands that all start
 * together on a busy machine would each take longer than that, be put off as timers, and come again together. Those that wait here are held
 * and renewed, and what comes for them meanwhile is folded into the same turn.
 *
 * A turn that waits for a store which is away gives its slot up, and one that takes as long as `lapseMs` loses it: the bound is on turns
 * that are being worked at, and an outage of what some keys need does not hold up the others.
 */
import type { Clock } from './clock.ts';

export interface TurnSlot {
  /** Monotonic milliseconds. */
  readonly since: number;
}

/** Timers come in herds, each for another entity; mail is what somebody waits for. Neither waits for all of the other. */
export type TurnLane = 'mail' | 'timers';

export class TurnSlots {
  private readonly clock: Clock;
  private readonly limit: number;
  private readonly lapseMs: number;
  /** The oldest first. */
  private readonly taken = new Set<TurnSlot>();
  private readonly waiting: Record<TurnLane, Map<object, (slot: TurnSlot) => void>> = { mail: new Map(), timers: new Map() };
  private turnOf: TurnLane = 'mail';
  private armed = false;

  constructor(clock: Clock, limit: number, lapseMs: number) {
    this.clock = clock;
    this.limit = limit;
    this.lapseMs = lapseMs;
  }

  /** At once, where there is room and nobody waits: the turn then starts without a pause. */
  takeNow(): TurnSlot | undefined {
    return this.taken.size < this.limit ? this.take() : undefined;
  }

  /** First come, first served within a lane; the lanes take turns. One who waits does not wait a second time. */
  takeLater(who: object, lane: TurnLane): Promise<TurnSlot> {
    return new Promise((resolve) => {
      this.waiting[lane].set(who, resolve);
      this.arm();
    });
  }

  /** Mail has come for one that waits with a timer: somebody waits for it now, and it goes to the end of that lane. */
  hasMail(who: object): void {
    const resolve = this.waiting.timers.get(who);
    if (resolve === undefined) return;
    this.waiting.timers.delete(who);
    this.waiting.mail.set(who, resolve);
  }

  /** A second time does nothing. */
  giveBack(slot: TurnSlot | undefined): void {
    if (slot === undefined || !this.taken.delete(slot)) return;
    this.serve();
  }

  private take(): TurnSlot {
    const slot = { since: this.clock.monotonic() };
    this.taken.add(slot);
    return slot;
  }

  private serve(): void {
    while (this.taken.size < this.limit) {
      const other = this.turnOf === 'mail' ? 'timers' : 'mail';
      const lane = this.waiting[this.turnOf].size > 0 ? this.turnOf : other;
      const [next] = this.waiting[lane];
      if (next === undefined) return;
      const [who, resolve] = next;
      this.waiting[lane].delete(who);
      this.turnOf = lane === 'mail' ? 'timers' : 'mail';
      resolve(this.take());
    }
  }

  private arm(): void {
    if (this.armed) return;
    this.armed = true;
    this.clock.setTimer(this.lapseMs / 4, () => {
      this.armed = false;
      const now = this.clock.monotonic();
      for (const slot of this.taken) {
        if (now - slot.since < this.lapseMs) break;
        this.taken.delete(slot);
      }
      this.serve();
      if (this.waiting.mail.size + this.waiting.timers.size > 0) this.arm();
    });
  }
}
