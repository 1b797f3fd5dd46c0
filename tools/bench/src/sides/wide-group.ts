/** One operation of many steps, side by side or one after the other: what it writes and how long it takes. */
import { startMeter } from '../meter.ts';
import type { Result, Side, SideContext } from '../scenario.ts';
import { startTroupe } from '../troupe.ts';

async function alone(executor: 'group' | 'chain', context: SideContext): Promise<Result> {
  const { steps = 0 } = context.input;
  const troupe = await startTroupe(context);
  await troupe.run(executor, { steps: 20 });
  const endMeter = await startMeter(context.server);
  const start = performance.now();
  await troupe.run(executor, { steps });
  const ms = performance.now() - start;
  const cost = await endMeter(1, steps);
  return { values: { bytesPerStep: cost.serverBytes / steps, stepsPerSecond: (steps / ms) * 1_000, msPerStep: ms / steps }, cost };
}

export const wideGroup: Side = (context) => alone('group', context);
export const longChain: Side = (context) => alone('chain', context);
