/** Which part of the topology each role uses: what it verifies at its start, and what it needs rights for. */
import { queueClasses, type QueueClass } from '@troupe/protocol';
import { describeTopology, taskDurable, type Topology, topologyDefaults, type TopologyOptions, roleDurable } from './topology.ts';

/** Hosts of entities: their consumers on MAIL and TIMERS, and the streams they read and write. */
export function hostUses(options: TopologyOptions, role: string): Topology {
  const { streams, buckets } = options.subjects;
  const partitions = options.partitions ?? topologyDefaults.partitions;
  const durables = Array.from({ length: partitions }, (_, p) => roleDurable(role, p));
  const others = [streams.state, streams.results, `KV_${buckets.hosts}`];
  return pick(options, { [streams.mail]: durables, [streams.timers]: durables, ...Object.fromEntries(others.map((name) => [name, []])) });
}

export function doorUses(options: TopologyOptions): Topology {
  return pick(options, { [options.subjects.streams.commands]: ['door'] });
}

export function workerUses(options: TopologyOptions, pool: string, classes: readonly QueueClass[] = queueClasses): Topology {
  return pick(options, { [options.subjects.streams.tasks]: classes.map((cls) => taskDurable(cls, pool)) });
}

function pick(options: TopologyOptions, uses: Readonly<Record<string, readonly string[]>>): Topology {
  return describeTopology(options).flatMap((spec) => {
    const consumers = uses[spec.name];
    return consumers === undefined ? [] : [{ ...spec, consumers: spec.consumers.filter((c) => consumers.includes(c.name)) }];
  });
}
