/**
 * The streams, buckets and durable consumers of a namespace, as data. What each is for is in `docs/architecture.md`; why
 * each setting is as it is, stands beside it here.
 */
import { encodeToken, type QueueClass, queueClasses, type Subjects, TroupeError } from '@troupe/protocol';

export interface TopologyOptions {
  readonly subjects: Subjects;
  /** Copies of every stream: 1, 3 or 5. Default 1: what is acknowledged then lives on one disk. */
  readonly replicas?: number;
  /** Default `file`. `memory` forgets everything with the server. */
  readonly storage?: 'file' | 'memory';
  /** How long a server recognises a message id. Default 120000. Costs about 170 bytes per id. */
  readonly duplicateWindowMs?: number;
  /** Partitions of MAIL and TIMERS. Default 8; may grow later, never shrink: the mail of a lost partition would lie for ever. */
  readonly partitions?: number;
  /** Entity kinds served by the hosts of each role. */
  readonly roles?: Readonly<Record<string, readonly string[]>>;
  /** Pools of workers; with classes where a pool does not serve all of them. Default: one pool `default`. */
  readonly pools?: readonly (string | { readonly name: string; readonly classes: readonly QueueClass[] })[];
  /** Hold of delivered mail; hosts renew at half of it. Default 2000: turns last milliseconds, and it is what a crash in mid-turn costs. */
  readonly mailAckWaitMs?: number;
  /** Hold of delivered tasks; workers renew at a third of it. Default 30000. */
  readonly taskAckWaitMs?: number;
  /** Hold of delivered commands. Default 10000. */
  readonly commandAckWaitMs?: number;
  /** Unacknowledged mail per partition; hosts ask for twice as much. Default 256. */
  readonly maxAckPending?: number;
  /** Commands that may wait; the next is refused (`overloaded`). Default 100000. */
  readonly maxCommands?: number;
  readonly maxCommandBytes?: number;
  /** Default 7 days. */
  readonly eventMaxAgeMs?: number;
  readonly eventMaxBytes?: number;
  /** Default 30 days. */
  readonly deadMaxAgeMs?: number;
  readonly deadMaxBytes?: number;
}

const DAY_MS = 86_400_000;
const MIB = 1_048_576;

export const topologyDefaults = Object.freeze({
  replicas: 1,
  storage: 'file' as const,
  duplicateWindowMs: 120_000,
  partitions: 8,
  roles: { supervisor: ['operation', 'task'], throttle: ['throttle'] } as Readonly<Record<string, readonly string[]>>,
  pools: ['default'] as NonNullable<TopologyOptions['pools']>,
  mailAckWaitMs: 2_000,
  taskAckWaitMs: 30_000,
  commandAckWaitMs: 10_000,
  maxAckPending: 256,
  maxCommands: 100_000,
  // byte limits are reserved on the disk when the stream is made: modest, for the machine of a first try
  maxCommandBytes: 64 * MIB,
  eventMaxAgeMs: 7 * DAY_MS,
  eventMaxBytes: 512 * MIB,
  deadMaxAgeMs: 30 * DAY_MS,
  deadMaxBytes: 256 * MIB,
});

/** Fields as the server spells them; only what is named here is compared and repaired. */
export type Config = Readonly<Record<string, unknown>>;

export interface ConsumerSpec {
  readonly name: string;
  readonly config: Config;
}

export interface StreamSpec {
  readonly name: string;
  readonly config: Config;
  readonly consumers: readonly ConsumerSpec[];
}

export type Topology = readonly StreamSpec[];

type Full = Required<TopologyOptions>;

/** Throws `invalid_options` for values that no server takes or that do not fit each other. */
export function describeTopology(options: TopologyOptions): Topology {
  const o: Full = { ...topologyDefaults, ...options };
  validate(o);
  const { ns, streams, buckets } = o.subjects;
  const mailSource = `${ns}.mail.*.*.*`;
  const dueSource = `${ns}.due.*.*`;
  const partition = `{{partition(${o.partitions},1,2)}}.{{wildcard(1)}}.{{wildcard(2)}}`;
  return [
    // bounded and refusing: the front door is the one place where "too much" can be said to the sender
    stream(o, streams.commands, [`${ns}.command.*`], { ...workQueue, discard: 'new', max_msgs: o.maxCommands, max_bytes: o.maxCommandBytes }, [
      consumer('door', [`${ns}.command.*`], o.commandAckWaitMs, 1_024),
    ]),
    // nothing accepted is evicted: no limits. The default cap is 1,000 consumers although it shows as unlimited
    stream(o, streams.tasks, [`${ns}.task.*.*.*`], { ...workQueue, max_consumers: MAX_CONSUMERS }, taskConsumers(o)),
    stream(
      o,
      streams.mail,
      [mailSource],
      { ...workQueue, max_consumers: MAX_CONSUMERS, subject_transform: { src: mailSource, dest: `${ns}.mail.${partition}.{{wildcard(3)}}` } },
      partitioned(o, (p, kind) => o.subjects.mailFilter(p, kind)),
    ),
    // apart from MAIL, because a schedule may target any subject of its stream, whatever its sender may publish. Any limit
    // would evict pending timers. TTL: a cancelled timer is replaced by an empty message that expires
    stream(
      o,
      streams.timers,
      [`${ns}.timer.*.*.*`, dueSource],
      {
        ...workQueue,
        max_consumers: MAX_CONSUMERS,
        allow_msg_schedules: true,
        allow_msg_ttl: true,
        allow_rollup_hdrs: true,
        subject_transform: { src: dueSource, dest: `${ns}.due.${partition}` },
      },
      // only what is due: an unfiltered consumer would be handed the schedules themselves
      partitioned(o, (p, kind) => o.subjects.dueFilter(p, kind)),
    ),
    stream(o, streams.state, [`${ns}.state.>`, `${ns}.tomb.>`], lastValue),
    stream(o, streams.events, [`${ns}.event.>`], {
      ...log,
      max_age: nanos(o.eventMaxAgeMs),
      max_bytes: o.eventMaxBytes,
      republish: { src: `${ns}.event.>`, dest: `${ns}.live.>` },
    }),
    stream(o, streams.results, [`${ns}.result.*`, `${ns}.mark.*.*`], lastValue),
    stream(o, streams.dead, [`${ns}.dead.>`], { ...log, max_age: nanos(o.deadMaxAgeMs), max_bytes: o.deadMaxBytes }),
    bucket(o, buckets.resources, {}),
    // a marker tells those who watch the bucket that a host has gone silent
    bucket(o, buckets.hosts, { subject_delete_marker_ttl: nanos(10_000) }),
  ];
}

