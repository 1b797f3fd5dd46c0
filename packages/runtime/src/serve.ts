/**
 * A role as a process: flags and environment in, a service until a signal comes, an exit code out. The service apps are
 * nothing else.
 *
 *   troupe-worker --app ./my-app.js --servers nats://… --user worker   (password in TROUPE_PASSWORD)
 */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { Service } from '@troupe/actor';
import { connectionFlags, connectionUsage, connectionValues, connectionVariables, connectOptions } from '@troupe/jetstream';
import { TroupeError } from '@troupe/protocol';
import { isLogged, type LogLevel, logLevels } from '@troupe/task';
import { throttleBehaviour } from '@troupe/throttle';
import { type App, defineApp, poolsOf } from './app.ts';
import { connectRuntime, type Runtime, type RuntimeOptions } from './connect.ts';
import { parseMetricsAddress } from './metrics/endpoint.ts';
import type { RoleMetrics } from './metrics/role.ts';
import { isForOperators } from './for-operators.ts';
import { startSupervisor, startThrottle, startWorker } from './roles.ts';
import { startScheduler } from './scheduler.ts';
import { startError } from './start-error.ts';

export type Role = 'supervisor' | 'throttle' | 'scheduler' | 'worker';

const flags = {
  ...connectionFlags,
  app: { type: 'string' },
  pools: { type: 'string' },
  log: { type: 'string' },
  limits: { type: 'string' },
  metrics: { type: 'string' },
  'apply-topology': { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

/** Runs until SIGTERM or SIGINT; sets the exit code: 0 stopped, 1 failed, 2 wrong usage. */
export async function serve(
  role: Role,
  args: readonly string[] = process.argv.slice(2),
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  try {
    const { values } = parseArgs({ args: [...args], options: flags, strict: true });
    if (values.help === true) {
      console.log(
        `troupe-${role} --app MODULE ${connectionUsage} [--apply-topology]${role === 'worker' ? ' [--pools NAMES] [--log LEVEL]' : ''}\n` +
          (role === 'throttle' ? `troupe-throttle --limits FILE …: without an app; the limits as JSON\n` : '') +
          `--app: a module (./my-app.js, or a package) that exports \`app\`; --apply-topology: makes the streams of the namespace, needed once\n` +
          `--metrics [HOST:]PORT: figures as OpenMetrics at /metrics, on 127.0.0.1 unless a host is named\n` +
          `Environment: TROUPE_APP, TROUPE_METRICS, ${connectionVariables}${role === 'worker' ? ', TROUPE_POOLS, TROUPE_LOG' : ''}`,
      );
      return;
    }
    const app =
      values.limits === undefined
        ? await loadApp(values.app ?? env['TROUPE_APP'], role)
        : await limitsAlone(role, values.limits, values.app);
    const pools = poolsToServe(role, values.pools ?? (role === 'worker' ? env['TROUPE_POOLS'] : undefined), app);
    const level = levelToLog(role, values.log ?? (role === 'worker' ? env['TROUPE_LOG'] : undefined));
    const address = values.metrics ?? env['TROUPE_METRICS'] ?? '';
    const metricsAt = address === '' ? undefined : parseMetricsAddress(address);
    const runtime = await connectRuntime(runtimeOptions(role, app, values, env));
    const service = await (async () => {
      const metrics = metricsAt && (await import('./metrics/role.ts')).createRoleMetrics(role, runtime, metricsAt);
      // what cannot be listened at is told before anything is served
      await metrics?.endpoint.start();
      const served = await start(role, { runtime, app, pools, level, metrics }).catch(async (error: unknown) => {
        await metrics?.endpoint.stop();
        throw error;
      });
      if (metrics !== undefined) console.log(`metrics at ${metrics.endpoint.url}`);
      return { stop: async () => void (await served.stop('signal'), await metrics?.endpoint.stop()) };
    })().catch(async (error: unknown) => {
      await runtime.stop();
      throw error;
    });
    console.log(`${role} of ${app.name} serves as ${runtime.hostId}`);
    await signalled();
    await service.stop();
    await runtime.stop();
    console.log(`${role} stopped`);
  } catch (error) {
    const { shown, isUsage } = startError(error);
    console.error(shown);
    process.exitCode = isUsage ? 2 : 1;
  }
}

function runtimeOptions(role: Role, app: App, flagged: Readonly<Record<string, unknown>>, env: NodeJS.ProcessEnv): RuntimeOptions {
  const values = connectionValues(flagged, env);
  return {
    connection: connectOptions(values, `troupe ${role}`),
    pools: poolsOf(app),
    applyTopology: flagged['apply-topology'] === true,
    ...(values.ns === undefined ? {} : { ns: values.ns }),
  };
}

/** A worker whose user may pull from some pools only serves those. */
function poolsToServe(role: Role, names: string | undefined, app: App): readonly string[] {
  const all = poolsOf(app);
  if (names === undefined || names === '') return all;
  if (role !== 'worker') throw new TroupeError('invalid_options', 'pools: only workers serve pools', { field: 'pools' });
  const wanted = names.split(',').map((name) => name.trim());
  const unknown = wanted.find((name) => !all.includes(name));
  if (unknown !== undefined)
    throw new TroupeError('invalid_options', `${JSON.stringify(unknown)} is no pool of ${app.name}: ${all.join(', ')}`, { field: 'pools' });
  return wanted;
}

/** What is quieter is not logged; background work is quiet unless it fails (S88). */
function levelToLog(role: Role, name: string | undefined): LogLevel {
  if (name === undefined || name === '') return 'info';
  if (role !== 'worker') throw new TroupeError('invalid_options', 'log: only workers log by level', { field: 'log' });
  const level = logLevels.find((one) => one === name);
  if (level === undefined) throw new TroupeError('invalid_options', `log: ${name} is none of ${logLevels.join(', ')}`, { field: 'log' });
  return level;
}

interface Served {
  readonly runtime: Runtime;
  readonly app: App;
  readonly pools: readonly string[];
  readonly level: LogLevel;
  readonly metrics: RoleMetrics | undefined;
}

function start(role: Role, { runtime, app, pools, level, metrics }: Served): Promise<Service> {
  const told = metrics?.told === undefined ? {} : { told: metrics.told };
  switch (role) {
    case 'supervisor':
      return startSupervisor(runtime, app, { onEvent: report, ...told });
    case 'throttle':
      return startThrottle(runtime, app, { onEvent: report });
    case 'scheduler':
      return startScheduler(runtime, app, { onEvent: report, ...told });
    case 'worker':
      return startWorker(runtime, app, {
        pools,
        onEvent(event) {
          metrics?.worker?.(event);
          if (isLogged(event, level)) console.log(JSON.stringify(event));
        },
      });
  }
}

function report(event: { readonly type: string }): void {
  if (isForOperators(event)) console.log(JSON.stringify(event));
}

/** A throttle that serves programs outside needs no app. */
async function limitsAlone(role: Role, file: string, app: string | undefined): Promise<App> {
  const wrong = (text: string, cause?: unknown): TroupeError => new TroupeError('invalid_options', text, { field: 'limits', cause });
  if (role !== 'throttle') throw wrong('limits: only a throttle takes them');
  if (app !== undefined) throw wrong('limits: an app brings its own; name either --app or --limits');
  let limits: NonNullable<App['limits']>;
  try {
    limits = JSON.parse(await readFile(file, 'utf8')) as NonNullable<App['limits']>;
  } catch (cause) {
    throw wrong(`limits: ${file} cannot be read as JSON: ${(cause as Error).message}`, cause);
  }
  if (limits === null) throw wrong(`limits: ${file} is null`);
  // before it connects: what is wrong in a file is no matter of a server
  throttleBehaviour({ limits });
  return defineApp({ name: 'limits', executors: [], tasks: [], handlers: () => [], limits });
}

/** A module that exports `app`: an {@link App}, or a function that makes one. */
export async function loadApp(module: string | undefined, role?: Role): Promise<App> {
  if (module === undefined || module === '') {
    const alone = role === 'throttle' ? ', or the limits of a throttle without an app by --limits' : '';
    throw new TroupeError('invalid_options', `which app? name its module by --app or TROUPE_APP${alone}`, { field: 'app' });
  }
  const url = /^[./]/.test(module) ? pathToFileURL(resolve(module)).href : module;
  const imported = (await import(url).catch((cause: unknown) => {
    throw notThere(module, url, cause) ?? cause;
  })) as { app?: App | (() => App | Promise<App>) };
  const exported = imported.app;
  if (exported === undefined) throw new TroupeError('invalid_options', `${module} exports no \`app\``, { field: 'app' });
  return typeof exported === 'function' ? await exported() : exported;
}

/** The module itself; one that it imports is another matter, and its stack helps. */
function notThere(module: string, url: string, cause: unknown): TroupeError | undefined {
  const { code, message } = cause as { readonly code?: unknown; readonly message?: string };
  const name = url.startsWith('file:') ? fileURLToPath(url) : module;
  if (code !== 'ERR_MODULE_NOT_FOUND' || message?.includes(`'${name}' imported from`) !== true) return undefined;
  const hint = /^[./]/.test(module) ? '' : ' (a file begins with ./ or /)';
  return new TroupeError('invalid_options', `app: there is no ${module}${hint}`, { field: 'app', cause });
}

function signalled(): Promise<void> {
  return new Promise((done) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => done());
  });
}
