/** A cluster of nats-servers for tests, each of which can be killed, frozen and started again. */
import { type AddressInfo, createServer, type Server } from 'node:net';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { startNatsServer, type TestNatsServer } from './nats-server.ts';
import { until } from './until.ts';

export interface TestNatsCluster extends AsyncDisposable {
  readonly servers: readonly TestNatsServer[];
  /** Client addresses of all servers. */
  readonly urls: string[];
  /** The server that leads JetStream's meta group now, if there is one. */
  metaLeader(): Promise<TestNatsServer | undefined>;
  /** Resolves when all running servers know one meta leader and are healthy. */
  ready(withinMs?: number): Promise<void>;
  stop(): Promise<void>;
}

export interface NatsClusterOptions {
  /** More lines of configuration for every server. */
  readonly config?: string;
}

let clusters = 0;

/** Starts `size` servers with JetStream as one cluster and waits until they have a meta leader (about a second). */
export async function startNatsCluster(size = 3, options: NatsClusterOptions = {}): Promise<TestNatsCluster> {
  const cluster = `test-${process.pid}-${clusters++}`;
  const ports = await freePorts(size);
  const routes = ports.map((port) => `"nats://127.0.0.1:${port}"`).join(', ');
  const started = await Promise.allSettled(
    ports.map((port, index) =>
      startNatsServer({
        name: `${cluster}-${index + 1}`,
        config: `cluster { name: "${cluster}", listen: "127.0.0.1:${port}", routes: [${routes}] }\n${options.config ?? ''}`,
      }),
    ),
  );
  const servers = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const stop = async () => {
    await Promise.all(servers.map((server) => server.stop()));
  };
  const failed = started.find((result) => result.status === 'rejected');
  if (failed) {
    await stop();
    throw failed.reason;
  }

  const leaderNames = () => Promise.all(servers.filter((server) => server.isRunning).map(leaderSeenBy));
  const isReady = async () => {
    const names = await leaderNames();
    // a leader that has just died is named by the others until they have noticed
    const leader = servers.find((_, index) => names[0] === `${cluster}-${index + 1}`);
    return leader?.isRunning === true && names.every((name) => name === names[0]);
  };
  const ready = async (withinMs = 15_000) => {
    await until('the cluster has one meta leader', isReady, withinMs, 50);
  };
  try {
    await ready();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    servers,
    get urls() {
      return servers.map((server) => server.url);
    },
    async metaLeader() {
      const name = (await leaderNames()).find((leader) => leader !== undefined);
      return servers.find((_, index) => name === `${cluster}-${index + 1}`);
    },
    ready,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** The meta leader's name as this server knows it; undefined while it is not healthy. */
async function leaderSeenBy(server: TestNatsServer): Promise<string | undefined> {
  try {
    const signal = AbortSignal.timeout(2_000);
    const health = await fetch(`${server.monitorUrl}/healthz`, { signal });
    const state = (await (await fetch(`${server.monitorUrl}/jsz`, { signal })).json()) as { meta_cluster?: { leader?: string } };
    return health.ok ? state.meta_cluster?.leader || undefined : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Ports that were free a moment ago: routes must be known before the servers start. Of those that no system gives away by itself (Linux from
 * 32768 on), else a server or a client of another test is given one of them before its server listens.
 */
async function freePorts(count: number): Promise<number[]> {
  const holders = await Promise.all(Array.from({ length: count }, held));
  const ports = holders.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(holders.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

async function held(): Promise<Server> {
  for (;;) {
    const server = createServer().listen(randomInt(15_000, 32_000), '127.0.0.1');
    try {
      await once(server, 'listening');
      return server;
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'EADDRINUSE') throw error;
    }
  }
}
