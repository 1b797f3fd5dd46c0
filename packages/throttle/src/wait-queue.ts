/**
 * The queue of one limit or rate. Higher priorities go first; within one the share that had the fewest turns, then whoever came first.
 * Whoever has waited for the aging bound goes before all that have not, the oldest first: so it is passed only by who came within
 * that time after it, and nobody starves. At any moment this is one order of all waiters of a root, the same in all of its queues:
 * else two that need the same two things could each be first for one of them.
 */
import type { Waiter } from './ledger.ts';

export class WaitQueue {
  /** By priority, turn and arrival. */
  private readonly ranked: Waiter[] = [];
  private readonly arrivals: Waiter[] = [];
  private readonly agingMs: number;

  constructor(agingMs: number) {
    this.agingMs = agingMs;
  }

  get length(): number {
    return this.ranked.length;
  }

  head(now: number): Waiter | undefined {
    const oldest = this.arrivals[0];
    return oldest !== undefined && isAged(oldest, now, this.agingMs) ? oldest : this.ranked[0];
  }

  /** When another one will be first without anything having happened. */
  turnsAt(now: number): number | undefined {
    const oldest = this.arrivals[0];
    return oldest === undefined || oldest === this.ranked[0] || isAged(oldest, now, this.agingMs) ? undefined : oldest.since + this.agingMs;
  }

  /** Who stands before it, or would. */
  before(waiter: Waiter, now: number): Waiter[] {
    return this.ranked.filter((one) => one.lease !== waiter.lease && goesFirst(one, waiter, now, this.agingMs) < 0);
  }

  insert(waiter: Waiter): void {
    this.ranked.splice(position(this.ranked, waiter, byOrder), 0, waiter);
    this.arrivals.splice(position(this.arrivals, waiter, byArrival), 0, waiter);
  }

  remove(waiter: Waiter): void {
    removeFrom(this.ranked, waiter, byOrder);
    removeFrom(this.arrivals, waiter, byArrival);
  }
}

type Order = (a: Waiter, b: Waiter) => number;

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

function isAged(waiter: Waiter, now: number, agingMs: number): boolean {
  return now - waiter.since >= agingMs;
}

function position(list: readonly Waiter[], waiter: Waiter, order: Order): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const mid = (low + high) >>> 1;
    if (order(list[mid]!, waiter) < 0) low = mid + 1;
    else high = mid;
  }
  return low;
}

function removeFrom(list: Waiter[], waiter: Waiter, order: Order): void {
  const at = position(list, waiter, order);
  if (list[at]?.lease === waiter.lease) list.splice(at, 1);
}
