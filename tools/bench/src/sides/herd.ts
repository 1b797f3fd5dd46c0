/** Many schedules that are all due at one time: how late their runs start, as they come and when they are spread. */
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeMail } from '@troupe/jetstream/internal';
import { encodeJson, type Json } from '@troupe/protocol';
import { connectRuntime, defineApp, startScheduler, startWorker } from '@troupe/runtime';
import { defineSchedule } from '@troupe/schedule';
import { defineTask, handle } from '@troupe/task';
import { epochMs } from '../app.ts';
import { inLanes } from '../lanes.ts';
import type { Side } from '../scenario.ts';
import { percentile } from '../statistics.ts';

const TASK = defineTask({ name: 'herd', class: 'background', idempotent: 'yes' });
/** So many are defined a second at least, on the slowest machine that was seen. */
const PER_SECOND = 100;

export const herd: Side = async ({ server, input }) => {
  const { count = 0, spreadMs = 0 } = input;
  const runtime = await connectRuntime({ connection: { servers: server.url }, applyTopology: true });
  const startedAt: number[] = [];
  const app = defineApp({
    name: 'herd',
    executors: [],
    tasks: [TASK],
    slots: { background: { floor: 64, ceiling: 64 }, total: 80 },
    handlers: () => [
      handle(TASK, () => {
        startedAt.push(epochMs());
        return null;
      }),
    ],
  });
  await startScheduler(runtime, app);
  await startWorker(runtime, app);
  const { publisher, subjects, nc } = runtime;
  // far enough that all are defined before, however slow the machine is
  const nominal = Math.ceil((epochMs() + 5_000 + (count / PER_SECOND) * 1_000) / 1_000) * 1_000;
  const spread = spreadMs === 0 ? {} : { spread: `${spreadMs}ms` as const };
  const definition = defineSchedule({ every: '6h', anchorMs: nominal, task: TASK, ...spread }) as unknown as Json;
  let n = 0;
  const definedFrom = performance.now();
  await inLanes(count, 256, async () => {
    const key = `herd-${n++}`;
    const mail = encodeMail({ id: `define.${key}`, type: 'verb.define', body: { definition } });
    await publisher.publish(subjects.mail({ kind: 'schedule', key }, 'verb'), mail);
  });
  await drained();
  const definedPerSecond = count / ((performance.now() - definedFrom) / 1_000);
  if (epochMs() > nominal) throw new Error(`${count} schedules were not defined in time, ${Math.round(definedPerSecond)} a second`);
  while (startedAt.length < count) await sleep(50);
  const lateMs = startedAt.map((at) => at - nominal);
  return {
    values: {
      p50: percentile(lateMs, 0.5),
      p99: percentile(lateMs, 0.99),
      lastSeconds: (Math.max(...lateMs) - spreadMs) / 1_000,
      definedPerSecond,
    },
  };

  async function drained(): Promise<void> {
    for (;;) {
      const info = await nc.request(`$JS.API.STREAM.INFO.${subjects.streams.mail}`, encodeJson({}));
      if (info.json<{ state: { messages: number } }>().state.messages === 0) return;
      await sleep(100);
    }
  }
};
