/**
 * Who holds what and who waits for what below one root, with an index that keeps a turn O(change).
 *
 * A *pair* is a (path, kind). A waiter that is short somewhere takes its place in the queues of all pairs of its need at
 * that level and below, and nobody who comes after it in their order overtakes it there; pairs above that level it leaves alone,
 * so a tenant that waits for its own limit holds up nobody else. Freed tokens are offered to the heads of the queues of
 * the freed pairs only.
 *
 * Who waits for a rate inside of a lease of the root stands apart. Others may wait for its tokens, so it must never wait for them, but
 * for time and for its like alone: it goes first, though not before somebody who has aged and waits for nothing but time either.
 */
import type { Address, Context } from '@troupe/protocol';
import { DueTimes } from './due-times.ts';
import { levelsOf, type Need } from './limits.ts';
import { insideKey, key, LowestFirst, rateKey, twinOf } from './pairs.ts';
import { byOrder, goesFirst, isAged, WaitQueue } from './wait-queue.ts';

export interface Waiter {
  readonly lease: string;
  readonly scope: string;
  readonly need: Need;
  /** What it spends of rates when it is granted. */
  readonly spend?: Need;
  readonly holder: Address;
  /** Higher goes first. */
  readonly priority: number;
  /** Whom it counts for where tenants share fairly. */
  readonly share?: string;
  /** Its turn among the shares of its priority, from 0. */
  readonly turn?: number;
  /** Order of arrival. */
  readonly seq: number;
  /** Epoch milliseconds. */
  readonly since: number;
  /** Its holder has a lease of this root, that covers its need: it waits for rates alone. */
  readonly inside?: true;
  /** Of whoever asked: what is told about it is told under this, whoever caused it. */
  readonly context?: Context;
}

export interface Lease {
  readonly lease: string;
  readonly scope: string;
  readonly need: Need;
  readonly holder: Address;
  readonly fence: number;
  readonly grantedAt: number;
  /** Covered by what its holder or an ancestor holds: it has no tokens of its own. */
  readonly reentrant?: true;
  readonly context?: Context;
}

interface Pair {
  used: number;
  readonly queue: WaitQueue;
}

interface Place {
  readonly waiter: Waiter;
  pairs: string[];
}

export type LimitOf = (path: string, kind: string) => number;

/** What besides the limits may hold somebody up. */
export interface LedgerRules {
  /** From when so many units of a rate can be spent at a path, epoch ms; at once if that is not after `now`. */
  readyAt(path: string, rate: string, units: number, now: number): number;
  /** Nothing is granted at this path and below, whatever is free. */
  isClosed(path: string): boolean;
  /** Whoever has waited so long goes before all that have not. */
  readonly agingMs: number;
}

const NO_RULES: LedgerRules = { readyAt: (_path, _rate, _units, now) => now, isClosed: () => false, agingMs: Number.POSITIVE_INFINITY };

/** Why somebody waits: at a level, one entry for every kind or rate that is short there. */
export interface Blocker {
  readonly path: string;
  /** Of tokens or, where `of` is `rate`, the name of a rate. Empty where the path is closed. */
  readonly kind: string;
  readonly of: 'tokens' | 'rate';
  readonly reason: 'full' | 'behind' | 'closed';
  /** From when what is missing of a rate will be there, epoch ms. */
  readonly at?: number;
}

export class Ledger {
  readonly leases = new Map<string, Lease>();
  private readonly waiting = new Map<string, Place>();
  private readonly pairs = new Map<string, Pair>();
  private readonly limitOf: LimitOf;
  private readonly rules: LedgerRules;
  /** Pairs whose head waits for a rate, and from when it will do. */
  private readonly due = new DueTimes();
  private readonly below = new Map<string, number>();
  /** Looks at waiters, for tests that hold the cost of a turn. */
  looks = 0;

  constructor(limitOf: LimitOf, rules: LedgerRules = NO_RULES) {
    this.limitOf = limitOf;
    this.rules = rules;
  }

