/** A ledger over HTTP that may hold its answers back, all that is published, and roles in this process or in their own. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createClient } from '@troupe/client';
import { startSource } from '@troupe/test-infra';
import { connectRuntime, startSupervisor, startWorker } from '@troupe/runtime';
import { joinApp, shape } from './app.ts';

let count = 0;

export async function startInstallation() {
  const url = process.env['TEST_NATS_URL']!;
  const ns = `joins-${process.pid}-${count++}`;
  const told: { readonly what: string; readonly body: unknown }[] = [];
  const hooks = new Map<string, () => void | Promise<void>>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const what = request.url!.slice(1);
      told.push({ what, body: JSON.parse(Buffer.concat(chunks).toString()) as unknown });
      void (async () => {
        await hooks.get(what)?.();
        response.end();
      })();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const ledger = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const runtime = await connectRuntime({
    connection: { servers: url },
    ns,
    applyTopology: true,
    storage: 'memory',
    maxLogBytes: 1_048_576,
    ...shape,
  });
  /** Every copy of a message, also those that the stream drops. */
  const published: { readonly subject: string; readonly id: string; readonly body: string }[] = [];
  runtime.nc.subscribe(`${ns}.>`, {
    callback: (_error, message) =>
      void published.push({ subject: message.subject, id: message.headers?.get('Nats-Msg-Id') ?? '', body: message.string() }),
  });
  await runtime.nc.flush();
  const client = createClient({ servers: url }, { ns, checkEvery: '500ms', answerTimeout: '15s' });
  await client.start();
  const children = new Set<ChildProcess>();
  const stops: (() => Promise<void>)[] = [];
  const stateOf = async (stream: string) =>
    (await runtime.nc.request(`$JS.API.STREAM.INFO.${stream}`)).json<{ state: { messages: number; last_seq: number } }>().state;
  const tasks = () =>
    published.flatMap(({ subject, id, body }) =>
      runtime.subjects.parseTask(subject) === undefined ? [] : [{ id, step: (JSON.parse(body) as { step: string }).step }],
    );

  return {
    url,
    client,
    published,
    runtime,
    /** What the handlers have told, in order. */
    told,
    /** What happens before a handler that tells this is answered. */
    on: (what: string, run: () => void | Promise<void>) => void hooks.set(what, run),
    /** Task messages as they were published, second copies of one included. */
    tasks,
    /** The same, each message once, by step. */
    sent: (): string[] => [...new Map(tasks().map(({ id, step }) => [id, step])).values()].sort(),
    async process(role: 'supervisor' | 'worker', more: { readonly tasks?: number } = {}): Promise<ChildProcess> {
      const spec = JSON.stringify({ role, url, ns, ledger, ...more });
      return await startSource(new URL('role.ts', import.meta.url), [spec], { children });
    },
    async serve(role: 'supervisor' | 'worker', over = url): Promise<void> {
      const own = await connectRuntime({ connection: { servers: over }, ns, ...shape });
      const service =
        role === 'supervisor' ? await startSupervisor(own, joinApp(ledger)) : await startWorker(own, joinApp(ledger), { graceMs: 50 });
      stops.push(async () => {
        await service.stop();
        await own.stop();
      });
    },
    /** How many messages a stream holds. */
    left: async (stream: string) => (await stateOf(stream)).messages,
    /** The number of its last one. */
    last: async (stream: string) => (await stateOf(stream)).last_seq,
    async [Symbol.asyncDispose]() {
      await client.stop();
      for (const stop of stops.reverse()) await stop();
      for (const child of [...children]) {
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

export type Installation = Awaited<ReturnType<typeof startInstallation>>;
