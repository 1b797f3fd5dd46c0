/** What a host looks at before it serves: whether the server has what its code cannot live without. */
import type { NatsConnection } from '@nats-io/nats-core';
import { TroupeError } from '@troupe/protocol';
import { askApi, isRefusal } from './api-request.ts';
import { unavailable } from './publish-errors.ts';
import { type TopologyOptions, type WantedStream, wantedTopology } from './topology.ts';
import { type CurrentStream, planTopology, refuse } from './topology-plan.ts';

export interface TopologyNeeds {
  /** Names of streams whose shape matters. Needs STREAM.INFO of them. */
  readonly streams: readonly string[];
  /** Which durables it pulls from. Needs CONSUMER.INFO of them. Default: none. */
  readonly consumes?: (stream: string, durable: string) => boolean;
}

/** Limits and sizes may be tuned by operators, as long as nothing is dropped by them that must be kept. */
const STREAM_FIELDS = [
  'subjects',
  'retention',
  'subject_transform',
  'max_msgs_per_subject',
  'allow_msg_schedules',
  'allow_msg_ttl',
  'allow_direct',
];
const CONSUMER_FIELDS = [
  'filter_subject',
  'filter_subjects',
  'ack_policy',
  'ack_wait',
  'max_deliver',
  'priority_groups',
  'priority_policy',
];
const NOT_FOUND = new Set([10_059, 10_014]);
const TIMEOUT_MS = 5_000;

/**
 * Resolves when every stream and durable is there and as the code needs it. Throws `topology_mismatch` that names the first
 * difference, `not_permitted`, `unavailable`.
 */
export async function verifyTopology(nc: NatsConnection, options: TopologyOptions, needs: TopologyNeeds): Promise<void> {
  const { streams, consumes = () => false } = needs;
  const all = wantedTopology(options).map((stream) => ({
    ...stream,
    consumers: stream.consumers.filter(({ durable_name: durable }) => consumes(stream.config.name, durable)),
  }));
  const wanted: WantedStream[] = [];
  const current = new Map<string, CurrentStream>();
  const read = async ({ config, consumers }: WantedStream): Promise<void> => {
    const { name } = config;
    const needed = { name, ...pick(config, STREAM_FIELDS), ...unlimited(config) };
    // where only durables matter, the stream is taken for what it should be
    const is = streams.includes(name) ? await inform(nc, `STREAM.INFO.${name}`) : needed;
    const durables = consumers.map((consumer) => ({ durable_name: consumer.durable_name, ...pick(consumer, CONSUMER_FIELDS) }));
    wanted.push({ config: needed, consumers: durables as WantedStream['consumers'] });
    if (is === undefined) return;
    const found = await Promise.all(
      durables.map(async (durable) => {
        const config = await inform(nc, `CONSUMER.INFO.${name}.${durable.durable_name}`);
        return config === undefined ? [] : [[durable.durable_name, withoutLongerHold(config, durable)] as const];
      }),
    );
    current.set(name, { config: is, consumers: new Map(found.flat()) });
  };
  for (const stream of all) if (streams.includes(stream.config.name) || stream.consumers.length > 0) await read(stream);
  refuse(planTopology(current, wanted));
}

async function inform(nc: NatsConnection, what: string): Promise<Record<string, unknown> | undefined> {
  const api = `$JS.API.${what}`;
  let answer: { config?: Record<string, unknown>; error?: { err_code?: number; description?: string } };
  try {
    answer = (await askApi(nc, api, '', TIMEOUT_MS)).json();
  } catch (cause) {
    if (isRefusal(cause)) throw new TroupeError('not_permitted', `this user may not ask for ${what}`, { data: { subject: api }, cause });
    throw unavailable(`no answer to ${api}`, cause);
  }
  if (answer.config !== undefined) return answer.config;
  if (NOT_FOUND.has(answer.error?.err_code ?? 0)) return undefined;
  throw unavailable(`${api}: ${answer.error?.description ?? 'unknown form'}`);
}

/** A hold that is longer than we count on costs a later failover; a shorter one would give away what we still work on. */
function withoutLongerHold(is: Record<string, unknown>, wanted: object): Record<string, unknown> {
  const { ack_wait: hold } = wanted as { ack_wait?: number };
  return hold !== undefined && Number(is['ack_wait']) > hold ? { ...is, ack_wait: hold } : is;
}

/** Limits that must not be there, for what is over them is dropped. */
function unlimited({ max_age: age, max_msgs: count, max_bytes: bytes }: WantedStream['config']): Record<string, unknown> {
  return { ...(age === 0 ? { max_age: 0 } : {}), ...(count === -1 ? { max_msgs: -1 } : {}), ...(bytes === -1 ? { max_bytes: -1 } : {}) };
}

function pick(from: object, fields: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(from).filter(([field]) => fields.includes(field)));
}
