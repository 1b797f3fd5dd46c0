/**
 * The account of a scope, kept from its events: they leave after the commit, in the order of the turns. Says at once when
 * live leases pass the limit; a second telling of one event (after a crash) changes nothing.
 */
import type { EventFeed } from '@troupe/client';
import type { Need } from '@troupe/throttle';

export interface Account {
  /** Leases granted and not yet given back, oldest first. */
  live(): string[];
  readonly granted: readonly string[];
  readonly fences: readonly number[];
  /** Of any lease: `granted`, `released`, `reclaimed`, `queued`, `withdrawn`, `givenBack`. */
  told(lease: string): readonly string[];
  readonly wrong: readonly string[];
}

interface Told {
  readonly lease: string;
  readonly need: Need;
  readonly left?: Need;
  readonly fence: number;
  readonly reentrant?: true;
}

export function keepAccount(feed: EventFeed, limitOf: (kind: string) => number): { account: Account; reading: Promise<void> } {
  const live = new Map<string, Need>();
  const granted: string[] = [];
  const fences: number[] = [];
  const wrong: string[] = [];
  const fenceOf = new Map<string, number>();
  const told = new Map<string, string[]>();
  const read = async (): Promise<void> => {
    for await (const { topic, body } of feed) {
      const what = topic.at(-1)!;
      const { lease, need, left, fence, reentrant } = body as unknown as Told;
      if (lease === undefined) continue;
      const before = told.get(lease) ?? [];
      if (what === 'granted' && before.includes(what) && fenceOf.get(lease) !== fence) wrong.push(`${lease} was granted twice`);
      if (what !== 'givenBack' && before.includes(what)) continue;
      told.set(lease, [...before, what]);
      if (what === 'granted') {
        if (fence <= (fences.at(-1) ?? 0)) wrong.push(`fence ${fence} of ${lease} after ${fences.at(-1)}`);
        fences.push(fence);
        fenceOf.set(lease, fence);
        granted.push(lease);
        // covered by what its holder holds already
        live.set(lease, reentrant === true ? {} : need);
        for (const kind of Object.keys(need)) {
          const used = [...live.values()].reduce((sum, one) => sum + (one[kind] ?? 0), 0);
          if (used > limitOf(kind)) wrong.push(`${used} ${kind} with ${lease}, the limit is ${limitOf(kind)}`);
        }
      } else if (what === 'givenBack') {
        if (live.has(lease)) live.set(lease, left!);
      } else if (what === 'released' || what === 'reclaimed') {
        if (!live.delete(lease)) wrong.push(`${what} ${lease}, which was not granted`);
      }
    }
    if (feed.dropped > 0) wrong.push(`${feed.dropped} events were missed`);
  };
  return { account: { live: () => [...live.keys()], granted, fences, told: (lease) => told.get(lease) ?? [], wrong }, reading: read() };
}
