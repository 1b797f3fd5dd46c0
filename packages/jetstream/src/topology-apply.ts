/** Reads, repairs and verifies the topology of a server. */
import type { NatsConnection } from '@nats-io/nats-core';
import { type JsonObject, toJson, TroupeError } from '@troupe/protocol';
import { jsApi, JetStreamApiError } from './js-api.ts';
import type { Config, StreamSpec, Topology } from './topology.ts';
import { type CurrentTopology, formatAction, planTopology, type TopologyAction } from './topology-plan.ts';

const NO_STREAM = 10_059;
const NO_CONSUMER = 10_014;
const PARALLEL = 16;

/** Needs STREAM.INFO and CONSUMER.INFO of what is wanted, and nothing else. Throws `unavailable`, `not_permitted`. */
export async function readTopology(nc: NatsConnection, wanted: Topology): Promise<CurrentTopology> {
  const current = new Map<string, { config: Config; consumers: Map<string, Config> }>();
  await inParallel(wanted, async (spec) => {
    const config = await info(nc, `STREAM.INFO.${spec.name}`, NO_STREAM);
    if (config !== undefined) current.set(spec.name, { config, consumers: new Map() });
  });
  const consumers = wanted.flatMap((s) => (current.has(s.name) ? s.consumers.map((c) => ({ stream: s.name, name: c.name })) : []));
  await inParallel(consumers, async ({ stream, name }) => {
    const config = await info(nc, `CONSUMER.INFO.${stream}.${name}`, NO_CONSUMER);
    if (config !== undefined) current.get(stream)?.consumers.set(name, config);
  });
  return current;
}

/**
 * Creates what is missing and updates what differs; returns what was done, so a second call returns nothing. Throws
 * `topology_mismatch` before it changes anything if some difference cannot be repaired.
 */
export async function applyTopology(nc: NatsConnection, wanted: Topology): Promise<readonly TopologyAction[]> {
  const current = await readTopology(nc, wanted);
  const actions = planTopology(current, wanted);
  const impossible = actions.filter((a) => a.action === 'mismatch');
  if (impossible.length > 0) throw mismatch('no update leads there', impossible);
  const specs = new Map(wanted.map((spec) => [spec.name, spec]));
  for (const action of actions) {
    if (action.consumer === undefined) await writeStream(nc, action, specs.get(action.stream)!, current);
  }
  await inParallel(
    actions.filter((a) => a.consumer !== undefined),
    (action) => writeConsumer(nc, action, specs.get(action.stream)!, current),
  );
  return actions;
}

/**
 * For hosts and workers at their start: throws `topology_mismatch` on what they cannot live with, and returns the other
 * differences. `wanted` is what they use, see `topology-use.ts`.
 */
export async function verifyTopology(nc: NatsConnection, wanted: Topology): Promise<readonly TopologyAction[]> {
  const actions = planTopology(await readTopology(nc, wanted), wanted);
  const vital = actions.filter((a) => a.action === 'create' || a.differences.some((d) => d.isVital));
  if (vital.length > 0) throw mismatch('apply the topology first', vital);
  return actions;
}

function mismatch(reason: string, actions: readonly TopologyAction[]): TroupeError {
  return new TroupeError('topology_mismatch', `${reason}:\n${actions.map(formatAction).join('\n')}`, { data: toJson(actions) });
}

async function info(nc: NatsConnection, api: string, absent: number): Promise<Config | undefined> {
  try {
    return (await jsApi<{ config: Config }>(nc, api, undefined)).config;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.errCode === absent) return undefined;
    throw error;
  }
}

/** An update starts from what is there: fields that we do not name stay as somebody has set them. */
async function writeStream(nc: NatsConnection, action: TopologyAction, spec: StreamSpec, current: CurrentTopology): Promise<void> {
  const config = { ...current.get(spec.name)?.config, ...spec.config } as JsonObject;
  await jsApi(nc, `STREAM.${action.action === 'create' ? 'CREATE' : 'UPDATE'}.${spec.name}`, config);
}

async function writeConsumer(nc: NatsConnection, action: TopologyAction, spec: StreamSpec, current: CurrentTopology): Promise<void> {
  const wanted = spec.consumers.find((c) => c.name === action.consumer);
  if (wanted === undefined) return;
  const { filter_subject: _single, ...before } = current.get(spec.name)?.consumers.get(wanted.name) ?? {};
  const config = { ...before, ...wanted.config } as JsonObject;
  await jsApi(nc, `CONSUMER.CREATE.${spec.name}.${wanted.name}`, { stream_name: spec.name, config, action: action.action });
}

async function inParallel<T>(items: readonly T[], run: (item: T) => Promise<unknown>): Promise<void> {
  const rest = items.values();
  await Promise.all(
    Array.from({ length: Math.min(PARALLEL, items.length) }, async () => {
      for (const item of rest) await run(item);
    }),
  );
}
