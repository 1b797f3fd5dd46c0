/** Tokens: how fast a freed one is handed on, how much of the time they are used, and whether a full scope holds up others. */
import { setTimeout as sleep } from 'node:timers/promises';
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
