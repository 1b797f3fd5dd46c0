/** The messages that a host holds: renewed from receipt, while their turns wait for the server or a store. */
import type { Clock } from './clock.ts';
import type { Delivery } from './ports.ts';

export class Holds {
  private readonly since = new Map<Delivery, number>();
  private readonly clock: Clock;
  private readonly renewMs: number;
  private cancel: (() => void) | undefined;

  constructor(clock: Clock, ackWaitMs: number) {
    this.clock = clock;
    this.renewMs = ackWaitMs / 2;
  }

  add(delivery: Delivery): void {
    this.since.set(delivery, this.clock.monotonic());
    this.arm();
  }

  /** Lets go without acknowledging: the message comes again. */
  release(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) this.since.delete(delivery);
  }

  acknowledge(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) {
      this.since.delete(delivery);
      delivery.ack();
    }
  }

  stop(): void {
    this.since.clear();
    this.cancel?.();
  }

  private arm(): void {
    if (this.cancel !== undefined) return;
    this.cancel = this.clock.setTimer(this.renewMs / 2, () => {
      this.cancel = undefined;
      if (this.since.size === 0) return;
      const now = this.clock.monotonic();
      for (const [delivery, at] of this.since) {
        if (now - at < this.renewMs) continue;
        delivery.extend();
        this.since.set(delivery, now);
      }
      this.arm();
    });
  }
}
