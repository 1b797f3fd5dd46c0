/** Compares what a server has with what is wanted. Pure; `topology-apply.ts` reads and writes. */
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
const FIXED_CONSUMER = new Set(['ack_policy', 'priority_groups', 'priority_policy']);

export function planTopology(current: ReadonlyMap<string, CurrentStream>, wanted: readonly WantedStream[]): TopologyStep[] {
  const steps: TopologyStep[] = [];
  for (const stream of wanted) {
    const name = stream.config.name;
    const found = current.get(name);
    if (found === undefined) steps.push({ action: 'create', what: 'stream', stream: name, differences: [] });
    else {
      const differences = compare(found.config, stream.config as Record<string, unknown>);
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
        const differences = compare(is, consumer as Record<string, unknown>);
        if (differences.length > 0)
          steps.push({ action: differences.some((d) => FIXED_CONSUMER.has(d.field)) ? 'mismatch' : 'update', ...place, differences });
      }
    }
  }
  return steps;
}

function compare(is: Readonly<Record<string, unknown>>, wanted: Readonly<Record<string, unknown>>): Difference[] {
  return Object.entries(wanted)
    .filter(([field, value]) => !same(is[field], value))
    .map(([field, value]) => ({ field, is: is[field], wanted: value }));
}

/** What the server leaves out is what it takes as off; what it adds to an object is its own business. */
function same(is: unknown, wanted: unknown): boolean {
  if (is === undefined) return wanted === false || wanted === undefined;
  if (typeof wanted !== 'object' || wanted === null || typeof is !== 'object' || is === null) return is === wanted;
  if (Array.isArray(wanted))
    return Array.isArray(is) && is.length === wanted.length && [...wanted].sort().every((v, i) => same([...is].sort()[i], v));
  return Object.entries(wanted).every(([key, value]) => same((is as Record<string, unknown>)[key], value));
}
