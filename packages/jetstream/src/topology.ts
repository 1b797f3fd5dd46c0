/**
 * The streams and consumers of a namespace as data. `topology-plan.ts` compares them with what a server has;
 * `topology-apply.ts` repairs. Why each stream is as it is stands here, beside it.
 */
import type { ConsumerConfig, StreamConfig } from '@nats-io/jetstream';
import { encodeToken, type QueueClass, queueClasses, type Subjects, TroupeError } from '@troupe/protocol';

export interface TopologyOptions {
  readonly subjects: Subjects;
  /** Pools of workers. Adding one later only adds durables. Default `['default']`. */
  readonly pools?: readonly string[];
  /** Kinds of entities per role of hosts. */
  readonly roles?: Readonly<Record<string, readonly string[]>>;
  /** Partitions of mail and timers. Changing them needs drained streams. Default 8. */
  readonly partitions?: number;
  /** 1, or 3 on a cluster. Default: 1 for what is created, and what is there stays as it is. */
  readonly replicas?: 1 | 3 | 5;
  readonly storage?: 'file' | 'memory';
  /** Window in which the server drops a message id it has seen. An optimisation: no guarantee rests on it. Default 120000. */
  readonly dedupWindowMs?: number;
  /** Hold of mail and timers: turns last milliseconds. Default 2000. */
  readonly mailAckWaitMs?: number;
  /** Hold of a task, renewed three times as often. Default 30000. */
  readonly taskAckWaitMs?: number;
  /** Mail in hand per partition. Default 256. */
  readonly maxAckPending?: number;
  /** Tasks in hand per class and pool over all workers. Default 1000. */
  readonly taskMaxAckPending?: number;
  /** Bytes that EVENTS and DEAD may take, each; the server reserves them. Default 256 MiB. */
  readonly maxLogBytes?: number;
  /** Commands that wait for the door; over it senders are refused. Default 100000. */
  readonly maxCommands?: number;
}

export const topologyDefaults = Object.freeze({
  pools: Object.freeze(['default']) as readonly string[],
  roles: Object.freeze({
    supervisor: ['operation', 'task'],
    throttle: ['throttle'],
    scheduler: ['schedule', 'fanout', 'retention', 'breaker'],
  }) as Readonly<Record<string, readonly string[]>>,
  partitions: 8,
  replicas: 1 as 1 | 3 | 5,
  storage: 'file' as 'file' | 'memory',
  dedupWindowMs: 120_000,
  mailAckWaitMs: 2_000,
  taskAckWaitMs: 30_000,
  maxAckPending: 256,
  taskMaxAckPending: 1_000,
  maxLogBytes: 268_435_456,
  maxCommands: 100_000,
});

export interface WantedStream {
  readonly config: Partial<StreamConfig> & { readonly name: string };
  readonly consumers: readonly (Partial<ConsumerConfig> & { readonly durable_name: string })[];
  /** Subjects that no consumer may take, besides those of our consumers. */
  readonly reserved?: readonly string[];
}

const NANOS = 1_000_000;
const DAY_MS = 86_400_000;

