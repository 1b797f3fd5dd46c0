/**
 * Commands of a version that this door does not read: senders were upgraded before the doors, or while the doors are. They
 * are handed back, so that another door may have them, for a bounded time and few at once: what is handed back keeps a place among the
 * pending acknowledgements of the consumer, of which all doors together have a thousand.
 */
import type { PulledMessage } from './puller.ts';

/** Handed back by one door at once. */
const OFFERED_LIMIT = 64;

export interface NewerCommandsOptions {
  /** How long one is offered to other doors, milliseconds since it was stored. */
  readonly offeredMs: number;
  readonly serverNow: () => number;
}

export interface NewerCommands {
  /**
   * Whether to hand it back to whoever reads it. At least once, then until its time is over; never when too many are under
   * way: then no door that reads them is coming to take them.
   */
  mayOffer(message: Pick<PulledMessage, 'sequence' | 'deliveries' | 'storedAt'>): boolean;
}

export function createNewerCommands({ offeredMs, serverNow }: NewerCommandsOptions): NewerCommands {
  /** Until when each keeps its place; another door may have taken it long before, which nobody tells us. */
  const offered = new Map<number, number>();
  return {
    mayOffer({ sequence, deliveries, storedAt }) {
      const now = serverNow();
      for (const [other, until] of offered) if (until <= now) offered.delete(other);
      const isOver = deliveries > 1 && now >= storedAt + offeredMs;
      const isFull = offered.size >= OFFERED_LIMIT && !offered.has(sequence);
      if (isOver || isFull) {
        offered.delete(sequence);
        return false;
      }
      offered.set(sequence, Math.max(now, storedAt) + offeredMs);
      return true;
    },
  };
}
