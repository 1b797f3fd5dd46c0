/** Two ways to run something over and over: one after the other, or so many at once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startMeter } from './meter.ts';
import type { Cost, ServerFacts } from './scenario.ts';
import { percentile } from './statistics.ts';

export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

/** Milliseconds of `run`, one at a time; what it returns is the sample, if it returns one. */
export async function oneByOne(run: () => Promise<number | void>, warmUp: number, count: number): Promise<Latency> {
  for (let i = 0; i < warmUp; i++) await run();
  const samples: number[] = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    samples.push((await run()) ?? performance.now() - start);
  }
  return { p50: percentile(samples, 0.5), p99: percentile(samples, 0.99) };
}

export interface LoadOptions {
  readonly server: ServerFacts;
  readonly inFlight: number;
  readonly stepsEach: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** Keeps `inFlight` runs under way, and counts those that end within the measured time. */
export async function loaded(run: () => Promise<unknown>, options: LoadOptions): Promise<{ perSecond: number; cost: Cost }> {
  const { server, inFlight, stepsEach, warmUpMs, measureMs } = options;
  let ended = 0;
  let isOver = false;
  const lanes = Array.from({ length: inFlight }, async () => {
    while (!isOver) {
      await run();
      ended++;
    }
  });
  const failed = Promise.race(lanes);
  await Promise.race([sleep(warmUpMs), failed]);
  const endMeter = await startMeter(server);
  const start = performance.now();
  const before = ended;
  await Promise.race([sleep(measureMs), failed]);
  const count = ended - before;
  const perSecond = count / ((performance.now() - start) / 1_000);
  const cost = await endMeter(count, count * stepsEach);
  isOver = true;
  await Promise.all(lanes);
  return { perSecond, cost };
}
