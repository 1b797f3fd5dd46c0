/** One nats-server of a test, with the faults a process can have: it is killed, frozen, thawed, started again on the same port and data. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guardProcess, type RunningNatsServer, startNatsServer as launch } from '@troupe/nats-server';
import { trackLeak } from './leaks.ts';
import { natsBinary } from './needs.ts';

export interface NatsServerOptions {
  /** More lines of nats-server configuration: accounts, users, limits, cluster. */
  readonly config?: string;
  /** Default: true. Its data lies in a folder of this server and survives `restart()`. */
  readonly jetstream?: boolean;
  /** Default: a free one; kept by `restart()`. */
  readonly port?: number;
  readonly name?: string;
}

export interface TestNatsServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** HTTP address of the monitoring endpoint; another one after each start. */
  readonly monitorUrl: string;
  readonly pid: number;
  readonly storeDir: string;
  readonly logFile: string;
  readonly isRunning: boolean;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGSTOP: connections stay open, nothing is answered. Returns when every thread stands still. */
  freeze(): void;
  /** SIGCONT. */
  thaw(): void;
  /** Stops the server if it runs (SIGTERM, or not at all after `kill()`) and starts it on the same port and data. */
  restart(): Promise<void>;
  /** Ends the server and removes its data. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Starts a server on a free loopback port and waits until it listens.
 * @throws when no nats-server can be had; guard the tests with `before(needsNats)` so that they are skipped where that is legal
 */
export async function startNatsServer(options: NatsServerOptions = {}): Promise<TestNatsServer> {
  const binary = await natsBinary();
  const dir = mkdtempSync(join(tmpdir(), 'troupe-test-nats-'));
  const keepFolder = guardProcess(undefined, [dir]);
  const start = (port?: number) =>
    launch({
      binary,
      dir,
      storeDir: join(dir, 'jetstream'),
      jetstream: options.jetstream ?? true,
      ...(options.name === undefined ? {} : { name: options.name }),
      ...(options.config === undefined ? {} : { config: options.config }),
      ...(port === undefined ? {} : { port }),
    });
  let server: RunningNatsServer;
  try {
    server = await start(options.port);
  } catch (error) {
    rmSync(dir, { recursive: true, force: true });
    keepFolder();
    throw error;
  }
  let isRunning = true;
  const watch = (started: RunningNatsServer) => {
    void started.exited.then(() => {
      if (server === started) isRunning = false;
    });
  };
  watch(server);

  const signal = (name: NodeJS.Signals) => {
    if (isRunning) process.kill(server.pid, name);
  };
  const stop = async () => {
    untrack();
    // a frozen process would sit out SIGTERM until the grace is over
    signal('SIGCONT');
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
    keepFolder();
  };
  const untrack = trackLeak('nats-server', stop);

  return {
    get url() {
      return server.url;
    },
    get port() {
      return server.port;
    },
    get monitorUrl() {
      return server.monitorUrl;
    },
    get pid() {
      return server.pid;
    },
    get storeDir() {
      return server.storeDir;
    },
    get logFile() {
      return server.logFile;
    },
    get isRunning() {
      return isRunning;
    },
    async kill() {
      signal('SIGKILL');
      await server.exited;
    },
    freeze() {
      signal('SIGSTOP');
      waitUntilStopped(server.pid);
    },
    thaw: () => signal('SIGCONT'),
    async restart() {
      const { port } = server;
      signal('SIGCONT');
      await server.stop();
      server = await start(port);
      isRunning = true;
      watch(server);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

const STOP_LIMIT_MS = 1_000;

/** The signal is only sent when `kill` returns: measured, in half of all freezes a thread ran on, for up to 10 ms. */
function waitUntilStopped(pid: number): void {
  const tasks = `/proc/${pid}/task`;
  // other systems show no threads; there a freeze is as prompt as the signal
  if (!existsSync(tasks)) return;
  const isStopped = (thread: string): boolean => /^[TZ]/.test(readFileSync(`${tasks}/${thread}/stat`, 'utf8').replace(/^.*\) /s, ''));
  const start = performance.now();
  while (!readdirSync(tasks).every(isStopped)) {
    if (performance.now() - start > STOP_LIMIT_MS) throw new Error(`the server with pid ${pid} does not stand still`);
  }
}
