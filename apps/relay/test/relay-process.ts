/** The relay as a process that kills itself at a named point. */
import { installProbe } from '@troupe/actor';
import { main } from '@troupe/app-relay';

const point = process.argv[2]!;
if (point !== '') {
  installProbe((name) => {
    if (name !== point) return undefined;
    process.kill(process.pid, 'SIGKILL');
    // a signal to oneself is delivered soon, not at once: nothing may happen in between
    return new Promise(() => undefined);
  });
}
await main([]);
