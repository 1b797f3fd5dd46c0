/**
 * Subjects and stream names of one namespace: the only place where they are put together or taken apart.
 * `ns` is one token of `[a-z0-9-]`, so that several instances share a server without seeing each other.
 */
import { decodeToken, encodeToken } from './encoding.ts';
import { TroupeError } from './errors.ts';

export const queueClasses = ['regular', 'heavy', 'background'] as const;
export type QueueClass = (typeof queueClasses)[number];

/** The address of an entity: `kind/key`. A kind is a plain token, a key is any text. */
export interface Address {
  readonly kind: string;
  readonly key: string;
}

/** Who may speak in a mailbox. A worker is held to `task-<pool>` by its permissions, so a host can trust the token. */
export type Sender = 'entity' | 'verb' | `task-${string}`;

export interface Subjects {
  readonly ns: string;
  readonly streams: {
    readonly commands: string;
    readonly tasks: string;
    readonly mail: string;
    readonly timers: string;
    readonly state: string;
    readonly events: string;
    readonly results: string;
    readonly dead: string;
  };
  /** Buckets (KV): resources and the heartbeats of hosts. */
  readonly buckets: { readonly resources: string; readonly hosts: string };
  command(executor: string): string;
  task(cls: QueueClass, pool: string, name: string): string;
  taskFilter(cls: QueueClass, pool: string): string;
  /** Where mail is published; the stream's transform adds the partition. */
  mail(to: Address, from: Sender): string;
  /** Where mail is stored and consumed. */
  mailFilter(partition: number, kind: string): string;
  /** The subject of one timed send; `id` is its effect id, never used twice. */
  timer(owner: Address, id: string): string;
  due(to: Address): string;
  dueFilter(partition: number, kind: string): string;
  state(of: Address): string;
  /** Every root of a kind, no items. */
  stateFilter(kind: string): string;
  item(of: Address, nonce: string, n: number): string;
  tombstone(of: Address): string;
  event(topic: readonly string[]): string;
  /** Live copies of events for core subscribers. */
  live(topic: readonly string[]): string;
  /** Live copies of all events whose topic begins with these words; all events without any. */
  liveFilter(topic: readonly string[]): string;
  result(id: string): string;
  mark(pool: string, id: string): string;
  dead(origin: readonly string[]): string;
  /** All dead letters whose origin begins with these words; all without any. */
  deadFilter(origin: readonly string[]): string;
  answer(operation: string): string;
  /** Core subject on which running attempts are told that they are not wanted any more. */
  signal(pool: string): string;
  /** Core subject on which a door of throttles hears what it asked entities for. */
  told(door: string): string;
  /** Core request to the throttle of a root, such as `acquire`. */
  throttle(root: string, request: string): string;
  /** All requests to all roots. */
  throttleFilter(): string;
  /** Takes a stored mail or due subject apart. Like its siblings it never throws: what others publish may be anything. */
  parseMail(subject: string): { to: Address; from: Sender | 'timer' } | undefined;
  parseState(subject: string): { of: Address; item?: { nonce: string; n: number } } | undefined;
  parseTask(subject: string): { cls: QueueClass; pool: string; name: string } | undefined;
  parseCommand(subject: string): string | undefined;
  parseThrottle(subject: string): { root: string; request: string } | undefined;
}

const NAMESPACE = /^[a-z0-9-]+$/;

/**
 * A server takes 4,096 bytes of subject, reply subject and sizes in one line, and closes the connection of whoever sends more. Whoever sends a
 * message may make its key so long that what a host would send about it is longer still: such a key is none. 128 characters always fit.
 */
const TOKEN_LIMIT_CHARS = 1_536;