export function wantedTopology(given: TopologyOptions): WantedStream[] {
  const options = { ...topologyDefaults, ...stripUndefined(given) };
  const { subjects, partitions, roles } = options;
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > 256) {
    throw new TroupeError('invalid_options', `partitions must be a whole number from 1 to 256, not ${partitions}`, { field: 'partitions' });
  }
  const { ns, streams, buckets } = subjects;
  const common = {
    ...(given.replicas === undefined ? {} : { num_replicas: given.replicas }),
    storage: options.storage,
    duplicate_window: options.dedupWindowMs * NANOS,
    allow_direct: true,
    // shown as unlimited, but a server's default is 1000
    max_consumers: 5_000,
  } as Partial<StreamConfig>;
  // said, not left out: somebody may have set it, and what is over a limit is dropped without a word. `max_bytes` is left to
  // operators, who get a high-water mark below it
  const unlimited = { max_age: 0, max_msgs: -1 } as Partial<StreamConfig>;
  const queue = { ...common, ...unlimited, retention: 'workqueue' } as Partial<StreamConfig>;
  // pulled: a push consumer of our name would be no use to us
  const hold = { ack_policy: 'explicit', max_deliver: -1, deliver_subject: undefined } as unknown as Partial<ConsumerConfig>;
  const mailConsumers = (filter: (partition: number, kind: string) => string): WantedStream['consumers'] =>
    Object.entries(roles).flatMap(([role, kinds]) =>
      Array.from({ length: partitions }, (_, partition) => ({
        ...hold,
        durable_name: `${role}_${partition}`,
        ...filters(kinds.map((kind) => filter(partition, kind))),
        ack_wait: options.mailAckWaitMs * NANOS,
        max_ack_pending: options.maxAckPending,
        priority_groups: [role],
        priority_policy: 'prioritized' as never,
      })),
    );
  return [
    {
      // bounded, and the new one is refused: what was accepted is never dropped
      config: { ...queue, name: streams.commands, subjects: [`${ns}.command.*`], max_msgs: options.maxCommands, discard: 'new' as never },
      consumers: [
        {
          ...hold,
          durable_name: 'door',
          filter_subject: `${ns}.command.*`,
          ack_wait: options.mailAckWaitMs * NANOS,
          max_ack_pending: 1_000,
        },
      ],
    },
    {
      // no schedules: whoever may write a stream with schedules reaches all of its subjects
      config: { ...queue, name: streams.tasks, subjects: [`${ns}.task.*.*.*`] },
      consumers: options.pools.flatMap((pool) =>
        queueClasses.map((cls) => ({
          ...hold,
          durable_name: taskDurable(cls, pool),
          filter_subject: subjects.taskFilter(cls, pool),
          ack_wait: options.taskAckWaitMs * NANOS,
          max_ack_pending: options.taskMaxAckPending,
        })),
      ),
    },
    {
      config: {
        ...queue,
        name: streams.mail,
        subjects: [`${ns}.mail.*.*.*`],
        subject_transform: {
          src: `${ns}.mail.*.*.*`,
          dest: `${ns}.mail.{{partition(${partitions},1,2)}}.{{wildcard(1)}}.{{wildcard(2)}}.{{wildcard(3)}}`,
        },
      },
      consumers: mailConsumers((partition, kind) => subjects.mailFilter(partition, kind)),
    },
    {
      // no limit of age, count or bytes: it would evict pending timers. TTL is for what replaces a cancelled one
      config: {
        ...queue,
        name: streams.timers,
        subjects: [`${ns}.timer.>`, `${ns}.due.*.*`],
        max_bytes: -1,
        allow_msg_schedules: true,
        allow_msg_ttl: true,
        subject_transform: { src: `${ns}.due.*.*`, dest: `${ns}.due.{{partition(${partitions},1,2)}}.{{wildcard(1)}}.{{wildcard(2)}}` },
      } as WantedStream['config'],
      // only fired timers: an unfiltered consumer would get, and acknowledge away, the schedules themselves
      consumers: mailConsumers((partition, kind) => subjects.dueFilter(partition, kind)),
      reserved: [`${ns}.timer.>`],
    },
    {
      config: {
        ...common,
        ...unlimited,
        name: streams.state,
        subjects: [`${ns}.state.>`, `${ns}.tomb.>`],
        max_msgs_per_subject: 1,
        allow_msg_ttl: true,
        allow_rollup_hdrs: true,
      },
      consumers: [],
    },
    {
      config: {
        ...common,
        name: streams.events,
        subjects: [`${ns}.event.>`],
        max_age: 7 * DAY_MS * NANOS,
        max_bytes: options.maxLogBytes,
        republish: { src: `${ns}.event.>`, dest: `${ns}.live.>` },
      },
      consumers: [],
    },
    {
      config: {
        ...common,
        ...unlimited,
        name: streams.results,
        subjects: [`${ns}.result.>`, `${ns}.mark.>`],
        max_msgs_per_subject: 1,
        allow_msg_ttl: true,
        allow_rollup_hdrs: true,
      },
      consumers: [],
    },
    {
      config: { ...common, name: streams.dead, subjects: [`${ns}.dead.>`], max_age: 30 * DAY_MS * NANOS, max_bytes: options.maxLogBytes },
      consumers: [],
    },
    bucket({ ...common, ...unlimited }, buckets.resources),
    // in a file as well: a single server that starts again has forgotten what was in memory, streams included, and no host
    // that starts then could read its siblings
    bucket(common, buckets.hosts),
  ];
}

export function taskDurable(cls: QueueClass, pool: string): string {
  return `${cls}_${encodeToken(pool)}`;
}

function bucket(common: Partial<StreamConfig>, name: string): WantedStream {
  return {
    config: {
      ...common,
      name: `KV_${name}`,
      subjects: [`$KV.${name}.>`],
      max_msgs_per_subject: 1,
      allow_msg_ttl: true,
      allow_rollup_hdrs: true,
      deny_delete: false,
    } as WantedStream['config'],
    consumers: [],
  };
}

function filters(all: readonly string[]): Partial<ConsumerConfig> {
  return all.length === 1 ? { filter_subject: all[0]! } : { filter_subjects: [...all] };
}

function stripUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as T;
}
