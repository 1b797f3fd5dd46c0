/**
 * The queue of one limit or rate. Higher priorities go first; within one the share that had the fewest turns, then whoever came first.
 * Whoever has waited for the aging bound goes before all that have not, the oldest first: so it is passed only by who came within
 * that time after it, and nobody starves. At any moment this is one order of all waiters of a root, the same in all of its queues:
 * else two that need the same two things could each be first for one of them.
 */
import type { Waiter } from './ledger.ts';
import { SortedList } from './sorted-list.ts';

export class WaitQueue {
  /** By priority, turn and arrival. */
  private readonly ranked = new SortedList<Waiter>(byOrder);
  private readonly arrivals = new SortedList<Waiter>(byArrival);
  private readonly agingMs: number;

  constructor(agingMs: number) {
    this.agingMs = agingMs;
  }

  get length(): number {
    return this.ranked.length;
  }

  head(now: number): Waiter | undefined {
    const oldest = this.arrivals.first;
    return oldest !== undefined && isAged(oldest, now, this.agingMs) ? oldest : this.ranked.first;
  }

  /** When another one will be first without anything having happened. */
  turnsAt(now: number): number | undefined {
    const oldest = this.arrivals.first;
    return oldest === undefined || oldest === this.ranked.first || isAged(oldest, now, this.agingMs)
      ? undefined
      : oldest.since + this.agingMs;
  }

  get all(): Waiter[] {
    return [...this.ranked];
  }

  /** Who stands before it, or would. */
  before(waiter: Waiter, now: number): Waiter[] {
    return [...this.ranked].filter((one) => one.lease !== waiter.lease && goesFirst(one, waiter, now, this.agingMs) < 0);
  }

  /** How many they are. */
  countBefore(waiter: Waiter, now: number): number {
    const oldest = this.arrivals.first;
    // nobody has aged: the order is that of the list
    if (oldest === undefined || !isAged(oldest, now, this.agingMs)) return this.ranked.before(waiter);
    return this.before(waiter, now).length;
  }

  insert(waiter: Waiter): void {
    this.ranked.insert(waiter);
    this.arrivals.insert(waiter);
  }

  remove(waiter: Waiter): void {
    this.ranked.remove(waiter);
    this.arrivals.remove(waiter);
  }
}

/** The order at a moment; negative if `a` goes first. */
export function goesFirst(a: Waiter, b: Waiter, now: number, agingMs: number): number {
  const isOld = isAged(a, now, agingMs);
  if (isOld !== isAged(b, now, agingMs)) return isOld ? -1 : 1;
  return isOld ? byArrival(a, b) : byOrder(a, b);
}

/** As long as nobody has reached the aging bound. */
export function byOrder(a: Waiter, b: Waiter): number {
  return b.priority - a.priority || (a.turn ?? 0) - (b.turn ?? 0) || a.seq - b.seq;
}

function byArrival(a: Waiter, b: Waiter): number {
  return a.seq - b.seq;
}

export function isAged(waiter: Waiter, now: number, agingMs: number): boolean {
  return now - waiter.since >= agingMs;
}
