/** Tokens: how fast a freed one is handed on, how much of the time they are used, and whether a full scope holds up others. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connectNats } from '@troupe/jetstream';
import { throttleTimes } from '@troupe/protocol';
import { createThrottleClient } from '@troupe/throttle';
import { inLanes } from '../lanes.ts';
import type { Side, SideContext } from '../scenario.ts';
import { percentile } from '../statistics.ts';
import { startTroupe, type Troupe } from '../troupe.ts';

const ROOT = 'cloud';
const FULL = 'cloud/full';
/** Below the same root, so that one entity holds both, and below another. */
const OTHERS = ['cloud/free', 'elsewhere'];

const start = (context: SideContext, limit: number): Promise<Troupe> =>
  startTroupe(context, { limits: { default: 1_000, scopes: { [ROOT]: { token: 1_000 }, [FULL]: { token: limit } } } });

/** From the return of one handler to the start of the next, with one token and so many that wait. */
export const handOn: Side = async (context) => {
  const { waiters = 0, count = 0, holdMs = 0 } = context.input;
  const troupe = await start(context, 0);
  await inLanes(waiters + count, 256, () => troupe.order('held', { scope: FULL, ms: holdMs }));
  await allWait(troupe, waiters + count);
  const values: Record<string, number> = {};
  for (const [index, scope] of OTHERS.entries()) values[`other${index}`] = await startOf(troupe, scope);
  troupe.watch.holds.length = 0;
  await troupe.client.setLimit({ scope: FULL, kind: 'token', limit: 1 });
  while (troupe.watch.holds.length < count) await sleep(5);
  const holds = troupe.watch.holds.slice(0, count);
  const gaps = holds.slice(1).map((run, i) => run.start - holds[i]!.end);
  return { values: { ...values, p50: percentile(gaps, 0.5), p99: percentile(gaps, 0.99) } };
};

/** The same for programs outside, which ask the door: from the end of the work of one to the beginning of that of the next. */
export const handOnOutside: Side = async (context) => {
  const { waiters = 0, count = 0, holdMs = 0 } = context.input;
  const { runtime } = await start(context, 0);
  const throttle = createThrottleClient(await connectNats({ servers: context.server.url }), { holder: 'bench' });
  const holds: { start: number; end: number }[] = [];
  const work = async (): Promise<void> => {
    const began = performance.now();
    await sleep(holdMs);
    holds.push({ start: began, end: performance.now() });
  };
  const wait = (n: number): Promise<void> => throttle.withTokens(FULL, { token: 1 }, work, { lease: `o-${n}` }).catch(() => undefined);
  const all: Promise<void>[] = [];
  /** How many wait: what somebody who asks now is told. */
  const ahead = async (): Promise<number> => {
    const ask = async (request: string, body: object): Promise<{ ahead?: number }> => {
      const payload = JSON.stringify({ v: 1, lease: 'last', ...body });
      return (await runtime.nc.request(runtime.subjects.throttle(ROOT, request), payload, { timeout: 60_000 })).json();
    };
    const answer = await ask('acquire', { scope: FULL, need: { token: 1 }, waitMs: 0 });
    await ask('release', {});
    return answer.ahead ?? 0;
  };
  // as many at a time as programs that start together, until all have their place
  for (let n = 0; n < waiters + count; n += 1_024) {
    for (let i = n; i < Math.min(n + 1_024, waiters + count); i++) all.push(wait(i));
    while ((await ahead()) < all.length) await sleep(100);
  }
  const values: Record<string, number> = {};
  for (const [index, scope] of OTHERS.entries()) {
    const sentAt = performance.now();
    await (await throttle.acquire(scope, { token: 1 })).release();
    values[`other${index}`] = performance.now() - sentAt;
  }
  // a round of asking again, so that what it costs to wait is in it
  await sleep(waiters === 0 ? 0 : throttleTimes.waitMs);
  await throttle.setLimit(FULL, 'token', 1);
  while (holds.length < count) await sleep(5);
  const gaps = holds.slice(1, count).map((hold, i) => hold.start - holds[i]!.end);
  return { values: { ...values, p50: percentile(gaps, 0.5), p99: percentile(gaps, 0.99) } };
};

/** An operation is accepted a moment before its scope has it. */
async function allWait({ client }: Troupe, count: number): Promise<void> {
  for (;;) {
    const full = (await client.throttle(ROOT))?.find(({ path }) => path === FULL);
    if (full?.waiting === count) return;
    await sleep(100);
  }
}

async function startOf(troupe: Troupe, scope: string): Promise<number> {
  troupe.watch.holds.length = 0;
  const sentAt = performance.now();
  await troupe.run('held', { scope, ms: 1 });
  return troupe.watch.holds[0]!.start - sentAt;
}

/** Share of the time that the tokens spend under a running handler, while enough others wait. */
export const utilisation: Side = async (context) => {
  const { limit = 0, holdMs = 0, count = 0 } = context.input;
  const troupe = await start(context, 0);
  await inLanes(count, 64, () => troupe.order('held', { scope: FULL, ms: holdMs }));
  await allWait(troupe, count);
  await troupe.client.setLimit({ scope: FULL, kind: 'token', limit });
  const { holds } = troupe.watch;
  while (holds.length < count) await sleep(5);
  const [from, to] = [holds[limit]!.start, holds[count - 1]!.start];
  let used = 0;
  for (const run of holds) used += Math.max(0, Math.min(Number.isNaN(run.end) ? to : run.end, to) - Math.max(run.start, from));
  return { values: { utilisation: used / (limit * (to - from)) } };
};
