import { createSystemClock } from './core/clock.ts';
import type { CloudClock } from './core/clock.ts';
import type { BuildLimits } from './core/builds.ts';
import type { Latencies } from './core/latency.ts';
import { InvalidCloudOptionError } from './errors.ts';
import { defaultQuotas } from './model/quotas.ts';
import type { Quotas } from './model/quotas.ts';

export interface CloudUser {
  readonly name: string;
  readonly password: string;
  /** Names of the projects that the user may work in; they are made if need be. The first one is the default. */
  readonly projects: readonly string[];
  /** May see all projects, change quotas and make projects. */
  readonly isAdmin?: boolean | undefined;
}

export interface CloudOptions {
  /** Address to listen on. Default `127.0.0.1`: the sample passwords are no secret, so think before you open it to a network. */
  readonly host?: string | undefined;
  /** Default 0: any free port. */
  readonly port?: number | undefined;
  /** Decides ids and times. The same seed and the same requests give the same cloud. Default 1. */
  readonly seed?: number | undefined;
  /** Multiplies every time of `latencies`: 0.02 runs fifty times quicker. Above 0. Default 1. */
  readonly timeFactor?: number | undefined;
  /** Spread of every time, from 0 to below 1; 0.3 is ± 30 %. Default 0.3. */
  readonly jitter?: number | undefined;
  /** Milliseconds, each over its default (`defaultLatencies`). */
  readonly latencies?: Partial<Latencies> | undefined;
  /** Builds in progress at most, over all projects; a further one is refused with the error of a used-up quota. Default: no limit. */
  readonly buildLimits?: BuildLimits | undefined;
  /** Of each project, each over its default (`defaultQuotas`); -1 is unlimited. */
  readonly quotas?: Partial<Quotas> | undefined;
  /** Default: `demo` in project `demo`, and `admin` in projects `admin` and `demo`, each with its name as password. */
  readonly users?: readonly CloudUser[] | undefined;
  /** How long a Keystone token holds, unscaled. Default one hour. */
  readonly tokenTtlMs?: number | undefined;
  /** Calls and builds that the log keeps. Default 100,000 each. */
  readonly logCapacity?: number | undefined;
  /** Default: real time. */
  readonly clock?: CloudClock | undefined;
}

export type ResolvedCloudOptions = { readonly [K in keyof CloudOptions]-?: Exclude<CloudOptions[K], undefined> } & {
  readonly quotas: Quotas;
};

export const defaultCloudUsers: readonly CloudUser[] = Object.freeze([
  { name: 'demo', password: 'demo', projects: ['demo'] },
  { name: 'admin', password: 'admin', projects: ['admin', 'demo'], isAdmin: true },
]);

/** @throws InvalidCloudOptionError naming the option. */
export function resolveCloudOptions(options: CloudOptions): ResolvedCloudOptions {
  const resolved: ResolvedCloudOptions = {
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    seed: options.seed ?? 1,
    timeFactor: options.timeFactor ?? 1,
    jitter: options.jitter ?? 0.3,
    latencies: options.latencies ?? {},
    buildLimits: options.buildLimits ?? {},
    quotas: { ...defaultQuotas, ...options.quotas },
    users: options.users ?? defaultCloudUsers,
    tokenTtlMs: options.tokenTtlMs ?? 3_600_000,
    logCapacity: options.logCapacity ?? 100_000,
    clock: options.clock ?? createSystemClock(),
  };
  demand(Number.isInteger(resolved.port) && resolved.port >= 0 && resolved.port < 65_536, 'port', 'must be an integer from 0 to 65535');
  demand(Number.isSafeInteger(resolved.seed), 'seed', 'must be an integer');
  demand(resolved.timeFactor > 0 && Number.isFinite(resolved.timeFactor), 'timeFactor', 'must be above 0');
  demand(resolved.jitter >= 0 && resolved.jitter < 1, 'jitter', 'must be from 0 to below 1');
  demand(resolved.tokenTtlMs > 0, 'tokenTtlMs', 'must be above 0');
  demand(Number.isInteger(resolved.logCapacity) && resolved.logCapacity > 0, 'logCapacity', 'must be a positive integer');
  demand(resolved.users.length > 0, 'users', 'must name at least one user');
  for (const [name, ms] of Object.entries(resolved.latencies))
    demand(ms >= 0 && Number.isFinite(ms), `latencies.${name}`, 'must be 0 or more');
  for (const [kind, limit] of Object.entries(resolved.buildLimits)) {
    demand(limit === undefined || (Number.isInteger(limit) && limit >= 0), `buildLimits.${kind}`, 'must be an integer, 0 or more');
  }
  for (const user of resolved.users) demand(user.projects.length > 0, `users.${user.name}`, 'must name at least one project');
  return resolved;
}

function demand(holds: boolean, option: string, reason: string): void {
  if (!holds) throw new InvalidCloudOptionError(option, reason);
}
