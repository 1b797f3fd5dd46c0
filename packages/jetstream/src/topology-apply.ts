/** Reads the topology of a server, and repairs it. */
import { JetStreamApiError, type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { type TopologyOptions, type WantedStream, wantedTopology } from './topology.ts';
import { type CurrentStream, planTopology, refuse, type TopologyStep } from './topology-plan.ts';

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
