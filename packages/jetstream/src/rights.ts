/**
 * What each role may do on the server: the exact subjects it publishes to and subscribes to, and nothing else. The
 * reasons, line by line, are in `docs/permissions.md`; how they become a server's configuration is in `rights-config.ts`.
 */
import { encodeToken, type QueueClass, queueClasses, type Sender, type Subjects, TroupeError } from '@troupe/protocol';
import { isSubscriptionName, SUBSCRIPTION_NAME } from './subscription-name.ts';
import { taskDurable, topologyDefaults, type TopologyOptions } from './topology.ts';

/**
 * - `producer` sends commands and hears its answers. Nothing else.
 * - `sender` sends tasks of the given pools without an executor.
 * - `reader` sees operations, resources, events and dead letters; `operator` also sends commands and verbs.
 * - `replayer` sends dead letters again, as whoever sent them first: it may speak as anybody, so it is for people.
 * - `subscriber` is handed the stored events of its subscriptions, which an `admin` has prepared.
 * - `holder` asks throttles for tokens, and may do nothing else.
 * - `registrar` registers and removes resources, from outside of operations.
 * - `worker` runs tasks of the given pools and classes.
 * - `supervisor`, `throttle`, `scheduler`: the hosts. They write state and timers, and are trusted.
 * - `admin` creates and repairs streams and consumers, and sees no message.
 */
export const rightsRoles = [
  'producer',
  'sender',
  'reader',
  'subscriber',
  'operator',
  'replayer',
  'registrar',
  'holder',
  'worker',
  'supervisor',
  'throttle',
  'scheduler',
  'admin',
] as const;
export type RightsRole = (typeof rightsRoles)[number];

export interface RightsOptions extends Pick<TopologyOptions, 'subjects' | 'pools' | 'partitions' | 'roles'> {
  /** Name of the user. Its inboxes are below `_INBOX.<name>`, where no other user hears. Default: the role, with the pool of a worker. */
  readonly user?: string;
  /** Of a worker: classes that it serves. Default: all. */
  readonly classes?: readonly QueueClass[];
  /** Of a subscriber: names of its subscriptions. Default: the name of the user. */
  readonly subscriptions?: readonly string[];
}

