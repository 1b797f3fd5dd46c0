/** A worker as a process of its own that tells its events by lines on its output, and serves once it is told to. */
import { once } from 'node:events';
import { connectRuntime, startWorker } from '@troupe/runtime';
import { workersApp } from './app.ts';

const { url, ns, version, graceMs, taskAckWaitMs } = JSON.parse(process.argv[2]!) as {
  readonly url: string;
  readonly ns: string;
  readonly version: 1 | 2;
  readonly graceMs: number;
  readonly taskAckWaitMs: number;
};
const runtime = await connectRuntime({ connection: { servers: url }, ns, partitions: 2, taskAckWaitMs });
process.stdout.write('{"type":"connected"}\n');
await once(process.stdin, 'data');
process.stdin.destroy();
const worker = await startWorker(runtime, workersApp(version), {
  graceMs,
  crashes: 2,
  onEvent: (event) => void process.stdout.write(`${JSON.stringify(event)}\n`),
});
process.stdout.write('{"type":"ready"}\n');
process.on('SIGTERM', () => {
  void worker
    .stop('signal')
    .then(() => runtime.stop())
    .then(() => process.exit(0));
});