  get waitingCount(): number {
    return this.waiting.size;
  }

  waiter(lease: string): Waiter | undefined {
    return this.waiting.get(lease)?.waiter;
  }

  waiters(): Waiter[] {
    return [...this.waiting.values()].map((p) => p.waiter).sort(byOrder);
  }

  used(path: string, kind: string): number {
    return this.pairs.get(key(path, kind))?.used ?? 0;
  }

  /** Who stands before somebody in a queue, or would. */
  before({ path, kind, of }: Pick<Blocker, 'path' | 'kind' | 'of'>, waiter: Waiter, now: number): Waiter[] {
    if (of === 'tokens') return this.queue(key(path, kind))?.before(waiter, now) ?? [];
    const [others, inside] = [this.queue(rateKey(path, kind)), this.queue(insideKey(path, kind))];
    if (waiter.inside === true) {
      const head = others?.head(now);
      const older = head === undefined || this.comesFirst(head, waiter, now) === undefined ? [] : [head];
      return [...older, ...(inside?.before(waiter, now) ?? [])];
    }
    const first = (inside?.all ?? []).filter((one) => this.comesFirst(waiter, one, now) === undefined);
    return [...first, ...(others?.before(waiter, now) ?? [])];
  }

  /** How many they are. */
  countBefore(blocker: Pick<Blocker, 'path' | 'kind' | 'of'>, waiter: Waiter, now: number): number {
    if (blocker.of === 'rate') return this.before(blocker, waiter, now).length;
    return this.queue(key(blocker.path, blocker.kind))?.countBefore(waiter, now) ?? 0;
  }

  /** Every pair that is used or waited for. */
  *entries(): Iterable<{ path: string; kind: string; of: 'tokens' | 'rate'; used: number; waiting: number }> {
    for (const [name, pair] of this.pairs) {
      const [path, kind, queue] = name.split('\0') as [string, string, string?];
      const of = queue === undefined ? 'tokens' : 'rate';
      if (pair.used > 0 || pair.queue.length > 0) yield { path, kind, of, used: pair.used, waiting: pair.queue.length };
    }
  }

  isWaitedFor(path: string, kind: string): boolean {
    return (this.pairs.get(key(path, kind))?.queue.length ?? 0) > 0;
  }

  /** Leases at a path and below, those without tokens of their own too. */
  leasesBelow(path: string): number {
    return this.below.get(path) ?? 0;
  }

  addLease(lease: Lease): void {
    this.leases.set(lease.lease, lease);
    this.count(lease.scope, 1);
    if (lease.reentrant !== true) this.use(lease.scope, lease.need, 1);
  }

  /** Puts a waiter in its place; true if it could be granted right away (then it is not waiting). */
  enter(waiter: Waiter, now: number): boolean {
    const place: Place = { waiter, pairs: [] };
    if (this.settle(place, now)) return true;
    this.waiting.set(waiter.lease, place);
    return false;
  }

  /** A waiter of the record. If nothing is in its way any more, for a limit is configured anew, it is due at once. */
  restore(waiter: Waiter, now: number): void {
    if (!this.enter(waiter, now)) return;
    const place: Place = { waiter, pairs: [] };
    this.stand(place, levelsOf(waiter.scope), now);
    this.waiting.set(waiter.lease, place);
    this.due.add(place.pairs[0]!, now);
  }

  /** From when the first of those who wait for a rate alone will have it, epoch ms. */
  get nextDue(): number | undefined {
    return this.due.next;
  }

  takeDue(now: number): string[] {
    return this.due.take(now);
  }

  /** The pairs that lost a place in their queue. */
  withdraw(lease: string): string[] {
    const place = this.waiting.get(lease);
    if (place === undefined) return [];
    this.waiting.delete(lease);
    return this.withTwins(this.leave(place));
  }

  /** The pairs that got tokens back. */
  removeLease(lease: string): string[] {
    const found = this.leases.get(lease);
    if (found === undefined) return [];
    this.leases.delete(lease);
    this.count(found.scope, -1);
    return found.reentrant === true ? [] : this.use(found.scope, found.need, -1);
  }

