/** A relay between one database and one NATS server: connects both, and closes what it opened. */
import { createService, type Service } from '@troupe/actor';
import { type ConnectOptions, connectNats, createPublisher } from '@troupe/jetstream';
import { createPool, createRelay, migrate, type PoolOptions, type RelayOptions } from '@troupe/postgres';
import { cleanContext, contextToHeaders, createSubjects } from '@troupe/protocol';

export interface RelayServiceOptions extends Omit<RelayOptions, 'pool' | 'publisher'> {
  readonly database: PoolOptions;
  /** Its user needs the right to publish `<ns>.command.>`, and no other. */
  readonly connection: ConnectOptions;
  /** Namespace of subjects. Default `troupe`. */
  readonly ns?: string;
  /** Make or change our tables at start; needs the rights of their owner. Default false. */
  readonly migrate?: boolean;
}

/** A publish that is not confirmed after so long fails, and its row waits: less than the limit of a claim. */
const PUBLISH_MS = 10_000;

/** `start` rejects when one of both cannot be reached, or with `topology_mismatch`. */
export function createRelayService(options: RelayServiceOptions): Service {
  const { database, connection, ns, migrate: migrates, ...rest } = options;
  const subjects = createSubjects(ns);
  const cleanups: (() => unknown)[] = [];
  return createService('relay service', {
    async start() {
      const pool = createPool({ applicationName: 'troupe-relay', max: 3, ...database });
      cleanups.push(() => pool.end());
      if (migrates === true) await migrate(pool, options.schema === undefined ? {} : { schema: options.schema });
      const nc = await connectNats(connection);
      cleanups.push(() => nc.close());
      const publisher = createPublisher(nc, { deadlineMs: PUBLISH_MS });
      cleanups.push(() => publisher.stop());
      await publisher.start();
      const relay = createRelay({
        ...rest,
        pool,
        publisher: {
          // the server drops what comes twice within its window; the operation's record answers what comes later
          publish: ({ id, executor, body, context }) =>
            publisher.publish(subjects.command(executor), body, {
              id: `outbox.${id}`,
              headers: contextToHeaders(cleanContext(context)),
            }),
        },
      });
      cleanups.push(() => relay.stop());
      await relay.start();
    },
    async stop() {
      // newest first: the relay ends before what it uses
      for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
    },
  });
}
