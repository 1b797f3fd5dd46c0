/** Finds a nats-server or brings one, and runs it. */

/** The oldest server whose features are used: schedules in streams and prioritized consumers. */
export const MIN_VERSION: string;

/** You see this when no nats-server that is new enough is on this machine and none could be brought. The message says what helps. */
export class NatsServerUnavailable extends Error {
  constructor(summary: string, attempts?: readonly string[]);
  readonly code: 'nats_server_unavailable';
  /** What was tried and why it did not do, one line each. */
  readonly attempts: readonly string[];
}

export type Route = 'path' | 'cache' | 'debian' | 'release';

export interface Release {
  readonly version: string;
  /** Below it lies `v<version>/nats-server-v<version>-<system>-<architecture>.tar.gz`. */
  readonly baseUrl: string;
  /** By `<system>-<architecture>`, such as `linux-amd64`. */
  readonly sha256: Readonly<Record<string, string>>;
}

export interface ResolveOptions {
  /** Where NATS_SERVER, PATH and TROUPE_NATS_CACHE are read; default: the process's own. */
  readonly env?: NodeJS.ProcessEnv;
  /**
   * Where brought servers are kept. Default: `.cache/nats` in the repository, `node_modules/.cache/troupe/nats` of the project that has this package
   * installed; TROUPE_NATS_CACHE overrides both.
   */
  readonly cacheDir?: string;
  /** Default: `MIN_VERSION`. */
  readonly minVersion?: string;
  /** Which to try, in this order; default: all. Without `debian` and `release` nothing is downloaded. */
  readonly routes?: readonly Route[];
  /** Default: a pinned official one with its checksums. */
  readonly release?: Release;
  /** Told before something slow begins; default: silent. */
  readonly log?: (line: string) => void;
}

/**
 * Finds a nats-server that is new enough, or brings one into the project's cache (some seconds, once): $NATS_SERVER, PATH, the cache, the Debian
 * archive of this machine, the official release. May be called by several processes at once. An explicit NATS_SERVER is never passed over: when it does
 * not do, that is the error.
 * @returns path of the binary
 * @throws {NatsServerUnavailable} when every route fails
 */
export function resolveNatsServer(options?: ResolveOptions): Promise<string>;

export interface LaunchOptions {
  /** Default: `resolveNatsServer()`. */
  readonly binary?: string;
  /** Default: 127.0.0.1. */
  readonly host?: string;
  /** Client port; default: a free one. */
  readonly port?: number;
  /** Default: true. */
  readonly jetstream?: boolean;
  /** Where JetStream keeps its data; kept afterwards. Default: a temporary folder, removed at the end. */
  readonly storeDir?: string;
  /** The server's name; members of a cluster need one each. */
  readonly name?: string;
  /** More lines of nats-server configuration: accounts, limits, cluster. */
  readonly config?: string;
  /** Folder for configuration, log and ports file; kept afterwards. Default: a temporary one. */
  readonly dir?: string;
  /** How long the start may take; default: 10000. */
  readonly readyMs?: number;
}

export interface RunningNatsServer {
  /** `nats://host:port` */
  readonly url: string;
  readonly port: number;
  /** `http://host:port` of the monitoring endpoint. */
  readonly monitorUrl: string;
  readonly pid: number;
  readonly binary: string;
  readonly storeDir: string;
  readonly logFile: string;
  /** Settles when the process has ended, for whatever reason. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** SIGTERM, SIGKILL after 5 s; removes what was temporary. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Starts a server as a child and waits until it listens. It ends with this process, even if this process is killed, and does not keep it alive.
 * @throws {NatsServerUnavailable} when there is no binary
 * @throws {Error} with the end of the server's log, when it does not come up
 */
export function startNatsServer(options?: LaunchOptions): Promise<RunningNatsServer>;

/**
 * Has a process killed, and folders removed, when this process ends in whatever way.
 * @returns call it when the process has ended and the folders are gone: process ids are used again
 */
export function guardProcess(pid: number | undefined, dirs?: readonly string[]): () => void;
