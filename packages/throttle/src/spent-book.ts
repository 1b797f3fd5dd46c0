/** What has been spent of the rates of a root, and what may be; every rate at a path is an item of the record. */
import type { Effect } from '@troupe/actor';
import { encodeJson, type Json } from '@troupe/protocol';
import { levelsOf, type Need } from './limits.ts';
import { type Rate, readyAt, readyFor, spend, type Spent, spentNow } from './rates.ts';

interface Entry {
  readonly path: string;
  readonly name: string;
  readonly spent: Spent;
}

/** How many are looked at whenever something is spent. */
const LOOKS = 2;

export class SpentBook {
  readonly rateOf: (path: string, name: string) => Rate | undefined;
  private readonly entries = new Map<string, Entry>();

  constructor(rateOf: (path: string, name: string) => Rate | undefined) {
    this.rateOf = rateOf;
  }

  restore(body: Json): void {
    const entry = body as unknown as Entry;
    this.entries.set(itemOf(entry.path, entry.name), entry);
  }

  readyAt(path: string, name: string, units: number, now: number): number {
    const rate = this.rateOf(path, name);
    return rate === undefined ? now : readyAt(rate, this.entries.get(itemOf(path, name))?.spent, units, now);
  }

  /** For many who spend one after the other. */
  readyFor(path: string, name: string, units: number, now: number): number {
    const rate = this.rateOf(path, name);
    return rate === undefined ? now : readyFor(rate, this.entries.get(itemOf(path, name))?.spent, units, now);
  }

  spentNow(path: string, name: string, now: number, entry: Entry | undefined = this.entries.get(itemOf(path, name))): number {
    const rate = this.rateOf(path, name);
    return rate === undefined ? 0 : spentNow(rate, entry?.spent, now);
  }

  /** At every level that has the rate. */
  spend(scope: string, units: Need, now: number): Effect[] {
    const effects: Effect[] = [];
    for (const [name, n] of Object.entries(units)) {
      for (const path of levelsOf(scope)) {
        const rate = this.rateOf(path, name);
        if (rate === undefined) continue;
        const item = itemOf(path, name);
        const entry: Entry = { path, name, spent: spend(rate, this.entries.get(item)?.spent, n, now) };
        this.entries.delete(item);
        this.entries.set(item, entry);
        effects.push({ type: 'putItem', item, body: entry as unknown as Json });
      }
    }
    return effects.length === 0 ? effects : [...effects, ...this.forget(now)];
  }

  /** In passing, those that have been spent of least lately: one of which nothing is missing any more is as good as one that never was. */
  private forget(now: number): Effect[] {
    const effects: Effect[] = [];
    const oldest: string[] = [];
    for (const item of this.entries.keys()) if (oldest.push(item) === LOOKS) break;
    for (const item of oldest) {
      const entry = this.entries.get(item)!;
      this.entries.delete(item);
      if (this.spentNow(entry.path, entry.name, now, entry) === 0) effects.push({ type: 'removeItem', item });
      else this.entries.set(item, entry);
    }
    return effects;
  }

  /** Every rate at a path that something was spent of. */
  *spentRates(): Iterable<{ path: string; name: string }> {
    for (const { path, name } of this.entries.values()) yield { path, name };
  }
}

function itemOf(path: string, name: string): string {
  return `r:${encodeJson([path, name])}`;
}
