/** What the roles of one process share: connection, publisher, the server's clock, the shape of the topology. */
import { createService, type Service, systemRandom } from '@troupe/actor';
import {
  applyTopology,
  connectNats,
  type ConnectOptions,
  createPublisher,
  createServerClock,
  type Publisher,
  topologyDefaults,
  type TopologyOptions,
} from '@troupe/jetstream';
import { createSubjects, type Subjects } from '@troupe/protocol';

type NatsConnection = Awaited<ReturnType<typeof connectNats>>;

export interface RuntimeOptions extends Omit<TopologyOptions, 'subjects'> {
  /** How to reach the server: URLs, credentials, TLS. */
  readonly connection: ConnectOptions;
  /** Namespace of subjects and streams. Default `troupe`. */
  readonly ns?: string;
  /** Create and repair streams and consumers at start; needs the rights of an administrator. Default false. */
  readonly applyTopology?: boolean;
  /** Unique per process; drawn when absent. */
  readonly hostId?: string;
}

export interface Runtime extends Service {
  readonly nc: NatsConnection;
  readonly publisher: Publisher;
  readonly subjects: Subjects;
  readonly topology: Required<TopologyOptions>;
  readonly hostId: string;
  serverNow(): number;
}

/** Connects. Rejects when no server can be reached, or (with `applyTopology`) with `topology_mismatch`. Stop it after the roles. */
export async function connectRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { connection, ns, applyTopology: apply, hostId = systemRandom.token(), ...topologyOptions } = options;
  const subjects = createSubjects(ns);
  const topology = { ...topologyDefaults, ...topologyOptions, subjects };
  const nc = await connectNats(connection);
  const publisher = createPublisher(nc);
  const clock = createServerClock({ nc, stream: subjects.streams.state });
  const service = createService('runtime', {
    async start() {
      // only what was said: a default must not shrink what somebody has made larger
      if (apply === true) await applyTopology(nc, { ...topologyOptions, subjects });
      await publisher.start();
      await clock.start();
    },
    async stop() {
      await clock.stop();
      await publisher.stop();
      await nc.close();
    },
  });
  await service.start();
  return Object.assign(service, { nc, publisher, subjects, topology, hostId, serverNow: () => clock.now() });
}
