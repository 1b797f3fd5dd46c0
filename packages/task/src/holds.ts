/**
 * Renews the holds of a worker from receipt, every third of the hold. One timer for all: a task that ends before the
 * next beat costs nothing. A beat that comes late tells that the event loop stood still, and that holds may have lapsed.
 */
import type { Clock } from '@troupe/actor';
import type { TaskDelivery } from '@troupe/actor/internal';

export interface HoldsOptions {
  readonly clock: Clock;
  readonly ackWaitMs: number;
  /** After each beat. */
  readonly onBeat: () => void;
  /** The loop stood still for more than half a hold. Every hold has just been renewed. */
  readonly onStoodStill: (ms: number) => void;
}

export class Holds {
  private readonly options: HoldsOptions;
  private readonly held = new Set<TaskDelivery>();
  private readonly everyMs: number;
  private lastBeat = 0;
  private cancel: (() => void) | undefined;

  constructor(options: HoldsOptions) {
    this.options = options;
    this.everyMs = options.ackWaitMs / 3;
  }

  start(): void {
    this.lastBeat = this.options.clock.monotonic();
    this.arm();
  }

  stop(): void {
    this.cancel?.();
    this.cancel = undefined;
    this.held.clear();
  }

  add(delivery: TaskDelivery): void {
    this.held.add(delivery);
  }

  drop(delivery: TaskDelivery): void {
    this.held.delete(delivery);
  }

  private arm(): void {
    this.cancel = this.options.clock.setTimer(this.everyMs, () => {
      const now = this.options.clock.monotonic();
      const late = now - this.lastBeat - this.everyMs;
      this.lastBeat = now;
      this.arm();
      for (const delivery of this.held) delivery.extend();
      if (late > this.options.ackWaitMs / 2) this.options.onStoodStill(Math.round(late));
      this.options.onBeat();
    });
  }
}