  replaceLease(next: Lease): string[] {
    const freed = this.removeLease(next.lease);
    this.addLease(next);
    return freed;
  }

  /** Of one kind and of the rate of that name, or all. */
  pairsBelow(path: string, kind?: string): string[] {
    return [...this.pairs.keys()].filter((name) => {
      const [at, k] = name.split('\0') as [string, string];
      return (kind === undefined || k === kind) && (at === path || at.startsWith(`${path}/`));
    });
  }

  /**
   * Offers what is free on these pairs to the heads of their queues; `grant` makes the lease of a waiter that can have it. The
   * lowest levels first: who waited for its own limit then meets the queues above with its arrival, before what was freed
   * there with the same lease goes to somebody who came later.
   */
  offer(pairs: readonly string[], now: number, grant: (waiter: Waiter) => void): void {
    const open = new LowestFirst(pairs);
    for (const name of open) {
      for (;;) {
        const head = this.pairs.get(name)?.queue.head(now);
        if (head === undefined) break;
        const place = this.waiting.get(head.lease)!;
        const before = this.leave(place);
        if (this.settle(place, now)) {
          this.waiting.delete(head.lease);
          grant(head);
          // its places are free for those behind it, on every pair it stood in
          for (const pair of this.withTwins(before)) open.add(pair);
          continue;
        }
        const left = before.filter((pair) => !place.pairs.includes(pair));
        for (const pair of this.withTwins(left)) open.add(pair);
        if (!left.includes(name)) break;
      }
      this.watch(name, now);
    }
  }

  /** What a waiter is short of: the pairs of the topmost level that refuses it. */
  blockers(waiter: Waiter, now: number): Blocker[] {
    const isInside = waiter.inside === true;
    for (const path of levelsOf(waiter.scope)) {
      const found: Blocker[] = [];
      if (!isInside && this.rules.isClosed(path)) found.push({ path, kind: '', of: 'tokens', reason: 'closed' });
      for (const [kind, tokens] of isInside ? [] : Object.entries(waiter.need)) {
        if (this.used(path, kind) + tokens > this.limitOf(path, kind)) found.push({ path, kind, of: 'tokens', reason: 'full' });
        else if (this.isBehind(waiter, key(path, kind), now)) found.push({ path, kind, of: 'tokens', reason: 'behind' });
      }
      for (const [kind, units] of Object.entries(waiter.spend ?? {})) {
        const at = this.rules.readyAt(path, kind, units, now);
        if (at > now) found.push({ path, kind, of: 'rate', reason: 'full', at });
        else {
          const behind = isInside ? this.insideBehind(waiter, path, kind, now) : this.rateBehind(waiter, path, kind, now);
          if (behind !== undefined) found.push({ path, kind, of: 'rate', reason: 'behind', ...behind });
        }
      }
      if (found.length > 0) return found;
    }
    return [];
  }

  private isBehind(waiter: Waiter, name: string, now: number): boolean {
    const head = this.queue(name)?.head(now);
    return head !== undefined && head.lease !== waiter.lease && goesFirst(head, waiter, now, this.rules.agingMs) < 0;
  }

  private rateBehind(waiter: Waiter, path: string, rate: string, now: number): object | undefined {
    if (this.isBehind(waiter, rateKey(path, rate), now)) return {};
    const inside = this.queue(insideKey(path, rate))?.head(now);
    return inside === undefined || this.comesFirst(waiter, inside, now) !== undefined ? undefined : {};
  }

  private insideBehind(waiter: Waiter, path: string, rate: string, now: number): { readonly at?: number } | undefined {
    if (this.isBehind(waiter, insideKey(path, rate), now)) return {};
    const head = this.queue(rateKey(path, rate))?.head(now);
    const at = head === undefined ? undefined : this.comesFirst(head, waiter, now);
    return at === undefined ? undefined : { at: Math.max(at, now + 1) };
  }

