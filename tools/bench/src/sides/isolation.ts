/** Operations of one regular step, alone or beside background work that hangs: from the order to the start, and from there to the known end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { pull } from '../app.ts';
import { inLanes } from '../lanes.ts';
import type { Side } from '../scenario.ts';
import { percentile } from '../statistics.ts';
import { startTroupe } from '../troupe.ts';

const WARM_UP = 50;

export const isolation: Side = async (context) => {
  const { pulls = 0, count = 0 } = context.input;
  const troupe = await startTroupe(context);
  await inLanes(pulls, 64, async () => void (await troupe.client.sendTask(pull, null)));
  while (troupe.watch.hanging < Math.min(pulls, 1)) await sleep(5);
  const starts: number[] = [];
  const ends: number[] = [];
  for (let n = 0; n < WARM_UP + count; n++) {
    const started = new Promise<number>((resolve) => void (troupe.watch.noopStarted = resolve));
    const sentAt = performance.now();
    await troupe.run('chain', { steps: 1 });
    const endedAt = performance.now();
    const startedAt = await started;
    if (n < WARM_UP) continue;
    starts.push(startedAt - sentAt);
    ends.push(endedAt - startedAt);
  }
  return {
    values: {
      startP50: percentile(starts, 0.5),
      startP99: percentile(starts, 0.99),
      endP50: percentile(ends, 0.5),
      endP99: percentile(ends, 0.99),
    },
  };
};
