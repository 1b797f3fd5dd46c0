/** A role as a process of its own that kills or freezes itself at a named point, the n-th time it comes there. Told by a line what to be. */
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { installProbe } from '@troupe/actor';
import { connectRuntime } from '@troupe/runtime';
import { crashApp } from './app.ts';
import { connectionOf, type Spec, startRole } from './start-role.ts';

/** A freeze is as long at least; the spin below tells by it that it is over. */
const STOOD_STILL_MS = 200;

/** Told at once: what goes through a stream may be left behind by the signal. */
const say = (word: string): void => void writeSync(1, `${word}\n`);

async function serve({ role, url, ns, backend, point, nth, signal }: Spec): Promise<() => Promise<void>> {
  let hits = 0;
  installProbe((name) => {
    if (name !== point || ++hits !== nth) return undefined;
    say('arrived');
    // before the signal: the process may stand still within the call, and would wait for ever for a freeze that is over
    let last = performance.now();
    process.kill(process.pid, signal);
    // a signal to oneself may be delivered a moment later: nothing happens in between
    if (signal === 'SIGKILL') return new Promise(() => undefined);
    for (let now = performance.now(); now - last < STOOD_STILL_MS; now = performance.now()) last = now;
    say('thawed');
    return undefined;
  });
  const runtime = await connectRuntime(connectionOf(url, ns));
  const service = await startRole(role, runtime, crashApp(backend));
  return async () => {
    await service.stop();
    await runtime.stop();
  };
}

let stop: (() => Promise<void>) | undefined;
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'stop') {
    await stop?.();
    say('stopped');
  } else {
    stop = await serve(JSON.parse(line) as Spec);
    say('ready');
  }
}