export interface Rights {
  readonly role: RightsRole;
  readonly user: string;
  /** Must be given to the connection as `inboxPrefix`, else every request is refused. */
  readonly inboxPrefix: string;
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** Throws `invalid_options` that names the field. */
export function rightsOf(role: RightsRole, options: RightsOptions): Rights {
  const pools = options.pools ?? topologyDefaults.pools;
  if (!rightsRoles.includes(role)) throw wrong('role', `must be one of ${rightsRoles.join(', ')}`);
  if (pools.length === 0 || pools.includes('')) throw wrong('pools', 'must be names of pools');
  // the marks of hosts are kept beside those of pools
  if (pools.includes('host')) throw wrong('pools', 'must not be host');
  const needed = { ...options, pools, classes: options.classes ?? queueClasses };
  const user = options.user ?? (role === 'worker' || role === 'sender' ? [role, ...pools.map(encodeToken)].join('-') : role);
  if (!/^[A-Za-z0-9_=-]+$/.test(user)) throw wrong('user', 'must be of the characters A-Z a-z 0-9 _ = -, for it names inboxes');
  const inboxPrefix = `_INBOX.${user.replaceAll('=', '_')}`;
  const subscriptions = options.subscriptions ?? [user.replaceAll('=', '_')];
  if (subscriptions.length === 0 || !subscriptions.every(isSubscriptionName))
    throw wrong('subscriptions', `must be names of ${SUBSCRIPTION_NAME}`);
  const { publish, subscribe = [] } = lists[role]({ ...needed, subscriptions });
  return { role, user, inboxPrefix, publish: unique(publish), subscribe: unique([`${inboxPrefix}.>`, ...subscribe]) };
}

interface Lists {
  readonly publish: readonly string[];
  readonly subscribe?: readonly string[];
}

interface Needed extends RightsOptions {
  readonly pools: readonly string[];
  readonly classes: readonly QueueClass[];
  readonly subscriptions: readonly string[];
}

const lists: Readonly<Record<RightsRole, (needed: Needed) => Lists>> = {
  producer: ({ subjects: { ns } }) => ({ publish: [`${ns}.command.*`] }),

  sender: ({ subjects, pools }) => ({
    publish: [
      ...pools.map((pool) => `${subjects.ns}.task.*.${encodeToken(pool)}.*`),
      info(subjects.streams.state),
      last(subjects.streams.results, `${subjects.ns}.result.*`),
    ],
    subscribe: [`${subjects.ns}.result.*`],
  }),

  reader: ({ subjects }) => ({ publish: reading(subjects), subscribe: [`${subjects.ns}.live.>`, `${subjects.ns}.answer.*`] }),

  // to make a consumer is not among it: who may do that may have any message of the stream sent anywhere
  subscriber: ({ subjects: { streams }, subscriptions }) => ({
    publish: subscriptions.flatMap((name) => [
      ...consuming(streams.events, name),
      // it may give up its place
      `$JS.API.CONSUMER.DELETE.${streams.events}.${name}`,
    ]),
  }),

  operator: ({ subjects }) => ({
    publish: [
      `${subjects.ns}.command.*`,
      `${subjects.ns}.mail.*.*.verb`,
      ...['explain', 'limit', 'rate', 'maintenance'].map((request) => `${subjects.ns}.throttle.*.${request}`),
      ...reading(subjects),
    ],
    subscribe: [`${subjects.ns}.live.>`, `${subjects.ns}.answer.*`],
  }),

  replayer: ({ subjects }) => ({
    publish: [
      ...reading(subjects),
      `${subjects.ns}.command.*`,
      `${subjects.ns}.task.*.*.*`,
      `${subjects.ns}.mail.*.*.*`,
      // fired timers as well: a schedule among them would reach every subject of TIMERS, so it is trusted like a host
      `${subjects.ns}.due.*.*`,
      `${subjects.ns}.dead.replayed.*`,
      `${subjects.ns}.event.dead.replayed.>`,
    ],
  }),

  registrar: ({ subjects }) => ({
    publish: [info(subjects.streams.state), ...keeping(subjects), batch(`KV_${subjects.buckets.resources}`)],
  }),

  holder: ({ subjects: { ns } }) => ({
    publish: ['acquire', 'renew', 'release', 'observe', 'explain'].map((request) => `${ns}.throttle.*.${request}`),
  }),

  worker: ({ subjects, pools, classes, roles }) => {
    const { ns, streams } = subjects;
    const { supervisor = [], scheduler = [] } = { ...topologyDefaults.roles, ...roles };
    const waiters = [...supervisor, ...scheduler];
    return {
      publish: [
        ...pools.flatMap((pool) => [
          ...classes.flatMap((cls) => consuming(streams.tasks, taskDurable(cls, pool))),
          ...waiters.map((kind) => `${ns}.mail.${encodeToken(kind)}.*.${encodeToken(`task-${pool}` satisfies Sender)}`),
          `${ns}.mark.${encodeToken(pool)}.*`,
          ...classes.map((cls) => `${ns}.dead.task.${cls}.${encodeToken(pool)}`),
          last(streams.results, `${ns}.mark.${encodeToken(pool)}.*`),
        ]),
        `${ns}.result.*`,
        last(streams.results, `${ns}.result.*`),
        ...waiters.map((kind) => last(streams.state, `${ns}.state.${encodeToken(kind)}.*`)),
        info(streams.state),
        info(streams.results),
      ],
      subscribe: pools.map((pool) => subjects.signal(pool)),
    };
  },

  supervisor: (needed) => {
    const { ns, streams } = needed.subjects;
    return hosting('supervisor', needed, {
      publish: [
        ...consuming(streams.commands, 'door'),
        `${ns}.task.*.*.*`,
        `${ns}.result.*`,
        `${ns}.dead.>`,
        `${ns}.answer.*`,
        `${ns}.signal.*`,
        // answers to whoever named an inbox in a command
        '_INBOX.>',
        ...keeping(needed.subjects),
        ...[streams.commands, streams.tasks, streams.results].map(info),
        // how much of the account's storage is used: over the mark the door shuts
        '$JS.API.INFO',
        // for its metrics: how much waits of each class and pool, and since when
        `$JS.API.CONSUMER.LIST.${streams.tasks}`,
        batch(streams.tasks),
      ],
    });
  },

  throttle: (needed) => {
    const { ns } = needed.subjects;
    return hosting('throttle', needed, {
      publish: [
        `${ns}.dead.mail.>`,
        // what its entities tell its doors; a limit that somebody orders at the door
        `${ns}.told.*`,
        `${ns}.mail.throttle.*.verb`,
        // answers to whoever asks at the door: reply subjects, from another account under a name of the server
        '_INBOX.>',
        '_R_.>',
      ],
      subscribe: [`${ns}.told.*`, `${ns}.throttle.*.*`],
    });
  },

  scheduler: (needed) => {
    const { ns, streams } = needed.subjects;
    return hosting('scheduler', needed, { publish: [`${ns}.task.*.*.*`, `${ns}.signal.*`, `${ns}.dead.mail.>`, info(streams.tasks)] });
  },

  admin: ({ subjects: { streams, buckets } }) => ({
    publish: [...Object.values(streams), ...Object.values(buckets).map((bucket) => `KV_${bucket}`)].flatMap((stream) => [
      ...['INFO', 'CREATE', 'UPDATE'].map((verb) => `$JS.API.STREAM.${verb}.${stream}`),
      `$JS.API.CONSUMER.LIST.${stream}`,
      `$JS.API.CONSUMER.INFO.${stream}.*`,
      `$JS.API.CONSUMER.CREATE.${stream}.>`,
      // how the client makes a durable with several filters
      `$JS.API.CONSUMER.DURABLE.CREATE.${stream}.*`,
    ]),
  }),
};

/** What any host of entities needs: the mailboxes of its role, the records of its kinds, the clock, its siblings. */
function hosting(role: string, { subjects, partitions = topologyDefaults.partitions, roles }: Needed, more: Lists): Lists {
  const { ns, streams, buckets } = subjects;
  const kinds = ({ ...topologyDefaults.roles, ...roles }[role] ?? []).map(encodeToken);
  const siblings = `$KV.${buckets.hosts}.${encodeToken(role)}.*`;
  const durables = Array.from({ length: partitions }, (_, partition) => `${role}_${partition}`);
  return {
    publish: [
      ...durables.flatMap((durable) => [...consuming(streams.mail, durable), ...consuming(streams.timers, durable)]),
      `${ns}.mail.*.*.entity`,
      ...kinds.flatMap((kind) => [
        `${ns}.state.${kind}.>`,
        `${ns}.tomb.${kind}.*`,
        // a schedule reaches every subject of its stream: whoever has this is trusted with all timers
        `${ns}.timer.${kind}.*.*`,
      ]),
      `${ns}.event.>`,
      `${ns}.mark.host.*`,
      siblings,
      ...(more.publish ?? []),
      ...[streams.mail, streams.timers, streams.state].map(info),
      // is an input still there: by sequence, so not by subject
      batch(streams.mail),
      batch(streams.timers),
      last(streams.results, `${ns}.mark.host.*`),
      ...kinds.map((kind) => last(streams.state, `${ns}.state.${kind}.*`)),
      ...kinds.map((kind) => last(streams.state, `${ns}.tomb.${kind}.*`)),
      // items of a record, many at once; its last sequence, from the leader
      batch(streams.state),
      leader(streams.state),
      batch(`KV_${buckets.hosts}`),
    ],
    subscribe: [siblings, ...(more.subscribe ?? [])],
  };
}

/** Single resources: read, and written by compare-and-set; a refusal is checked with the leader. */
function keeping({ buckets: { resources } }: Subjects): string[] {
  return [`$KV.${resources}.*.*`, last(`KV_${resources}`, `$KV.${resources}.*.*`), leader(`KV_${resources}`)];
}

/** By subject and page by page: records, results, events, dead letters, resources, hosts. The server's time. */
function reading({ ns, streams, buckets }: Subjects): string[] {
  return [
    info(streams.state),
    batch(streams.state),
    last(streams.state, `${ns}.>`),
    batch(streams.events),
    batch(streams.dead),
    // how much waits and for how long: counts, and when the first message was stored
    ...[streams.commands, streams.tasks, streams.mail, streams.dead].map(info),
    ...[streams.commands, streams.tasks].flatMap((stream) => [batch(stream), `$JS.API.CONSUMER.LIST.${stream}`]),
    last(streams.results, `${ns}.result.*`),
    batch(`KV_${buckets.resources}`),
    last(`KV_${buckets.resources}`, `$KV.${buckets.resources}.>`),
    batch(`KV_${buckets.hosts}`),
  ];
}

/** To look whether a durable is as it should be, to pull from it, and to settle what it gave: in the short form of the subject and in that of a server with domains. */
function consuming(stream: string, durable: string): string[] {
  return [
    `$JS.API.CONSUMER.INFO.${stream}.${durable}`,
    `$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`,
    `$JS.ACK.${stream}.${durable}.>`,
    `$JS.ACK.*.*.${stream}.${durable}.>`,
  ];
}

const info = (stream: string): string => `$JS.API.STREAM.INFO.${stream}`;
const last = (stream: string, subject: string): string => `$JS.API.DIRECT.GET.${stream}.${subject}`;
/** Reads by sequence and of many at once; what is read is named in the body, so the right is one to the whole stream. */
const batch = (stream: string): string => `$JS.API.DIRECT.GET.${stream}`;
const leader = (stream: string): string => `$JS.API.STREAM.MSG.GET.${stream}`;

function unique(all: readonly string[]): string[] {
  return [...new Set(all)];
}

function wrong(field: string, rule: string): TroupeError {
  return new TroupeError('invalid_options', `${field} ${rule}`, { field });
}