  /**
   * From when somebody will have all that it waits for, if that is before somebody inside of a lease: it has aged, and time alone brings it.
   * Whoever needs tokens that are not there goes after, for they may be held by the one inside.
   */
  private comesFirst(waiter: Waiter, inside: Waiter, now: number): number | undefined {
    const { agingMs } = this.rules;
    if (!isAged(waiter, now, agingMs) || goesFirst(waiter, inside, now, agingMs) > 0) return undefined;
    let latest = now;
    for (const path of levelsOf(waiter.scope)) {
      if (this.rules.isClosed(path)) return undefined;
      for (const [kind, tokens] of Object.entries(waiter.need))
        if (this.used(path, kind) + tokens > this.limitOf(path, kind) || this.isBehind(waiter, key(path, kind), now)) return undefined;
      for (const [rate, units] of Object.entries(waiter.spend ?? {})) {
        if (this.isBehind(waiter, rateKey(path, rate), now) || this.isBehind(waiter, insideKey(path, rate), now)) return undefined;
        latest = Math.max(latest, this.rules.readyAt(path, rate, units, now));
      }
    }
    return Number.isFinite(latest) ? latest : undefined;
  }

  /** True if nothing blocks it; else it stands in the queues of the blocking level and below. */
  private settle(place: Place, now: number): boolean {
    this.looks++;
    const blockers = this.blockers(place.waiter, now);
    const blocked = blockers[0];
    if (blocked === undefined) return true;
    const levels = levelsOf(place.waiter.scope);
    this.stand(place, levels.slice(levels.indexOf(blocked.path)), now);
    for (const { path, kind, at } of blockers) {
      if (at === undefined) continue;
      this.due.add(rateKey(path, kind), at);
      if (place.waiter.inside === true) this.due.add(insideKey(path, kind), at);
    }
    return false;
  }

  private stand(place: Place, levels: readonly string[], now: number): void {
    const { waiter, pairs } = place;
    for (const path of levels) {
      for (const kind of waiter.inside === true ? [] : Object.keys(waiter.need)) pairs.push(key(path, kind));
      for (const rate of Object.keys(waiter.spend ?? {})) pairs.push((waiter.inside === true ? insideKey : rateKey)(path, rate));
    }
    for (const name of pairs) {
      this.pair(name).queue.insert(waiter);
      this.watch(name, now);
    }
  }

  /** Somebody who was passed will be first by the time alone. */
  private watch(name: string, now: number): void {
    const at = this.pairs.get(name)?.queue.turnsAt(now);
    if (at !== undefined) this.due.add(name, at);
  }

  private leave(place: Place): string[] {
    for (const name of place.pairs) this.pair(name).queue.remove(place.waiter);
    return place.pairs.splice(0);
  }

  /** With those who wait for the same rate elsewhere. */
  private withTwins(names: readonly string[]): string[] {
    return names.flatMap((name) => {
      const twin = twinOf(name);
      return twin !== undefined && (this.queue(twin)?.length ?? 0) > 0 ? [name, twin] : [name];
    });
  }

  private queue(name: string): WaitQueue | undefined {
    return this.pairs.get(name)?.queue;
  }

  private count(scope: string, by: 1 | -1): void {
    for (const path of levelsOf(scope)) {
      const leases = (this.below.get(path) ?? 0) + by;
      if (leases === 0) this.below.delete(path);
      else this.below.set(path, leases);
    }
  }

  private use(scope: string, need: Need, sign: 1 | -1): string[] {
    const touched: string[] = [];
    for (const path of levelsOf(scope)) {
      for (const [kind, tokens] of Object.entries(need)) {
        this.pair(key(path, kind)).used += sign * tokens;
        touched.push(key(path, kind));
      }
    }
    return touched;
  }

  private pair(name: string): Pair {
    let pair = this.pairs.get(name);
    if (pair === undefined) this.pairs.set(name, (pair = { used: 0, queue: new WaitQueue(this.rules.agingMs) }));
    return pair;
  }
}
