/**
 * What a resident entity keeps between turns besides the behaviour's state: where its record stands, and which items
 * count. Items are immutable and stand under `<nonce>.<n>`; the nonce is drawn per activation, so what an uncommitted
 * turn of a dead or frozen host has written can never be taken for committed: the root says per nonce how far it counts.
 */
import { encodeJson, type Json } from '@troupe/protocol';
import type { EntityRecord } from './behaviour.ts';
import type { PendingEffect } from './effects.ts';
import type { InputRef, ItemName, LoadedRecord, RootRecord, StoredItem } from './ports.ts';

export class EntityRecordState {
  revision = 0;
  /** Encoded behaviour root as committed, to see whether a turn changed anything. */
  rootText: string | undefined;
  ttlSeconds: number | undefined;
  quarantine: RootRecord['q'];
  /** Effects of the committed root, kept while their outcomes are not folded. */
  effectsOfRoot: readonly PendingEffect[] = [];
  readonly nonce: string;
  turn = 0;
  private effects = 0;
  private itemNumber = 0;
  private readonly counts = new Map<string, number>();
  /** Logical name of an item to where it stands. */
  private readonly items = new Map<string, ItemName>();
  /** Live items per nonce: a nonce without any leaves the root. */
  private readonly live = new Map<string, number>();

  constructor(nonce: string) {
    this.nonce = nonce;
  }

  nextEffectId(address: string): string {
    return `${address}@${this.nonce}.${this.effects++}`;
  }

  /** Takes over a loaded record and returns the items that count. */
  adopt(loaded: LoadedRecord): Map<string, Json> {
    const { root } = loaded;
    this.revision = loaded.revision;
    this.rootText = root.s === undefined ? undefined : encodeJson(root.s);
    this.ttlSeconds = root.ttl;
    this.quarantine = root.q;
    this.effectsOfRoot = root.fx;
    for (const [nonce, highest] of Object.entries(root.nx)) this.counts.set(nonce, highest);
    const removed = new Set(root.fx.flatMap((e) => (e.type === 'removeItem' ? [e.item] : [])));
    const bodies = new Map<string, Json>();
    for (const stored of loaded.items) {
      const highest = this.counts.get(stored.nonce);
      if (highest === undefined || stored.n > highest) continue;
      if (removed.has(`${stored.nonce}.${stored.n}`)) continue;
      // what was replaced may still lie there, or again: a server that is killed may bring it back. The later one counts. Within one nonce
      // that is the higher number, between nonces the order in which they were stored, for an activation begins where the one before ended
      const other = this.items.get(stored.item);
      if (other?.nonce === stored.nonce && other.n > stored.n) continue;
      this.place(stored.item, { nonce: stored.nonce, n: stored.n });
      bodies.set(stored.item, stored.body);
    }
    return bodies;
  }

  /** Numbers a new item; what it replaces comes back to be removed. */
  put(item: string, body: Json): { stored: StoredItem; replaced: ItemName | undefined } {
    const name = { nonce: this.nonce, n: ++this.itemNumber };
    const replaced = this.place(item, name);
    this.counts.set(this.nonce, this.itemNumber);
    return { stored: { ...name, item, body }, replaced };
  }

  remove(item: string): ItemName | undefined {
    const name = this.items.get(item);
    if (name === undefined) return undefined;
    this.items.delete(item);
    this.forget(name);
    return name;
  }

  /** Forgets all items but those that are kept, and returns them. */
  dropItems(isKept: (item: string, name: ItemName) => boolean): ItemName[] {
    const dropped: ItemName[] = [];
    for (const [item, name] of this.items) {
      if (isKept(item, name)) continue;
      dropped.push(name);
      this.items.delete(item);
      this.forget(name);
    }
    for (const nonce of this.counts.keys()) if ((this.live.get(nonce) ?? 0) === 0) this.counts.delete(nonce);
    return dropped;
  }

  encode(rootText: string | undefined, fx: readonly PendingEffect[], inputs: readonly InputRef[], doubtful = false): string {
    const nx: Record<string, number> = {};
    for (const [nonce, highest] of this.counts) {
      if (nonce === this.nonce || (this.live.get(nonce) ?? 0) > 0) nx[nonce] = highest;
    }
    return (
      `{"v":1,"w":"${this.writeId()}"` +
      (rootText === undefined ? '' : `,"s":${rootText}`) +
      `,"fx":${encodeJson(fx)},"in":${encodeJson(inputs)},"nx":${encodeJson(nx)}` +
      (this.ttlSeconds === undefined ? '' : `,"ttl":${this.ttlSeconds}`) +
      (doubtful ? ',"d":true' : '') +
      (this.quarantine === undefined ? '' : `,"q":${encodeJson(this.quarantine)}`) +
      '}'
    );
  }

  writeId(): string {
    return `${this.nonce}.${this.turn}`;
  }

  private place(item: string, name: ItemName): ItemName | undefined {
    const before = this.items.get(item);
    if (before !== undefined) this.forget(before);
    this.items.set(item, name);
    this.live.set(name.nonce, (this.live.get(name.nonce) ?? 0) + 1);
    return before;
  }

  private forget(name: ItemName): void {
    this.live.set(name.nonce, (this.live.get(name.nonce) ?? 1) - 1);
  }
}

/** A stored record as its behaviour would see it; undefined for a key that holds nothing but a quarantine. For readers only. */
export function entityRecordOf(loaded: LoadedRecord): EntityRecord | undefined {
  const items = new EntityRecordState('').adopt(loaded);
  return loaded.root.s === undefined ? undefined : { root: loaded.root.s, items };
}
