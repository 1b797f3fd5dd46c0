/** Three roles as processes, a ledger over HTTP as the backend, and a client: everything of an installation that can die. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { createClient } from '@troupe/client';
import { createKvResourceStore } from '@troupe/jetstream';
import { connectRuntime } from '@troupe/runtime';

export type RoleName = 'supervisor' | 'throttle' | 'worker';
export interface Fault {
  readonly point: string;
  readonly nth: number;
  readonly signal: 'SIGKILL' | 'SIGSTOP';
}

let count = 0;

export async function startInstallation() {
  const url = process.env['TEST_NATS_URL']!;
  const ns = `crash-${process.pid}-${count++}`;
  const made = new Map<string, number>();
  const server = createServer((request, response) => {
    const token = decodeURIComponent(request.url!.slice(1));
    if (request.method === 'POST') made.set(token, (made.get(token) ?? 0) + 1);
    response.writeHead(made.has(token) ? 200 : 404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const ledger = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const runtime = await connectRuntime({
    connection: { servers: url },
    ns,
    applyTopology: true,
    partitions: 2,
    dedupWindowMs: 1_000,
    mailAckWaitMs: 1_000,
    taskAckWaitMs: 1_500,
    storage: 'memory',
    maxLogBytes: 1_048_576,
  });
  const client = createClient({ servers: url }, { ns, checkEvery: '500ms', answerTimeout: '15s' });
  await client.start();
  const { nc, publisher, subjects } = runtime;
  const store = createKvResourceStore({ nc, publisher, subjects, serverNow: () => runtime.serverNow() });
  const children = new Set<ChildProcess>();

  return {
    client,
    store,
    made,
    async role(role: RoleName, fault?: Fault): Promise<ChildProcess> {
      const spec = JSON.stringify({ role, url, ns, ledger, ...fault });
      const args = [
        '--conditions=@troupe/source',
        '--import=@troupe/test-infra/register',
        fileURLToPath(new URL('role.ts', import.meta.url)),
        spec,
      ];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      children.add(child);
      child.once('exit', () => children.delete(child));
      await Promise.race([once(child.stdout!, 'data'), once(child, 'exit')]);
      return child;
    },
    async [Symbol.asyncDispose]() {
      await client.stop();
      for (const child of children) {
        const gone = once(child, 'exit');
        child.kill('SIGKILL');
        await gone;
      }
      await runtime.stop();
      server.closeAllConnections();
      server.close();
    },
  };
}
