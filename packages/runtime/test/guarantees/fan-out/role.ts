/** A scheduler as a process of its own, to be killed. */
import { connectRuntime, startScheduler } from '@troupe/runtime';
import { noHandlers, shape } from './app.ts';

const { url, ns } = JSON.parse(process.argv[2]!) as { url: string; ns: string };
const runtime = await connectRuntime({ connection: { servers: url }, ns, ...shape });
await startScheduler(runtime, noHandlers);
console.log('ready');
