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
import { isLogged, type LogLevel, logLevels, type WorkerEvent } from '@troupe/task';
import { connectOptions, type ConnectionValues } from '../connection.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { parseWords } from '../parse-args.ts';
import { jsonLine } from '../text.ts';
import { eventText, readyText } from './up-text.ts';

export interface UpFlags {
  readonly app?: string;
  readonly port?: string;
  readonly data?: string;
  readonly log?: string;
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

/** Somebody who tries an app wants to see what fails; an operator of many must look it up anyway. */
export function levelToLog(text = 'warn'): LogLevel {
  return parseWords(text, logLevels, 'log')[0]!;
}

/** Runs until the signal; everything has stopped when it resolves. */
export async function upCommand(app: App, port: number, values: ConnectionValues, flags: UpFlags, io: Io): Promise<ExitCode> {
  const running: (() => Promise<unknown>)[] = [];
  const level = levelToLog(flags.log);
  const tell = (event: { readonly type: string }): void => io.err(flags.json === true ? jsonLine(event) : eventText(event));
  try {
    const server = values.servers === undefined ? await startServer(port, flags) : undefined;
    if (server !== undefined) running.push(() => server.stop());
    const reached = server === undefined ? values : { ...values, servers: server.url };
    const onEvent: OnEvent = {
      host: (event) => isForOperators(event) && tell(event),
      worker: (event) => (isForOperators(event) || isLogged(event, level)) && tell(event),
    };
    const roles = await startRoles(app, reached, onEvent, running);
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

interface OnEvent {
  readonly host: (event: { readonly type: string }) => void;
  readonly worker: (event: WorkerEvent) => void;
}

async function startRoles(
  app: App,
  values: ConnectionValues,
  onEvent: OnEvent,
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
  keep(await startThrottle(runtime, app, { onEvent: onEvent.host }));
  keep(await startSupervisor(runtime, app, { onEvent: onEvent.host }));
  keep(await startScheduler(runtime, app, { onEvent: onEvent.host }));
  // last to come and first to go: what it hands back is kept by the others
  keep(await startWorker(runtime, app, { onEvent: onEvent.worker }));
  return { ns: runtime.subjects.ns };
}

function tellReady(app: App, values: ConnectionValues, ns: string, flags: UpFlags, io: Io): void {
  const executors = app.executors.map(({ name }) => name);
  io.out(
    flags.json === true ? jsonLine({ ready: true, app: app.name, servers: values.servers, ns, executors }) : readyText(app, values, ns),
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
