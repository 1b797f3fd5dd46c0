/** The messages that a host holds: renewed from receipt, until their turns have ended or they are put off. */
import type { Clock } from './clock.ts';
import type { Delivery, InputRef } from './ports.ts';

/** Messages let go that are remembered; more would only be a matter of a very long outage. */
const REMEMBERED = 20_000;

export class Holds {
  private readonly since = new Map<Delivery, number>();
  /** Inputs that this process has seen and not acknowledged, oldest first. */
  private readonly seen = new Set<string>();
  private readonly clock: Clock;
  private readonly renewMs: number;
  private cancel: (() => void) | undefined;

  /**
   * Renewed before half of the hold is over, so that one lapses only for a host that stood still for the other half: that is what the
   * freeze guard notices.
   */
  constructor(clock: Clock, ackWaitMs: number) {
    this.clock = clock;
    this.renewMs = ackWaitMs / 3;
  }

  /** True if this process has seen the input before: whatever made it come again, it was not the death of its host. */
  add(delivery: Delivery): boolean {
    const name = nameOf(delivery.ref);
    const isKnown = this.seen.has(name);
    this.seen.add(name);
    if (this.seen.size > REMEMBERED) for (const oldest of this.seen) if (this.seen.delete(oldest)) break;
    this.since.set(delivery, this.clock.monotonic());
    this.arm();
    return isKnown;
  }

  has(delivery: Delivery): boolean {
    return this.since.has(delivery);
  }

  /** Lets go without acknowledging: the message comes again. */
  release(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) this.since.delete(delivery);
  }

  /** Lets go what made the host fail: when it comes again, that start had no end. */
  abandon(deliveries: readonly Delivery[]): void {
    this.release(deliveries);
    for (const { ref } of deliveries) this.seen.delete(nameOf(ref));
  }

  acknowledge(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) {
      this.since.delete(delivery);
      this.seen.delete(nameOf(delivery.ref));
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

function nameOf({ stream, sequence }: InputRef): string {
  return `${stream}.${sequence}`;
}
