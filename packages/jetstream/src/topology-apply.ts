/** Reads the topology of a server, repairs it, or refuses to start on it. */
import { JetStreamApiError, type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { TroupeError } from '@troupe/protocol';
import { type TopologyOptions, type WantedStream, wantedTopology } from './topology.ts';
import { type CurrentStream, planTopology, type TopologyStep } from './topology-plan.ts';

const STREAM_NOT_FOUND = 10_059;

export async function readTopology(nc: NatsConnection, options: TopologyOptions): Promise<TopologyStep[]> {
  const jsm = await jetstreamManager(nc, { checkAPI: false });
  const wanted = wantedTopology(options);
  return planTopology(await readCurrent(jsm, wanted), wanted);
}

/** Creates and updates; throws `topology_mismatch` before it changes anything if something cannot be repaired. Safe to run from many processes at once. */
export async function applyTopology(nc: NatsConnection, options: TopologyOptions): Promise<TopologyStep[]> {
  const jsm = await jetstreamManager(nc, { checkAPI: false });
  const wanted = wantedTopology(options);
  const steps = planTopology(await readCurrent(jsm, wanted), wanted);
  refuse(steps.filter((step) => step.action === 'mismatch'));
  for (const step of steps) {
    const stream = wanted.find((w) => w.config.name === step.stream)!;
    if (step.what === 'stream') {
      if (step.action === 'create') await jsm.streams.add(stream.config as never);
      else await jsm.streams.update(stream.config.name, stream.config);
      continue;
    }
    const consumer = stream.consumers.find((c) => c.durable_name === step.consumer)!;
    if (step.action === 'create') await jsm.consumers.add(stream.config.name, consumer);
    else await jsm.consumers.update(stream.config.name, consumer.durable_name, consumer as never);
  }
  return steps;
}

/**
 * For hosts at start: every stream they use must be there and as the code needs it. Needs STREAM.INFO of those streams.
 * Throws `topology_mismatch` that names the first difference.
 */
export async function verifyTopology(nc: NatsConnection, options: TopologyOptions, streams: readonly string[]): Promise<void> {
  const jsm = await jetstreamManager(nc, { checkAPI: false });
  const wanted = wantedTopology(options)
    .filter((w) => streams.includes(w.config.name))
    // limits and sizes may be tuned by operators; what the code cannot live without is its shape
    .map(({ config }) => ({
      config: {
        name: config.name,
        ...pick(config, [
          'subjects',
          'retention',
          'subject_transform',
          'max_msgs_per_subject',
          'allow_msg_schedules',
          'allow_msg_ttl',
          'allow_direct',
        ]),
      },
      consumers: [],
    }));
  refuse(planTopology(await readCurrent(jsm, wanted as WantedStream[]), wanted as WantedStream[]));
}

function refuse(steps: readonly TopologyStep[]): void {
  const first = steps[0];
  if (first === undefined) return;
  const what = first.consumer === undefined ? first.stream : `${first.stream}/${first.consumer}`;
  const why =
    first.action === 'create'
      ? 'is missing'
      : first.differences.map((d) => `${d.field} is ${JSON.stringify(d.is)}, wanted ${JSON.stringify(d.wanted)}`).join('; ');
  throw new TroupeError('topology_mismatch', `${what} ${why}`, { field: what, data: { steps: steps.length } });
}

async function readCurrent(jsm: JetStreamManager, wanted: readonly WantedStream[]): Promise<Map<string, CurrentStream>> {
  const current = new Map<string, CurrentStream>();
  for (const { config, consumers: needed } of wanted) {
    try {
      const info = await jsm.streams.info(config.name);
      const consumers = new Map<string, Record<string, unknown>>();
      if (needed.length > 0) {
        for await (const consumer of jsm.consumers.list(config.name))
          consumers.set(consumer.name, consumer.config as unknown as Record<string, unknown>);
      }
      current.set(config.name, { config: info.config as unknown as Record<string, unknown>, consumers });
    } catch (error) {
      if (!(error instanceof JetStreamApiError) || error.code !== STREAM_NOT_FOUND) throw error;
    }
  }
  return current;
}

function pick(from: object, fields: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(from).filter(([field]) => fields.includes(field)));
}
