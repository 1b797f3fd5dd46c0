/** A role as a process of its own, to be stopped, killed or killed by itself at a named point. */
import { installProbe } from '@troupe/actor';
import { connectRuntime, startSupervisor, startThrottle, startWorker } from '@troupe/runtime';
import { guaranteeApp } from './app.ts';
import { shape } from './shape.ts';

const { role, url, ns, backend, point, nth } = JSON.parse(process.argv[2]!) as Record<string, string>;

let hits = 0;
if (point !== undefined) {
  installProbe((name) => {
    if (name !== point || ++hits !== Number(nth)) return undefined;
    process.kill(process.pid, 'SIGKILL');
    // a signal to oneself is delivered soon, not at once: nothing may happen in between
    return new Promise(() => undefined);
  });
}
const runtime = await connectRuntime({ connection: { servers: url! }, ns: ns!, ...shape });
const start = { supervisor: startSupervisor, throttle: startThrottle, worker: startWorker }[role as 'worker'];
const service = await start(runtime, guaranteeApp(backend!));
console.log('ready');
process.on('SIGTERM', () => {
  void service
    .stop()
    .then(() => runtime.stop())
    .then(() => process.exit(0));
});