const MAX_CONSUMERS = 5_000;
const unlimited = { max_msgs: -1, max_bytes: -1, max_age: 0, max_msgs_per_subject: -1, max_msg_size: -1 };
const workQueue = { ...unlimited, retention: 'workqueue', discard: 'old' };
const log = { ...unlimited, retention: 'limits', discard: 'old' };
const lastValue = { ...log, max_msgs_per_subject: 1, allow_msg_ttl: true, allow_rollup_hdrs: true };

function stream(o: Full, name: string, subjects: readonly string[], config: Config, consumers: readonly ConsumerSpec[] = []): StreamSpec {
  const common = {
    name,
    subjects,
    storage: o.storage,
    num_replicas: o.replicas,
    duplicate_window: nanos(o.duplicateWindowMs),
    allow_direct: true,
  };
  return { name, config: { ...common, ...config }, consumers };
}

function bucket(o: Full, name: string, config: Config): StreamSpec {
  const settings = { ...lastValue, discard: 'new', deny_delete: true, ...config };
  return stream(o, `KV_${name}`, [`$KV.${name}.>`], settings);
}

function consumer(name: string, filters: readonly string[], ackWaitMs: number, maxAckPending: number, config: Config = {}): ConsumerSpec {
  const common = {
    durable_name: name,
    ack_policy: 'explicit',
    deliver_policy: 'all',
    filter_subjects: filters,
    ack_wait: nanos(ackWaitMs),
    max_ack_pending: maxAckPending,
    // burial counts starts without an end, never deliveries: a message that reaches such a limit lies there undeliverable
    max_deliver: -1,
  };
  return { name, config: { ...common, ...config } };
}

function taskConsumers(o: Full): ConsumerSpec[] {
  return o.pools.flatMap((pool) => {
    const { name, classes } = typeof pool === 'string' ? { name: pool, classes: queueClasses } : pool;
    // unlimited: workers pull for their free slots only
    return classes.map((cls) => consumer(taskDurable(cls, name), [o.subjects.taskFilter(cls, name)], o.taskAckWaitMs, -1));
  });
}

function partitioned(o: Full, filter: (partition: number, kind: string) => string): ConsumerSpec[] {
  return Object.entries(o.roles).flatMap(([role, kinds]) =>
    Array.from({ length: o.partitions }, (_, p) => {
      const filters = kinds.map((kind) => filter(p, kind));
      const group = { priority_groups: [role], priority_policy: 'prioritized' };
      return consumer(roleDurable(role, p), filters, o.mailAckWaitMs, o.maxAckPending, group);
    }),
  );
}

export function taskDurable(cls: QueueClass, pool: string): string {
  return `${cls}_${encodeToken(pool)}`;
}

export function roleDurable(role: string, partition: number): string {
  return `${role}_${partition}`;
}

function nanos(ms: number): number {
  return ms * 1_000_000;
}

function validate(o: Full): void {
  const fail = (field: string, rule: string): never => {
    throw new TroupeError('invalid_options', `topology: ${field} ${rule}`, { field });
  };
  if (![1, 3, 5].includes(o.replicas)) fail('replicas', 'must be 1, 3 or 5');
  if (!Number.isInteger(o.partitions) || o.partitions < 1 || o.partitions > 256) fail('partitions', 'must be a whole number from 1 to 256');
  if (o.duplicateWindowMs < 100) fail('duplicateWindowMs', 'must be at least 100');
  for (const field of ['eventMaxAgeMs', 'deadMaxAgeMs'] as const) {
    if (o[field] < o.duplicateWindowMs) fail(field, 'must not be below duplicateWindowMs');
  }
  for (const field of ['mailAckWaitMs', 'taskAckWaitMs', 'commandAckWaitMs', 'maxAckPending', 'maxCommands'] as const) {
    if (!(o[field] >= 1)) fail(field, 'must be at least 1');
  }
  for (const role of Object.keys(o.roles)) if (!/^[a-z0-9-]{1,16}$/.test(role)) fail('roles', `${role}: must match [a-z0-9-]{1,16}`);
}
