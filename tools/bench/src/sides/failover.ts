/** A supervisor is killed with -9, with and without messages in its hands: when the other one goes on. */
import { setTimeout as sleep } from 'node:timers/promises';
import { topologyDefaults } from '@troupe/jetstream';
import { connectRuntime } from '@troupe/runtime';
import { oneByOne } from '../load.ts';
import { startRoles } from '../roles-process.ts';
import type { Side, SideContext } from '../scenario.ts';
import { startClient } from '../troupe.ts';

/** Random ids: every partition gets some. */
const SPREAD = 64;
const IN_FLIGHT = 50;
/** Until ranks are known and the pulls of both stand. */
const SETTLE_MS = 1_000;

async function setup({ server: { url } }: SideContext) {
  await (await connectRuntime({ connection: { servers: url }, applyTopology: true })).stop();
  const victim = await startRoles({ url, roles: ['supervisor'] });
  const heir = await startRoles({ url, roles: ['supervisor'] });
  const worker = await startRoles({ url, roles: ['worker'] });
  const { run, order } = await startClient(url);
  const chain = (): Promise<void> => run('chain', { steps: 1 });
  await sleep(SETTLE_MS);
  await oneByOne(chain, 0, 200);
  return { victim, heir, worker, chain, order };
}

/** Nothing is under way: from the kill to the last of many operations being accepted. */
export const idleFailover: Side = async (context) => {
  const { victim, order } = await setup(context);
  await sleep(500);
  await victim.kill();
  const start = performance.now();
  await Promise.all(Array.from({ length: SPREAD }, () => order('chain', { steps: 1 })));
  return { values: { ms: performance.now() - start } };
};

/** Operations are under way: the longest that one took which was under way at the kill, beyond `ack_wait`. */
export const busyFailover: Side = async (context) => {
  const { victim, chain } = await setup(context);
  let isOver = false;
  let killedAt = Infinity;
  let longest = 0;
  const lanes = Array.from({ length: IN_FLIGHT }, async () => {
    while (!isOver) {
      await chain();
      if (performance.now() > killedAt) longest = Math.max(longest, performance.now() - killedAt);
      if (performance.now() > killedAt) return;
    }
  });
  await sleep(500);
  killedAt = performance.now();
  await victim.kill();
  isOver = true;
  await Promise.all(lanes);
  return { values: { ms: longest, beyondAckWaitMs: Math.max(0, longest - topologyDefaults.mailAckWaitMs) } };
};
