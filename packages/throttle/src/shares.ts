/**
 * Fair share: start-time fair queueing (Goyal, Vin, Cheng, 1996). Every lease of a share is given a turn: the one after the last turn
 * of its share, but not before the turn that is being served. Who goes by turns gives each share that waits as much as every other one,
 * however many wait for one of them, and owes nothing to a share that was away. Each priority counts its own turns.
 */
import type { Effect } from '@troupe/actor';
import { encodeJson, type Json } from '@troupe/protocol';
import type { Need } from './limits.ts';
import { own } from './own.ts';

/** Kept as an item of the record: of one share where its next turn begins, without a share the turn that is served. */
interface Entry {
  readonly priority: number;
  readonly share?: string;
  readonly turn: number;
}

/** Shares that are looked at in passing, whether they are still ahead of what is served. */
const LOOKS = 2;

export class Shares {
  private readonly entries = new Map<string, Entry>();
  private readonly served = new Map<number, number>();
  private readonly weights: Readonly<Record<string, number>>;

  constructor(weights: Readonly<Record<string, number>>) {
    this.weights = weights;
  }

  restore(body: Json): void {
    const entry = body as unknown as Entry;
    if (entry.share === undefined) this.served.set(entry.priority, entry.turn);
    else this.entries.set(itemOf(entry.priority, entry.share), entry);
  }

  /** The turn of somebody new. What it costs its share is the largest number of its need. */
  take(share: string | undefined, priority: number, need: Need): { turn: number; effects: Effect[] } {
    const served = this.served.get(priority) ?? 0;
    if (share === undefined) return { turn: served, effects: [] };
    const item = itemOf(priority, share);
    const turn = Math.max(served, this.entries.get(item)?.turn ?? 0);
    const cost = Math.max(1, ...Object.values(need)) / (own(this.weights, share) ?? 1);
    const entry: Entry = { priority, share, turn: turn + cost };
    this.entries.delete(item);
    const forgotten = this.forget();
    this.entries.set(item, entry);
    return { turn, effects: [...forgotten, put(item, entry)] };
  }

  /** Somebody of this turn was granted. */
  serve(priority: number, turn: number): Effect[] {
    if (turn <= (this.served.get(priority) ?? 0)) return [];
    this.served.set(priority, turn);
    return [put(`t:${priority}`, { priority, turn })];
  }

  /** A share whose next turn is not ahead of what is served is as good as one that never was. */
  private forget(): Effect[] {
    const effects: Effect[] = [];
    for (const [item, entry] of [...firstOf(this.entries, LOOKS)]) {
      this.entries.delete(item);
      if (entry.turn <= (this.served.get(entry.priority) ?? 0)) effects.push({ type: 'removeItem', item });
      else this.entries.set(item, entry);
    }
    return effects;
  }
}

function* firstOf<K, V>(map: ReadonlyMap<K, V>, count: number): Iterable<[K, V]> {
  let n = 0;
  for (const one of map) {
    if (n++ === count) return;
    yield one;
  }
}

function itemOf(priority: number, share: string): string {
  return `s:${encodeJson([priority, share])}`;
}

function put(item: string, entry: Entry): Effect {
  return { type: 'putItem', item, body: entry as unknown as Json };
}
