/**
 * Serves the entities of one role: consumers per partition on MAIL and TIMERS, an entity host, heartbeats and ranks.
 *
 * Every host of a role pulls from every partition, with its rank as priority: the server gives a partition's mail to the
 * best rank that has a pull standing, so a dead owner is followed within milliseconds, and its unacknowledged mail after
 * `ack_wait`. That is for speed; two hosts that believe to own one partition only cost lost races.
 */
import type { NatsConnection } from '@nats-io/nats-core';
import {
  type Behaviour,
  type Clock,
  createEntityHost,
  createFreezeGuard,
  createService,
  type EntityHost,
  type FreezeGuard,
  type HostEvent,
  type Random,
  type ResourceStore,
  type Service,
  systemClock,
  systemRandom,
} from '@troupe/actor';
import type { RecordStore } from '@troupe/actor/internal';
import type { Subjects } from '@troupe/protocol';
import { createDeadLetters } from './dead-letters.ts';
import { createEffectSink } from './effect-sink.ts';
import { createHeartbeats, type Heartbeats } from './heartbeats.ts';
import { createInputStreams } from './input-streams.ts';
import { createMailReceiver } from './mail-receiver.ts';
import type { Publisher } from './publisher.ts';
import { createPuller, type Puller } from './puller.ts';
import { createRecordStore } from './record-store.ts';
import { partitionRanks } from './ranks.ts';

export interface EntityServiceOptions {
  readonly nc: NatsConnection;
  readonly publisher: Publisher;
  readonly subjects: Subjects;
  /** Such as `supervisor`: names the durables and the group of hosts that share them. */
  readonly role: string;
  readonly behaviours: readonly Behaviour[];
  readonly serverNow: () => number;
  readonly store?: ResourceStore;
  /** Unique per process; its rank per partition is drawn from it. */
  readonly hostId: string;
  /** As in the topology. */
  readonly partitions: number;
  readonly maxAckPending: number;
  readonly ackWaitMs: number;
  readonly dedupWindowMs: number;
  readonly maxResident?: number;
  /** Turns at once, what is over waits, held and renewed; default 256. */
  readonly maxTurns?: number;
  readonly onEvent?: (event: EntityServiceEvent) => void;
  readonly clock?: Clock;
  readonly random?: Random;
}

export type EntityServiceEvent =
  | HostEvent
  | { readonly type: 'thawed'; readonly stoodStillMs: number }
  | { readonly type: 'undecodable'; readonly subject: string; readonly code: string };

export interface EntityService extends Service {
  readonly records: RecordStore;
  /** Latest time (monotonic milliseconds) at which each consumer was heard of: liveness is a successful pull, not a connection. */
  lastHeardAt(): number;
  readonly resident: number;
}

/** A pull stands for so long; a frozen host keeps its partition at most until its pull ends. */
const PULL_EXPIRES_MS = 3_000;

/** An effect that just fits into a root must fit into a message of its own, with envelope and headers. */
const HEADROOM_BYTES = 32_768;
const DEFAULT_PAYLOAD_BYTES = 1_048_576;

export function createEntityService(options: EntityServiceOptions): EntityService {
  const { nc, publisher, subjects, role } = options;
  const clock = options.clock ?? systemClock;
  const random = options.random ?? systemRandom;
  const records = createRecordStore({ nc, publisher, subjects, serverNow: options.serverNow });
  const effects = createEffectSink({ nc, publisher, subjects, records, ...(options.store === undefined ? {} : { store: options.store }) });
  const inputs = createInputStreams({ nc, publisher, subjects });
  const pullers: { puller: Puller; partition: number }[] = [];
  let host: EntityHost | undefined;
  let guard: FreezeGuard | undefined;
  let heartbeats: Heartbeats | undefined;

  const rerank = (hosts: readonly string[]): void => {
    const ranks = partitionRanks(options.hostId, hosts, role, options.partitions);
    for (const { puller, partition } of pullers) puller.setPriority(ranks[partition]!);
  };

  const start = async (): Promise<void> => {
    guard = createFreezeGuard(clock, options.ackWaitMs / 2, (stoodStillMs) => {
      host?.thaw();
      for (const { puller } of pullers) puller.reset();
      options.onEvent?.({ type: 'thawed', stoodStillMs });
    });
    host = createEntityHost({
      behaviours: options.behaviours,
      records,
      effects,
      inputs,
      clock,
      random,
      guard,
      dedupWindowMs: options.dedupWindowMs,
      ackWaitMs: options.ackWaitMs,
      limits: { maxRecordBytes: Math.max(HEADROOM_BYTES, (nc.info?.max_payload ?? DEFAULT_PAYLOAD_BYTES) - HEADROOM_BYTES) },
      ...(options.maxResident === undefined ? {} : { maxResident: options.maxResident }),
      ...(options.maxTurns === undefined ? {} : { maxTurns: options.maxTurns }),
      ...(options.onEvent === undefined ? {} : { onEvent: options.onEvent }),
    });
    const served = host;
    const receive = createMailReceiver({
      subjects,
      guard,
      deadLetters: createDeadLetters({ publisher, subjects, serverNow: options.serverNow }),
      deliver: (delivery) => served.deliver(delivery),
      onUndecodable: (subject, code) => options.onEvent?.({ type: 'undecodable', subject, code }),
    });
    heartbeats = await createHeartbeats({ nc, subjects, role, hostId: options.hostId, onChange: rerank });
    const ranks = partitionRanks(options.hostId, heartbeats.hosts(), role, options.partitions);
    for (let partition = 0; partition < options.partitions; partition++) {
      for (const stream of ['mail', 'timers'] as const) {
        const puller = createPuller({
          nc,
          stream: subjects.streams[stream],
          durable: `${role}_${partition}`,
          group: role,
          priority: ranks[partition]!,
          // with twice the pending limit a lower rank was measured to get up to three of a hundred messages, with this none
          demand: () => 4 * options.maxAckPending,
          expiresMs: PULL_EXPIRES_MS,
          clock,
          onMessage: (message) => receive(stream, message),
        });
        pullers.push({ puller, partition });
        puller.start();
      }
    }
  };

  const stop = async (): Promise<void> => {
    await heartbeats?.stop();
    await Promise.all(pullers.map(({ puller }) => puller.stop()));
    await host?.stop();
    guard?.stop();
    // acknowledgements are fire and forget: they must at least have left
    if (!nc.isClosed()) await nc.flush().catch(() => undefined);
  };

  const service = createService(`${role} host`, { start, stop });
  const members = {
    records,
    lastHeardAt: () => Math.min(...pullers.map(({ puller }) => puller.lastHeardAt())),
  };
  // a getter that is copied by `assign` stays at its first value
  return Object.defineProperty(Object.assign(service, members), 'resident', { get: () => host?.resident ?? 0 }) as EntityService;
}
