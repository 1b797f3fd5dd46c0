/** A role as a process of its own. `tasks`: it kills itself when so many task messages are out and the next one is not. */
import { connectRuntime, startSupervisor, startWorker } from '@troupe/runtime';
import { joinApp, shape } from './app.ts';

const { role, url, ns, ledger, tasks } = JSON.parse(process.argv[2]!) as {
  readonly role: 'supervisor' | 'worker';
  readonly url: string;
  readonly ns: string;
  readonly ledger: string;
  readonly tasks?: number;
};
const runtime = await connectRuntime({ connection: { servers: url }, ns, ...shape });
if (tasks !== undefined) {
  const { publisher } = runtime;
  const publish = publisher.publish.bind(publisher);
  let sent = 0;
  publisher.publish = async (subject, ...more) => {
    if (!subject.startsWith(`${ns}.task.`)) return publish(subject, ...more);
    if (++sent <= tasks) return publish(subject, ...more);
    if (sent === tasks + 1) {
      // what went before has reached the server
      await runtime.nc.flush();
      process.kill(process.pid, 'SIGKILL');
    }
    return new Promise<never>(() => undefined);
  };
}
await { supervisor: startSupervisor, worker: startWorker }[role](runtime, joinApp(ledger));
console.log('ready');
