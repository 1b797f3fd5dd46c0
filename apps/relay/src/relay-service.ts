/** A relay between one database and one NATS server: connects both, and closes what it opened. */
import { createService, type Service } from '@troupe/actor';
import { type ConnectOptions, connectNats, createPublisher } from '@troupe/jetstream';
import { createPool, createRelay, migrate, type PoolOptions, type RelayOptions } from '@troupe/postgres';
import { createSubjects } from '@troupe/protocol';
import { createCommandPublisher } from './command-publisher.ts';

export interface RelayServiceOptions extends Omit<RelayOptions, 'pool' | 'publisher'> {
  readonly database: PoolOptions;
  /** Its user needs the right to publish `<ns>.command.>`, and no other. */
  readonly connection: ConnectOptions;
  /** Namespace of subjects. Default `troupe`. */
  readonly ns?: string;
  /**
   * How long a command waits for the first answer to the one before it for the same resource, so that they are accepted in the
   * order of their rows. Longer, and its order is left to chance; nobody waits while no supervisor answers. Default 1000; 0 = never.
   */
  readonly answerMs?: number;
  /** Make or change our tables at start; needs the rights of their owner. Default false. */
  readonly migrate?: boolean;
}

/** A publish that is not confirmed after so long fails, and its row waits: less than the limit of a claim. */
const PUBLISH_MS = 10_000;
const ANSWER_MS = 1_000;

/** `start` rejects when one of both cannot be reached, or with `topology_mismatch`. */
export function createRelayService(options: RelayServiceOptions): Service {
  const { database, connection, ns, migrate: migrates, answerMs = ANSWER_MS, ...rest } = options;
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
      const commands = createCommandPublisher({ nc, publisher, subjects, answerMs });
      cleanups.push(() => commands.stop());
      const relay = createRelay({ ...rest, pool, publisher: commands });
      cleanups.push(() => relay.stop());
      await relay.start();
    },
    async stop() {
      // newest first: the relay ends before what it uses
      for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
    },
  });
}
