/** One PostgreSQL server of a test or of a run: free loopback port, a folder of its own, killed and started again at will. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { guardProcess } from '@troupe/nats-server';
import pg from 'pg';
import { trackLeak } from './leaks.ts';
import { postgresBinaries, postgresUser } from './postgres-binaries.ts';
import { until } from './until.ts';

const READY_MS = 20_000;
const STOP_MS = 5_000;

export interface TestPostgres extends AsyncDisposable {
  /** Of the superuser, for the database `postgres`; the same after `restart()`. */
  readonly url: string;
  readonly pid: number;
  readonly isRunning: boolean;
  /** SIGKILL; resolves when the process is gone. Its backends notice and end within moments. */
  kill(): Promise<void>;
  /** Stops the server if it runs and starts it on the same port and data. */
  restart(): Promise<void>;
  /** Ends the server and removes its data. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Starts a server and waits until it answers: about a second. Nothing is flushed to the disk: data survives `kill()`, which
 * is the death of a process, and not the death of a machine.
 * @throws when no server can be had; see {@link postgresBinaries}
 */
export async function startPostgres(): Promise<TestPostgres> {
  const bin = postgresBinaries();
  const user = postgresUser();
  const folder = mkdtempSync(join(tmpdir(), 'troupe-test-postgres-'));
  const keepFolder = guardProcess(undefined, [folder]);
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  const options = { cwd: folder, ...user };
  const remove = () => {
    rmSync(folder, { recursive: true, force: true });
    keepFolder();
  };
  let port: number;
  let server: Running;
  try {
    const args = ['-D', data, '-U', 'troupe', '-A', 'trust', '--no-sync', '--locale=C', '--encoding=UTF8'];
    await promisify(execFile)(join(bin, 'initdb'), args, options);
    port = await freePort();
    server = await launch(bin, data, port, options);
  } catch (error) {
    remove();
    throw error;
  }
  const stop = async () => {
    untrack();
    await server.end('SIGINT');
    remove();
  };
  const untrack = trackLeak('PostgreSQL server', stop);
  return {
    url: urlOf(port),
    get pid() {
      return server.child.pid!;
    },
    get isRunning() {
      return isAlive(server.child);
    },
    kill: () => server.end('SIGKILL'),
    async restart() {
      await server.end('SIGINT');
      server = await launch(bin, data, port, options);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

interface Running {
  readonly child: ChildProcess;
  end(signal: NodeJS.Signals): Promise<void>;
}

async function launch(bin: string, data: string, port: number, options: object): Promise<Running> {
  const logFile = join(data, 'test.log');
  const log = openSync(logFile, 'a');
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    fsync: 'off',
    full_page_writes: 'off',
    max_connections: 200,
    shared_buffers: '16MB',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  // in a process group of its own: Ctrl-C is for us, who end it when nobody needs it any more
  const child = spawn(join(bin, 'postgres'), ['-D', data, ...args], { ...options, stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  child.unref();
  const forget = guardProcess(child.pid);
  const exited = once(child, 'exit').then(forget, forget);
  const end = async (signal: NodeJS.Signals) => {
    if (!isAlive(child)) return exited;
    child.ref();
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await exited;
    clearTimeout(timer);
  };
  try {
    await until('PostgreSQL answers', () => answers(child, port), READY_MS);
  } catch (error) {
    await end('SIGKILL');
    throw new Error(`PostgreSQL did not come up:\n${readFileSync(logFile, 'utf8').trim().split('\n').slice(-5).join('\n')}`, {
      cause: error,
    });
  }
  return { child, end };
}

function isAlive(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

async function answers(child: ChildProcess, port: number): Promise<boolean> {
  if (!isAlive(child)) throw new Error('it ended at once');
  const client = new pg.Client({ connectionString: urlOf(port) });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false; // it still starts, or recovers
  } finally {
    await client.end().catch(() => undefined);
  }
}

function urlOf(port: number): string {
  return `postgres://troupe@127.0.0.1:${port}/postgres`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
