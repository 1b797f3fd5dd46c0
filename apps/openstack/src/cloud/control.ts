import type { BuildEvent, BuildKind, BuildLimits } from './core/builds.ts';
import type { CallFault, Outage } from './core/call-faults.ts';
import type { CallEntry } from './core/call-log.ts';
import type { ListedFault } from './core/fault-book.ts';
import type { Latencies } from './core/latency.ts';
import type { TokenRecord } from './core/token-ledger.ts';
import type { TransitionFault } from './core/transition-faults.ts';
import { ApiError } from './core/api-error.ts';
import type { Quotas } from './model/quotas.ts';
import { statusOf } from './model/server.ts';
import type { World } from './model/world.ts';

export const objectKinds = ['volume', 'snapshot', 'server', 'port', 'floatingip'] as const;
export type ObjectKind = (typeof objectKinds)[number];

export interface ObjectCount {
  readonly total: number;
  readonly byStatus: Readonly<Record<string, number>>;
}

export type PerBuildKind<T> = Readonly<Record<BuildKind, T>>;

export interface CloudSummary {
  /** Most builds in progress at once, ever. */
  readonly peak: PerBuildKind<number>;
  readonly running: PerBuildKind<number>;
  readonly limits: PerBuildKind<number | null>;
  /** Builds refused because of the limit. */
  readonly refusals: PerBuildKind<number>;
  readonly objects: Readonly<Record<ObjectKind, ObjectCount>>;
  /** Client tokens with more than one object. */
  readonly duplicates: readonly TokenRecord[];
  readonly calls: { readonly total: number; readonly byRoute: Readonly<Record<string, number>> };
}

/**
 * The hands behind the cloud: what a test does to it and asks about it, in process or over `/admin`. Whatever is changed here is
 * changed behind the back of the API, as an operator or a broken disk would.
 */
export interface CloudControl {
  summary(): CloudSummary;
  /** Calls and builds, oldest first. `after`: only calls with a higher sequence. */
  log(after?: number): { readonly calls: readonly CallEntry[]; readonly builds: readonly BuildEvent[] };
  tokens(): readonly TokenRecord[];
  /** Returns the fault's id. */
  failCalls(fault: CallFault): string;
  failTransitions(fault: TransitionFault): string;
  faults(): { readonly calls: readonly ListedFault<CallFault>[]; readonly transitions: readonly ListedFault<TransitionFault>[] };
  removeFault(id: string): boolean;
  /** Removes all faults and ends all outages. */
  clearFaults(): void;
  startOutage(outage: Outage): void;
  endOutage(service?: string): void;
  outages(): readonly Outage[];
  /** @throws ApiError 404 if there is no such object */
  vanish(kind: ObjectKind, id: string): void;
  /** Any status word, known to the API or not. `message` becomes the fault of a server in ERROR. @throws ApiError 404 */
  setStatus(kind: ObjectKind, id: string, status: string, message?: string): void;
  setBuildLimits(limits: BuildLimits): void;
  setLatencies(latencies: Partial<Latencies>): void;
  latencies(): Latencies;
  /** `project` is an id or a name. @throws ApiError 404 */
  setQuotas(project: string, quotas: { readonly [K in keyof Quotas]?: number | undefined }): Quotas;
  /** Every client has to authenticate again. */
  expireTokens(): void;
}

export function createControl(world: World): CloudControl {
  const { core, floatingIps, identity, ports, quotas, servers, snapshots, volumes } = world;
  const { builds, callFaults, transitionFaults } = core;
  const perKind = <T>(value: (kind: BuildKind) => T): PerBuildKind<T> => ({ instance: value('instance'), volume: value('volume') });

  return {
    summary: () => ({
      peak: perKind(builds.peak),
      running: perKind(builds.running),
      limits: perKind((kind) => builds.limit(kind) ?? null),
      refusals: perKind(builds.refusals),
      objects: {
        volume: countByStatus(volumes.list().map((volume) => volume.status)),
        snapshot: countByStatus(snapshots.list().map((snapshot) => snapshot.status)),
        server: countByStatus(servers.list().map(statusOf)),
        port: countByStatus(ports.list().map((port) => port.status)),
        floatingip: countByStatus(floatingIps.list().map((ip) => ip.status)),
      },
      duplicates: core.tokens.duplicates(),
      calls: { total: core.calls.total(), byRoute: core.calls.countByRoute() },
    }),
    log: (after) => ({ calls: core.calls.entries(after), builds: builds.events() }),
    tokens: core.tokens.all,
    failCalls: callFaults.add,
    failTransitions: transitionFaults.add,
    faults: () => ({ calls: callFaults.list(), transitions: transitionFaults.list() }),
    removeFault: (id) => callFaults.remove(id) || transitionFaults.remove(id),
    clearFaults() {
      callFaults.clear();
      callFaults.endOutage();
      transitionFaults.clear();
    },
    startOutage: callFaults.startOutage,
    endOutage: callFaults.endOutage,
    outages: callFaults.outages,
    vanish(kind, id) {
      if (kind === 'volume') volumes.vanish(volumes.get(id));
      else if (kind === 'snapshot') snapshots.vanish(snapshots.get(id));
      else if (kind === 'server') servers.vanish(servers.get(id));
      else if (kind === 'port') ports.remove(ports.get(id));
      else floatingIps.remove(floatingIps.get(id));
    },
    setStatus(kind, id, status, message) {
      if (kind === 'volume') volumes.setStatus(volumes.get(id), status);
      else if (kind === 'snapshot') snapshots.setStatus(snapshots.get(id), status);
      else if (kind === 'server') servers.setStatus(servers.get(id), status, message);
      else if (kind === 'port') ports.update(ports.get(id), { status });
      else floatingIps.setStatus(floatingIps.get(id), status);
    },
    setBuildLimits: builds.setLimits,
    setLatencies: core.latency.set,
    latencies: core.latency.current,
    setQuotas(reference, change) {
      const project = identity.projects().find(({ id, name }) => id === reference || name === reference);
      if (project === undefined) throw new ApiError(404, `Could not find project: ${reference}.`);
      return quotas.set(project.id, change);
    },
    expireTokens: identity.revokeAll,
  };
}

function countByStatus(statuses: readonly string[]): ObjectCount {
  const byStatus: Record<string, number> = {};
  for (const status of statuses) byStatus[status] = (byStatus[status] ?? 0) + 1;
  return { total: statuses.length, byStatus };
}
