/** A throttle with holders that are no entities: what a door sends for them, and what it is told. */
import type { Json } from '@troupe/protocol';
import { createBench } from './bench.ts';

export function createOutsideBench(options: Parameters<typeof createBench>[0] = {}) {
  const bench = createBench(options);
  let requests = 0;
  const say = (type: string, lease: string, body: Record<string, Json>, from = lease): Record<string, unknown> | undefined => {
    const request = `r${requests++}`;
    const before = bench.told.length;
    const tell = { door: 'd', request };
    bench.say(type, { lease, tell, ttlMs: 60_000, waitMs: 0, held: [], ...body }, from, { kind: 'outside' });
    return bench.told.slice(before).find((told) => told['request'] === request);
  };
  return {
    bench,
    /** The answer to the request, if there was one at once. */
    acquire: (lease: string, body: Record<string, Json> = {}, from?: string) =>
      say('acquire', lease, { scope: 'cloud', need: { vm: 1 }, ...body }, from),
    renew: (lease: string, fence: number, body: Record<string, Json> = {}, from?: string) => say('renew', lease, { fence, ...body }, from),
    release: (lease: string, body: Record<string, Json> = {}, from?: string) => say('release', lease, body, from),
    fenceOf: (lease: string): number | undefined => bench.state.ledger.leases.get(lease)?.fence,
    /** Items that are left of outside holders. */
    left: () => [...bench.record().items.keys()].filter((name) => name !== 'limits'),
  };
}
