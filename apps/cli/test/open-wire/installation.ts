/** A real installation in accounts of its own, and programs that speak to it without our client. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import type { ResourceStore } from '@troupe/actor';
import { createKvResourceStore } from '@troupe/jetstream';
import { connectRuntime, startScheduler, startSupervisor, startThrottle, startWorker } from '@troupe/runtime';
import { type CanSkip, needs } from '@troupe/test-infra';
import { statesApp } from '../apps/states.ts';
import { startWithUsers } from '../users.ts';

export const programs = fileURLToPath(new URL('../../../../docs/open-wire/', import.meta.url));

/** For `before`: skips the tests where there is no Python, and fails them in CI. */
export async function needsPython(this: CanSkip): Promise<void> {
  await needs(this, 'python3', () => promisify(execFile)('python3', ['-c', 'import sys; assert sys.version_info >= (3, 10)']));
}

export interface ProgramEnd {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** Its lines as JSON. */
  readonly lines: readonly Line[];
}

export interface Line {
  readonly [field: string]: unknown;
  readonly answer?: string;
  readonly outcome?: string;
  readonly error?: { readonly code: string; readonly field?: string };
}

export async function installOpenWire() {
  const users = await startWithUsers('accounts');
  const shape = { connection: users.as('root'), pools: ['notes'], partitions: 2, maxLogBytes: 16_777_216 };
  const runtime = await connectRuntime({ ...shape, applyTopology: true });
  const { nc, publisher, subjects } = runtime;
  const kv = createKvResourceStore({ nc, publisher, subjects, serverNow: () => runtime.serverNow() });
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  /** A store that does not answer for the book `slow` until it is told to. */
  const store: ResourceStore = {
    ...kv,
    async write(write, fence) {
      if (write.ref.id === 'slow') await opened;
      return kv.write(write, fence);
    },
  };
  const app = statesApp(() => store);
  const roles = [
    await startThrottle(runtime, app),
    await startSupervisor(runtime, app),
    await startScheduler(runtime, app),
    await startWorker(runtime, app, { graceMs: 50 }),
  ];
  const env = (user: string) => ({
    TROUPE_SERVERS: users.server.url,
    TROUPE_USER: user,
    TROUPE_PASSWORD: 'secret',
    TROUPE_INBOX_PREFIX: `_INBOX.${user}`,
  });
  return {
    users,
    runtime,
    nc,
    subjects,
    env,
    openStore: open,
    async putBook(id: string) {
      await kv.write({ op: 'create', ref: { kind: 'book', id }, state: 'OK', set: {} }, { turn: 0, effect: `book ${id}` });
    },
    /** Removes the record of an operation that has ended, as its time to live does after a week. */
    async expire(id: string) {
      const filter = subjects.state({ kind: 'operation', key: id });
      await nc.request(`$JS.API.STREAM.PURGE.${subjects.streams.state}`, JSON.stringify({ filter }));
    },
    /** Runs a program of docs/open-wire as a user. */
    run(user: string, command: string, args: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<ProgramEnd> {
      return new Promise((resolve) => {
        const options = { cwd: programs, env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', ...env(user), ...more }, timeout: 60_000 };
        execFile(command, [...args], options, (error, out, err) => {
          const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
          const lines = out.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Line] : []));
          resolve({ code, out, err, lines });
        });
      });
    },
    python(user: string, ...args: string[]) {
      return this.run(user, 'python3', args);
    },
    async [Symbol.asyncDispose]() {
      open();
      for (const role of roles.toReversed()) await role.stop();
      await runtime.stop();
      await users[Symbol.asyncDispose]();
    },
  };
}

export type OpenWire = Awaited<ReturnType<typeof installOpenWire>>;
