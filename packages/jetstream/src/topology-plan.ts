/** Compares what a server has with what is wanted. Pure; `topology-apply.ts` reads and writes. */
import { TroupeError } from '@troupe/protocol';
import type { WantedStream } from './topology.ts';

export type TopologyStep =
  | {
      readonly action: 'create' | 'update';
      readonly what: 'stream' | 'consumer';
      readonly stream: string;
      readonly consumer?: string;
      readonly differences: readonly Difference[];
    }
  /** What no update can repair: it needs a drained stream, or a decision. */
  | {
      readonly action: 'mismatch';
      readonly what: 'stream' | 'consumer';
      readonly stream: string;
      readonly consumer?: string;
      readonly differences: readonly Difference[];
    };

export interface Difference {
  readonly field: string;
  readonly is: unknown;
  readonly wanted: unknown;
}

export interface CurrentStream {
  readonly config: Readonly<Record<string, unknown>>;
  readonly consumers: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
}

/** A server refuses to change these, or changing them would lose or misplace what is stored. */
const FIXED_STREAM = new Set(['retention', 'storage', 'subject_transform', 'max_consumers']);
const FIXED_CONSUMER = new Set(['ack_policy', 'priority_groups', 'priority_policy', 'deliver_subject']);

export function planTopology(current: ReadonlyMap<string, CurrentStream>, wanted: readonly WantedStream[]): TopologyStep[] {
  const steps: TopologyStep[] = [];
  for (const stream of wanted) {
    const name = stream.config.name;
    const found = current.get(name);
    if (found === undefined) steps.push({ action: 'create', what: 'stream', stream: name, differences: [] });
    else {
      const differences = compare(found.config, stream.config as Record<string, unknown>, FIXED_STREAM);
      if (differences.length > 0) {
        steps.push({
          action: differences.some((d) => FIXED_STREAM.has(d.field)) ? 'mismatch' : 'update',
          what: 'stream',
          stream: name,
          differences,
        });
      }
    }
    for (const consumer of stream.consumers) {
      const is = found?.consumers.get(consumer.durable_name);
      const place = { what: 'consumer' as const, stream: name, consumer: consumer.durable_name };
      if (is === undefined) steps.push({ action: 'create', ...place, differences: [] });
      else {
        const differences = compare(is, consumer as Record<string, unknown>, FIXED_CONSUMER);
        if (differences.length > 0)
          steps.push({ action: differences.some((d) => FIXED_CONSUMER.has(d.field)) ? 'mismatch' : 'update', ...place, differences });
      }
    }
    steps.push(...foreign(stream, found));
  }
  return steps;
}

/**
 * Consumers that are not ours and take what is ours, or the schedules themselves, which are cancelled by being taken. Others
 * may be there: those of pools of another app, or of a view on events.
 */
function foreign({ config, consumers, reserved = [] }: WantedStream, found: CurrentStream | undefined): TopologyStep[] {
  if (found === undefined || config.retention !== 'workqueue') return [];
  const ours = new Set(consumers.map(({ durable_name: name }) => name));
  const kept = [...consumers.flatMap((consumer) => filtersOf(consumer as Record<string, unknown>)), ...reserved];
  return [...found.consumers].flatMap(([name, is]): TopologyStep[] => {
    if (ours.has(name)) return [];
    const filters = filtersOf(is);
    const taken = kept.find((one) => filters.some((filter) => overlap(filter, one)));
    if (taken === undefined) return [];
    const differences = [{ field: 'filter_subject', is: filters.join(' '), wanted: `nothing of ${taken}` }];
    return [{ action: 'mismatch', what: 'consumer', stream: config.name, consumer: name, differences }];
  });
}

function filtersOf({ filter_subject: one, filter_subjects: many }: Readonly<Record<string, unknown>>): string[] {
  if (Array.isArray(many) && many.length > 0) return many as string[];
  return typeof one === 'string' && one !== '' ? [one] : ['>'];
}

/** Whether there is a subject that both filters take. */
function overlap(a: string, b: string): boolean {
  const [as, bs] = [a.split('.'), b.split('.')];
  for (let i = 0; ; i++) {
    const [x, y] = [as[i], bs[i]];
    if (x === undefined || y === undefined) return x === y;
    if (x === '>' || y === '>') return true;
    if (x !== y && x !== '*' && y !== '*') return false;
  }
}

/** What cannot be repaired comes first. */
function compare(
  is: Readonly<Record<string, unknown>>,
  wanted: Readonly<Record<string, unknown>>,
  fixed: ReadonlySet<string>,
): Difference[] {
  return Object.entries(wanted)
    .filter(([field, value]) => !same(is[field], value))
    .map(([field, value]) => ({ field, is: is[field], wanted: value }))
    .sort((a, b) => Number(fixed.has(b.field)) - Number(fixed.has(a.field)));
}

/** What the server leaves out is what it takes as off; what it adds to an object is its own business. */
function same(is: unknown, wanted: unknown): boolean {
  if (is === undefined) return wanted === false || wanted === undefined;
  if (typeof wanted !== 'object' || wanted === null || typeof is !== 'object' || is === null) return is === wanted;
  if (Array.isArray(wanted))
    return Array.isArray(is) && is.length === wanted.length && [...wanted].sort().every((v, i) => same([...is].sort()[i], v));
  return Object.entries(wanted).every(([key, value]) => same((is as Record<string, unknown>)[key], value));
}

/** Throws `topology_mismatch` for the first step, if there is one; `field` is `stream.field` or `stream/consumer.field`. */
export function refuse(steps: readonly TopologyStep[]): void {
  const first = steps[0];
  if (first === undefined) return;
  const what = first.consumer === undefined ? first.stream : `${first.stream}/${first.consumer}`;
  const field = first.differences[0]?.field;
  const why =
    first.action === 'create'
      ? 'is missing'
      : first.differences.map((d) => `${d.field} is ${JSON.stringify(d.is)}, wanted ${JSON.stringify(d.wanted)}`).join('; ');
  throw new TroupeError('topology_mismatch', `${what} ${why}`, {
    field: field === undefined ? what : `${what}.${field}`,
    data: { steps: steps.length },
  });
}
