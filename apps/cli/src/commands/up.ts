/**
 * `troupe up`: an app with everything that it needs, in one process: nats-server (unless one is named), streams, and the
 * roles supervisor, throttle, scheduler and worker. For trying and developing; in production each role is a service of its own.
 */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Service } from '@troupe/actor';
import { type RunningNatsServer, startNatsServer } from '@troupe/nats-server';
import { TroupeError } from '@troupe/protocol';
import {
  type App,
  connectRuntime,
  isForOperators,
  loadApp,
  poolsOf,
  startScheduler,
  startSupervisor,
  startThrottle,
  startWorker,
} from '@troupe/runtime';
import { connectOptions, type ConnectionValues } from '../connection.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { jsonLine } from '../text.ts';

export interface UpFlags {
  readonly app?: string;
  readonly port?: string;
  readonly data?: string;
  readonly json?: true;
}

const DEFAULT_PORT = 4_222;

export function portOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_PORT;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port >= 0 && port <= 65_535))
    throw new TroupeError('invalid_options', `port: ${JSON.stringify(text)} is no port`, { field: 'port' });
  // what nats-server calls a free one
  return port === 0 ? -1 : port;
}

/** Runs until the signal; everything has stopped when it resolves. */
export async function upCommand(app: App, port: number, values: ConnectionValues, flags: UpFlags, io: Io): Promise<ExitCode> {
  const running: (() => Promise<unknown>)[] = [];
  try {
    const server = values.servers === undefined ? await startServer(port, flags) : undefined;
    if (server !== undefined) running.push(() => server.stop());
    const reached = server === undefined ? values : { ...values, servers: server.url };
    const roles = await startRoles(app, reached, (event) => isForOperators(event) && io.err(jsonLine(event)), running);
    tellReady(app, reached, roles.ns, flags, io);
    const died = await untilOver(io.signal, server);
    if (died) throw new TroupeError('unavailable', `nats-server ended; its log is ${server?.logFile ?? ''}`);
    io.err('stopping\n');
    return exitCodes.ok;
  } finally {
    for (const stop of running.toReversed()) await stop();
  }
}

async function startServer(port: number, flags: UpFlags): Promise<RunningNatsServer> {
  const dir = flags.data === undefined ? undefined : resolve(flags.data);
  try {
    if (dir !== undefined) mkdirSync(dir, { recursive: true });
    return await startNatsServer({ port, ...(dir === undefined ? {} : { dir, storeDir: join(dir, 'jetstream') }) });
  } catch (cause) {
    throw new TroupeError('unavailable', cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

async function startRoles(
  app: App,
  values: ConnectionValues,
  onEvent: (event: { readonly type: string }) => unknown,
  running: (() => Promise<unknown>)[],
): Promise<{ readonly ns: string }> {
  const runtime = await connectRuntime({
    connection: { ...connectOptions(values), name: 'troupe up' },
    pools: poolsOf(app),
    applyTopology: true,
    ...(values.ns === undefined ? {} : { ns: values.ns }),
  });
  running.push(() => runtime.stop());
  const keep = (service: Service): void => void running.push(() => service.stop('signal'));
  keep(await startThrottle(runtime, app, { onEvent }));
  keep(await startSupervisor(runtime, app, { onEvent }));
  keep(await startScheduler(runtime, app, { onEvent }));
  // last to come and first to go: what it hands back is kept by the others
  keep(await startWorker(runtime, app, { onEvent }));
  return { ns: runtime.subjects.ns };
}

function tellReady(app: App, { servers = '' }: ConnectionValues, ns: string, flags: UpFlags, io: Io): void {
  const executors = app.executors.map(({ name }) => name);
  if (flags.json === true) {
    io.out(jsonLine({ ready: true, app: app.name, servers, ns, executors }));
    return;
  }
  const where = `--servers ${servers}${ns === 'troupe' ? '' : ` --ns ${ns}`}`;
  io.out(
    `${app.name} is up at ${servers}\n\nexecutors\n${executors.map((name) => `  ${name}\n`).join('')}\nfrom another terminal\n  troupe execute ${executors[0] ?? '<executor>'} ${where} --wait\n`,
  );
}

/** True when the server ended by itself. */
function untilOver(signal: AbortSignal, server: RunningNatsServer | undefined): Promise<boolean> {
  return new Promise((over) => {
    if (signal.aborted) over(false);
    signal.addEventListener('abort', () => over(false), { once: true });
    void server?.exited.then(() => over(true));
  });
}

export async function appOf(flags: UpFlags, io: Io): Promise<App> {
  try {
    return await loadApp(flags.app ?? io.env['TROUPE_APP']);
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new TroupeError('invalid_options', `app: ${(cause as Error).message}`, { field: 'app', cause });
  }
}
