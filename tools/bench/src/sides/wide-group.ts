/** One group of many steps: what it writes and how long it takes. */
import { startMeter } from '../meter.ts';
import type { Side } from '../scenario.ts';
import { startTroupe } from '../troupe.ts';

export const wideGroup: Side = async (context) => {
  const { steps = 0 } = context.input;
  const troupe = await startTroupe(context);
  await troupe.run('group', { steps: 20 });
  const endMeter = await startMeter(context.server);
  const start = performance.now();
  await troupe.run('group', { steps });
  const seconds = (performance.now() - start) / 1_000;
  const cost = await endMeter(1, steps);
  return { values: { bytesPerStep: cost.serverBytes / steps, stepsPerSecond: steps / seconds }, cost };
};
