/** A role as a process of its own that kills or freezes itself at a named point, the n-th time it comes there. */
import { installProbe } from '@troupe/actor';
import { connectRuntime, startSupervisor, startThrottle, startWorker } from '@troupe/runtime';
import { crashApp } from './app.ts';

const { role, url, ns, ledger, point, nth, signal } = JSON.parse(process.argv[2]!) as Record<string, string>;

let hits = 0;
if (point !== undefined) {
  installProbe((name) => {
    if (name !== point || ++hits !== Number(nth)) return undefined;
    process.kill(process.pid, signal as NodeJS.Signals);
    // a signal to oneself is delivered soon, not at once: nothing may happen in between
    return signal === 'SIGKILL' ? new Promise(() => undefined) : undefined;
  });
}
const runtime = await connectRuntime({
  connection: { servers: url! },
  ns: ns!,
  partitions: 2,
  dedupWindowMs: 1_000,
  mailAckWaitMs: 1_000,
  taskAckWaitMs: 1_500,
});
const app = crashApp(ledger!);
const service = await { supervisor: startSupervisor, throttle: startThrottle, worker: startWorker }[role as 'worker'](runtime, app);
console.log('ready');
process.on('SIGTERM', () => {
  void service
    .stop()
    .then(() => runtime.stop())
    .then(() => process.exit(0));
});
