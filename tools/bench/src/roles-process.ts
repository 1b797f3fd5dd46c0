/** Roles as a process of their own: started by a side, asked for what they use, and killed. Runs as a program with its order as the argument. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { guardProcess } from '@troupe/nats-server';
import { connectRuntime, startSupervisor, startThrottle, startWorker } from '@troupe/runtime';
import { benchApp } from './app.ts';

export interface RolesOrder {
  readonly url: string;
  readonly roles: readonly ('supervisor' | 'throttle' | 'worker')[];
  readonly maxResident?: number;
}

export interface Usage {
  /** In use after a collection, buffers outside of the heap included. */
  readonly heapBytes: number;
  readonly rssBytes: number;
  readonly cpuSeconds: number;
  readonly latenessMs: readonly number[];
}

export interface RolesProcess {
  usage(): Promise<Usage>;
  kill(): Promise<void>;
}

export async function startRoles(order: RolesOrder): Promise<RolesProcess> {
  const child = fork(fileURLToPath(import.meta.url), [JSON.stringify(order)], { execArgv: ['--expose-gc'] });
  const forget = guardProcess(child.pid);
  child.once('exit', forget);
  await answer(child);
  return {
    async usage() {
      child.send('usage');
      return (await answer(child)) as Usage;
    },
    async kill() {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

async function answer(child: ChildProcess): Promise<unknown> {
  const [message] = (await Promise.race([once(child, 'message'), once(child, 'exit').then(() => [undefined])])) as [unknown];
  if (message === undefined) throw new Error('a process of roles has ended');
  return message;
}

async function main(order: RolesOrder): Promise<void> {
  const runtime = await connectRuntime({ connection: { servers: order.url } });
  const { app, watch } = benchApp({ default: 1_000 });
  const options = order.maxResident === undefined ? {} : { maxResident: order.maxResident };
  if (order.roles.includes('throttle')) await startThrottle(runtime, app, options);
  if (order.roles.includes('supervisor')) await startSupervisor(runtime, app, options);
  if (order.roles.includes('worker')) await startWorker(runtime, app);
  process.on('message', () => {
    globalThis.gc?.();
    const { heapUsed, external, rss } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    const usage: Usage = {
      heapBytes: heapUsed + external,
      rssBytes: rss,
      cpuSeconds: (user + system) / 1e6,
      latenessMs: watch.latenessMs.splice(0),
    };
    process.send?.(usage);
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.('serves');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(JSON.parse(process.argv[2]!) as RolesOrder);