export function createSubjects(ns = 'troupe'): Subjects {
  if (!NAMESPACE.test(ns)) {
    throw new TroupeError('invalid_options', `namespace ${JSON.stringify(ns)} must match ${NAMESPACE}`, { field: 'ns' });
  }
  const addressed = (a: Address): string => `${encodeToken(a.kind)}.${encodeToken(a.key)}`;
  const tokens = (parts: readonly string[]): string => parts.map(encodeToken).join('.');
  const stateOf = (a: Address): string => `${ns}.state.${addressed(a)}`;
  return {
    ns,
    streams: {
      commands: `${ns}_COMMANDS`,
      tasks: `${ns}_TASKS`,
      mail: `${ns}_MAIL`,
      timers: `${ns}_TIMERS`,
      state: `${ns}_STATE`,
      events: `${ns}_EVENTS`,
      results: `${ns}_RESULTS`,
      dead: `${ns}_DEAD`,
    },
    buckets: { resources: `${ns}_resources`, hosts: `${ns}_hosts` },
    command: (executor) => `${ns}.command.${encodeToken(executor)}`,
    task: (cls, pool, name) => `${ns}.task.${cls}.${encodeToken(pool)}.${encodeToken(name)}`,
    taskFilter: (cls, pool) => `${ns}.task.${cls}.${encodeToken(pool)}.>`,
    mail: (to, from) => `${ns}.mail.${addressed(to)}.${encodeToken(from)}`,
    mailFilter: (partition, kind) => `${ns}.mail.${partition}.${encodeToken(kind)}.>`,
    timer: (owner, id) => `${ns}.timer.${addressed(owner)}.${encodeToken(id)}`,
    due: (to) => `${ns}.due.${addressed(to)}`,
    dueFilter: (partition, kind) => `${ns}.due.${partition}.${encodeToken(kind)}.>`,
    state: stateOf,
    stateFilter: (kind) => `${ns}.state.${encodeToken(kind)}.*`,
    item: (of, nonce, n) => `${stateOf(of)}.i.${nonce}.${n}`,
    tombstone: (of) => `${ns}.tomb.${addressed(of)}`,
    event: (topic) => `${ns}.event.${tokens(topic)}`,
    live: (topic) => `${ns}.live.${tokens(topic)}`,
    liveFilter: (topic) => [ns, 'live', ...topic.map(encodeToken), '>'].join('.'),
    result: (id) => `${ns}.result.${encodeToken(id)}`,
    mark: (pool, id) => `${ns}.mark.${encodeToken(pool)}.${encodeToken(id)}`,
    dead: (origin) => `${ns}.dead.${tokens(origin)}`,
    deadFilter: (origin) => [ns, 'dead', ...origin.map(encodeToken), '>'].join('.'),
    answer: (operation) => `${ns}.answer.${encodeToken(operation)}`,
    signal: (pool) => `${ns}.signal.${encodeToken(pool)}`,
    told: (door) => `${ns}.told.${encodeToken(door)}`,
    throttle: (root, request) => `${ns}.throttle.${encodeToken(root)}.${encodeToken(request)}`,
    throttleFilter: () => `${ns}.throttle.*.*`,
    parseMail(subject) {
      const t = subject.split('.');
      if (t[0] !== ns) return undefined;
      const to = addressOf(t[3], t[4]);
      if (to === undefined) return undefined;
      if (t[1] === 'due' && t.length === 5) return { to, from: 'timer' };
      if (t[1] !== 'mail' || t.length !== 6) return undefined;
      const from = decoded(t[5]);
      return isSender(from) ? { to, from } : undefined;
    },
    parseState(subject) {
      const t = subject.split('.');
      const of = addressOf(t[2], t[3]);
      if (t[0] !== ns || t[1] !== 'state' || of === undefined) return undefined;
      if (t.length === 4) return { of };
      if (t.length !== 7 || t[4] !== 'i' || !/^(0|[1-9]\d*)$/.test(t[6]!)) return undefined;
      return { of, item: { nonce: t[5]!, n: Number(t[6]) } };
    },
    parseTask(subject) {
      const t = subject.split('.');
      const cls = queueClasses.find((c) => c === t[2]);
      const pool = decoded(t[3]);
      const name = decoded(t[4]);
      if (t[0] !== ns || t[1] !== 'task' || t.length !== 5 || cls === undefined || pool === undefined || name === undefined)
        return undefined;
      return { cls, pool, name };
    },
    parseThrottle(subject) {
      const t = subject.split('.');
      const root = decoded(t[2]);
      const request = decoded(t[3]);
      if (t[0] !== ns || t[1] !== 'throttle' || t.length !== 4 || root === undefined || request === undefined) return undefined;
      return { root, request };
    },
    parseCommand(subject) {
      const t = subject.split('.');
      return t[0] === ns && t[1] === 'command' && t.length === 3 ? decoded(t[2]) : undefined;
    },
  };
}

/** Whether a key may be an address. Any of 128 characters is, and of plain letters and digits one of 1,536. */
export function isKey(key: string): boolean {
  return encodeToken(key).length <= TOKEN_LIMIT_CHARS;
}

function addressOf(kindToken: string | undefined, keyToken: string | undefined): Address | undefined {
  const kind = decoded(kindToken);
  const key = decoded(keyToken);
  return kind === undefined || key === undefined ? undefined : { kind, key };
}

function decoded(token: string | undefined): string | undefined {
  if (token === undefined || token.length > TOKEN_LIMIT_CHARS) return undefined;
  try {
    return decodeToken(token);
  } catch {
    return undefined;
  }
}

/** Nobody outside may speak as the host or as a timer, whatever the subject says. */
function isSender(from: string | undefined): from is Sender {
  return from === 'entity' || from === 'verb' || (from?.startsWith('task-') === true && from.length > 'task-'.length);
}
