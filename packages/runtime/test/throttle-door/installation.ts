/** A throttle and nothing else, on a server of its own or that of the tests. */
import type { ChildProcess } from 'node:child_process';
import { connectRuntime, startThrottle } from '@troupe/runtime';
import { startSource } from '@troupe/test-infra';
import type { LimitOptions } from '@troupe/throttle';

let count = 0;

export interface InstallationOptions {
  readonly limits?: LimitOptions;
  /** Hosts of the throttle in this process. Default 1. */
  readonly hosts?: number;
  /** Default: the server of all tests. */
  readonly url?: string;
  readonly storage?: 'memory' | 'file';
}

export async function startThrottleAlone({ limits = { default: 1 }, hosts = 1, url, storage = 'memory' }: InstallationOptions = {}) {
  const servers = url ?? process.env['TEST_NATS_URL']!;
  const ns = `throttle-${process.pid}-${count++}`;
  const shape = { connection: { servers }, ns, storage, partitions: 2, maxLogBytes: 1_048_576 };
  const runtimes: Awaited<ReturnType<typeof connectRuntime>>[] = [];
  const roles: Awaited<ReturnType<typeof startThrottle>>[] = [];
  const children = new Set<ChildProcess>();
  for (let n = 0; n < hosts; n++) {
    const runtime = await connectRuntime({ ...shape, applyTopology: n === 0 });
    runtimes.push(runtime);
    roles.push(await startThrottle(runtime, { limits }));
  }
  const { nc, subjects } = runtimes[0]!;
  return {
    ns,
    nc,
    subjects,
    roles,
    servers,
    /** A request as any program makes it. */
    async ask(request: string, body: object, { root = 'cloud', timeoutMs = 20_000 } = {}): Promise<Record<string, unknown>> {
      const reply = await nc.request(subjects.throttle(root, request), JSON.stringify({ v: 1, ...body }), { timeout: timeoutMs });
      return reply.json<Record<string, unknown>>();
    },
    /** One more host of the throttle. */
    async serve(): Promise<void> {
      roles.push(await startThrottle(runtimes[0]!, { limits }));
    },
    /** A holder as a process of its own; resolves when it has said something. */
    spawnHolder: (spec: object) =>
      startSource(new URL('holder.ts', import.meta.url), [JSON.stringify({ servers, ns, ...spec })], { children }),
    async [Symbol.asyncDispose]() {
      for (const child of children) child.kill('SIGKILL');
      for (const role of roles.toReversed()) await role.stop();
      for (const runtime of runtimes) await runtime.stop();
    },
  };
}
