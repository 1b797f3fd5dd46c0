/** A scheduler as a process of its own, to be killed, or to kill itself at a named point. */
import { installProbe } from '@troupe/actor';
import { connectRuntime, startScheduler } from '@troupe/runtime';

interface Spec {
  readonly url: string;
  readonly ns: string;
  readonly shape: object;
  readonly minimumInterval: '1s';
  readonly point?: string;
  readonly nth?: number;
}

const { url, ns, shape, minimumInterval, point, nth } = JSON.parse(process.argv[2]!) as Spec;

let hits = 0;
if (point !== undefined) {
  installProbe((name) => {
    if (name !== point || ++hits !== nth) return undefined;
    process.kill(process.pid, 'SIGKILL');
    // a signal to oneself is delivered soon, not at once: nothing may happen in between
    return new Promise(() => undefined);
  });
}
const runtime = await connectRuntime({ connection: { servers: url }, ns, ...shape });
await startScheduler(runtime, { name: 'killed' }, { minimumInterval });
console.log('ready');
