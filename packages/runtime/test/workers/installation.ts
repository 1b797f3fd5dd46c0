/** A supervisor in this process, workers in processes of their own, and a client. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { createClient } from '@troupe/client';
import { createKvResourceStore } from '@troupe/jetstream';
import { connectRuntime, startSupervisor, startThrottle } from '@troupe/runtime';
import type { WorkerEvent } from '@troupe/task';
import { bundleOf, until } from '@troupe/test-infra';
import { workersApp } from './app.ts';

export interface WorkerProcess {
  readonly child: ChildProcess;
  /** Starts to pull. */
  serve(): Promise<void>;
  /** Those of its events that are of a type, oldest first. */
  of<T extends WorkerEvent['type']>(type: T): Extract<WorkerEvent, { type: T }>[];
  /** Resolves when it is gone. */
  readonly gone: Promise<void>;
}

let count = 0;

export async function startInstallation({ taskAckWaitMs = 2_000, graceMs = 20_000 } = {}) {
  const url = process.env['TEST_NATS_URL']!;
  const ns = `workers-${process.pid}-${count++}`;
  const topology = { applyTopology: true, partitions: 2, taskAckWaitMs, storage: 'memory', maxLogBytes: 1_048_576 } as const;
  const runtime = await connectRuntime({ connection: { servers: url }, ns, ...topology });
  const app = workersApp(2);
  const throttle = await startThrottle(runtime, app);
  const supervisor = await startSupervisor(runtime, app);
  const client = createClient({ servers: url }, { ns, answerTimeout: '15s' });
  await client.start();
  const { nc, publisher, subjects } = runtime;
  const workers = new Set<WorkerProcess>();

  return {
    client,
    store: createKvResourceStore({ nc, publisher, subjects, serverNow: () => runtime.serverNow() }),
    /** Messages of TASKS that are not acknowledged. */
    async left(): Promise<number> {
      const info = await nc.request(`$JS.API.STREAM.INFO.${subjects.streams.tasks}`);
      return info.json<{ state: { messages: number } }>().state.messages;
    },
    /** A worker that serves; `isHeld`: that will, when it is told to. */
    async worker({ isHeld = false, version = 1 as 1 | 2, nodeArgs = [] as readonly string[] } = {}): Promise<WorkerProcess> {
      const spec = JSON.stringify({ url, ns, version, graceMs, taskAckWaitMs });
      const args = [...nodeArgs, bundleOf(new URL('role.ts', import.meta.url)), spec];
      const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'ignore'] });
      const events: { type: string }[] = [];
      createInterface(child.stdout!).on('line', (line) => events.push(JSON.parse(line) as { type: string }));
      const told = (type: string): Promise<boolean> =>
        until(`the worker says ${type}`, () => events.some((event) => event.type === type), 30_000);
      const made: WorkerProcess = {
        child,
        async serve() {
          child.stdin!.write('serve\n');
          await told('ready');
        },
        of: (type) => events.filter((event) => event.type === type) as never,
        gone: once(child, 'exit').then(() => void workers.delete(made)),
      };
      workers.add(made);
      await told('connected');
      if (!isHeld) await made.serve();
      return made;
    },
    async [Symbol.asyncDispose]() {
      for (const { child, gone } of [...workers]) {
        child.kill('SIGKILL');
        await gone;
      }
      await client.stop();
      await supervisor.stop();
      await throttle.stop();
      await runtime.stop();
    },
  };
}
