/** Many operations that wait for a time: memory of their host and of the worker, the cost of a turn beside them, and how late they start. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connectRuntime } from '@troupe/runtime';
import { epochMs } from '../app.ts';
import { inLanes } from '../lanes.ts';
import { oneByOne } from '../load.ts';
import { startRoles } from '../roles-process.ts';
import type { Side } from '../scenario.ts';
import { percentile } from '../statistics.ts';
import { startClient } from '../troupe.ts';

const FAR_MS = 6 * 3_600_000;
const MEGABYTE = 1_048_576;

export const waiting: Side = async (context) => {
  const { count = 0, cache = 0, probes = 0 } = context.input;
  const { url } = context.server;
  // streams and consumers first: the processes of the roles expect them
  await (await connectRuntime({ connection: { servers: url }, applyTopology: true })).stop();
  const host = await startRoles({ url, roles: ['supervisor'], maxResident: cache });
  const worker = await startRoles({ url, roles: ['worker'] });
  const { run, order } = await startClient(url);
  await oneByOne(() => run('chain', { steps: 5 }), 0, 200);
  const workerBefore = await worker.usage();
  const startedAt = performance.now();
  await inLanes(count, 256, () => order('late', { afterMs: FAR_MS, dueAt: epochMs() + FAR_MS }));
  const acceptedPerSecond = count / ((performance.now() - startedAt) / 1_000);
  await oneByOne(() => run('chain', { steps: 5 }), 0, 200);
  const cpuBefore = (await host.usage()).cpuSeconds;
  const turns = await oneByOne(() => run('chain', { steps: 5 }), 0, 300);
  const hostNow = await host.usage();

  const lanes = 20;
  await inLanes(probes, lanes, async () => {
    const afterMs = 1_000 + Math.random() * 1_000;
    await run('late', { afterMs, dueAt: epochMs() + afterMs });
  });
  await sleep(50);
  const workerNow = await worker.usage();
  const values = {
    hostMegabytes: hostNow.heapBytes / MEGABYTE,
    hostRssMegabytes: hostNow.rssBytes / MEGABYTE,
    workerMegabytes: workerNow.heapBytes / MEGABYTE,
    workerGrowth: workerNow.heapBytes / workerBefore.heapBytes,
    hostCpuMsPerOperation: ((hostNow.cpuSeconds - cpuBefore) * 1_000) / 300,
    operationMs: turns.p50,
    latenessP50: percentile(workerNow.latenessMs, 0.5),
    latenessP99: percentile(workerNow.latenessMs, 0.99),
    acceptedPerSecond,
  };
  await Promise.all([host.kill(), worker.kill()]);
  return { values };
};
