/** What has to be done to make a server's streams and consumers what the code needs: compared here, done elsewhere. */
import type { Config, ConsumerSpec, StreamSpec, Topology } from './topology.ts';

export interface Difference {
  readonly field: string;
  readonly current: unknown;
  readonly wanted: unknown;
  /** Hosts cannot work with it: they would lose, strand or never see messages. */
  readonly isVital: boolean;
}

export interface TopologyAction {
  /** `mismatch`: no update leads there; a human must decide what becomes of the messages. */
  readonly action: 'create' | 'update' | 'mismatch';
  /** `stream` or `stream/consumer`. */
  readonly what: string;
  readonly stream: string;
  readonly consumer?: string;
  readonly differences: readonly Difference[];
}

/** Stream name to what the server has; a stream or consumer that is not there is absent. */
export type CurrentTopology = ReadonlyMap<string, { readonly config: Config; readonly consumers: ReadonlyMap<string, Config> }>;

/** The server refuses to change these. */
const FIXED = new Set(['retention', 'storage', 'max_consumers', 'deny_delete', 'ack_policy', 'deliver_policy', 'priority_policy', 'priority_groups']);

const VITAL = new Set([
  'retention',
  'subjects',
  'subject_transform',
  'discard',
  'max_age',
  'max_msgs_per_subject',
  'allow_direct',
  'allow_msg_ttl',
  'allow_msg_schedules',
  'allow_rollup_hdrs',
  'ack_policy',
  'deliver_policy',
  'filter_subjects',
  'max_deliver',
  'priority_policy',
  'priority_groups',
]);
/** Limits evict from a stream that promises to keep; elsewhere they are a matter of taste. */
const LIMITS = new Set(['max_msgs', 'max_bytes']);

/** Nothing to do = empty. What is not wanted (consumers of other pools, fields of others) is left alone. */
export function planTopology(current: CurrentTopology, wanted: Topology): TopologyAction[] {
  return wanted.flatMap((spec) => {
    const found = current.get(spec.name);
    return [...streamActions(spec, found?.config), ...spec.consumers.flatMap((c) => consumerActions(spec, c, found?.consumers.get(c.name)))];
  });
}

function streamActions(spec: StreamSpec, current: Config | undefined): TopologyAction[] {
  const base = { what: spec.name, stream: spec.name };
  if (current === undefined) return [{ action: 'create', ...base, differences: [] }];
  const differences = compare(current, spec.config).map((d): Difference => {
    if (d.field === 'max_age') return { ...d, isVital: spec.config['max_age'] === 0 };
    return LIMITS.has(d.field) ? { ...d, isVital: spec.config[d.field] === -1 } : d;
  });
  if (differences.length === 0) return [];
  const impossible = differences.some((d) => FIXED.has(d.field) || losesPartitions(d) || losesAbility(d));
  return [{ action: impossible ? 'mismatch' : 'update', ...base, differences }];
}

function consumerActions(stream: StreamSpec, spec: ConsumerSpec, current: Config | undefined): TopologyAction[] {
  const base = { what: `${stream.name}/${spec.name}`, stream: stream.name, consumer: spec.name };
  if (current === undefined) return [{ action: 'create', ...base, differences: [] }];
  const differences = compare(current, spec.config).map((d): Difference => {
    // renewals are timed for the wanted hold: a shorter one lapses under a healthy owner
    return d.field === 'ack_wait' ? { ...d, isVital: Number(d.current) < Number(d.wanted) } : d;
  });
  if (differences.length === 0) return [];
  const impossible = differences.some((d) => FIXED.has(d.field));
  return [{ action: impossible ? 'mismatch' : 'update', ...base, differences }];
}

function compare(current: Config, wanted: Config): Difference[] {
  const found = withFilterList(current);
  return Object.entries(wanted).flatMap(([field, value]) => {
    if (canonical(found[field]) === canonical(value)) return [];
    return [{ field, current: found[field], wanted: value, isVital: VITAL.has(field) }];
  });
}

/** A single filter may be spelled in two ways. */
function withFilterList(config: Config): Config {
  const single = config['filter_subject'];
  return typeof single === 'string' && single !== '' ? { ...config, filter_subjects: [single] } : config;
}

/** The server leaves out what is off or unlimited. Lists of subjects have no order. */
function canonical(value: unknown): string {
  if (value === undefined || value === null || value === false || value === 0 || value === -1 || value === '') return '';
  if (Array.isArray(value)) return value.length === 0 ? '' : JSON.stringify([...value].sort());
  if (typeof value === 'object') return JSON.stringify(Object.entries(value).filter(([, v]) => canonical(v) !== '').sort());
  return JSON.stringify(value);
}

/** Fewer partitions strand the mail of those that go, and another hash entirely has nothing in common with ours. */
function losesPartitions(d: Difference): boolean {
  if (d.field !== 'subject_transform') return false;
  const [current, wanted] = [d.current, d.wanted].map(partitionsOf);
  // a stream that had no partitions so far may hold mail that nobody would read
  return current === undefined || wanted === undefined || current > wanted;
}

function partitionsOf(transform: unknown): number | undefined {
  const { dest } = (transform ?? {}) as { dest?: unknown };
  const count = typeof dest === 'string' ? /partition\((\d+),1,2\)/.exec(dest)?.[1] : undefined;
  return count === undefined ? undefined : Number(count);
}

/** Message TTL and schedules can be switched on later, never off. */
function losesAbility(d: Difference): boolean {
  return (d.field === 'allow_msg_ttl' || d.field === 'allow_msg_schedules') && d.current === true;
}

export function formatAction(action: TopologyAction): string {
  const text = (value: unknown): string => JSON.stringify(value) ?? 'absent';
  const changes = action.differences.map((d) => `${d.field}: ${text(d.current)} → ${text(d.wanted)}`);
  return [`${action.action} ${action.what}`, ...changes].join('\n  ');
}
