/** Two ways to run something over and over: one after the other, or so many at once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startMeter } from './meter.ts';
import type { Cost, ServerFacts } from './scenario.ts';
import { percentile } from './statistics.ts';

export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

/**
 * Milliseconds of `run`, one at a time; what it returns is the sample, if it returns one.
 *
 * @param restMs before each sample: without a rest the acknowledgements of the run before are still on their way
 */
export async function oneByOne(run: () => Promise<number | void>, warmUp: number, count: number, restMs = 0): Promise<Latency> {
  for (let i = 0; i < warmUp; i++) await run();
  const samples: number[] = [];
  for (let i = 0; i < count; i++) {
    if (restMs > 0) await sleep(restMs);
    const start = performance.now();
    samples.push((await run()) ?? performance.now() - start);
  }
  return { p50: percentile(samples, 0.5), p99: percentile(samples, 0.99) };
}

export interface LoadOptions {
  readonly server: ServerFacts;
  readonly inFlight: number;
  readonly stepsEach: number;
  /** Runs that end before the measured time: code is compiled by use, not by time, and a busy machine takes longer. */
  readonly warmUp: number;
  readonly measureMs: number;
}

/** Together they would stay in step, and a window of time would catch a wave of ends or none. */
const STAGGER_MS = 500;

/** Keeps `inFlight` runs under way, and counts those that end within the measured time. */
export async function loaded(run: () => Promise<unknown>, options: LoadOptions): Promise<{ perSecond: number; cost: Cost }> {
  const { server, inFlight, stepsEach, warmUp, measureMs } = options;
  let ended = 0;
  let isOver = false;
  let isWarm: () => void = () => undefined;
  const warm = new Promise<void>((resolve) => void (isWarm = resolve));
  const endWhole = await startMeter(server);
  const lanes = Array.from({ length: inFlight }, async (_, lane) => {
    await sleep((lane / inFlight) * STAGGER_MS);
    while (!isOver) {
      await run();
      if (++ended === warmUp) isWarm();
    }
  });
  const failed = Promise.race(lanes);
  await Promise.race([warm, failed]);
  const endMeter = await startMeter(server);
  const start = performance.now();
  const before = ended;
  await Promise.race([sleep(measureMs), failed]);
  const count = ended - before;
  const perSecond = count / ((performance.now() - start) / 1_000);
  const cost = await endMeter(count, count * stepsEach);
  isOver = true;
  await Promise.all(lanes);
  // counted over everything, from nothing under way to nothing under way: a window cuts runs at both ends
  const whole = await endWhole(ended, ended * stepsEach);
  const share = count / ended;
  return { perSecond, cost: { ...cost, serverMessages: whole.serverMessages * share, serverBytes: whole.serverBytes * share } };
}
