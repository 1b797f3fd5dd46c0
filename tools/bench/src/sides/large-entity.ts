/** An entity with many items is loaded by a host that has not seen it: from its mail being sent to its answer. */
import type { Behaviour, Effect } from '@troupe/actor';
import { createEntityService, type EntityService } from '@troupe/jetstream';
import { encodeMail } from '@troupe/jetstream/internal';
import type { Address, Json } from '@troupe/protocol';
import { connectRuntime, type Runtime } from '@troupe/runtime';
import type { Side } from '../scenario.ts';

interface Bag {
  items: number;
}

const BATCH = 500;
/** About what a waiter or a small output takes. */
const BODY = { text: 'x'.repeat(150) };

function bagBehaviour(): Behaviour<Bag> {
  return {
    kind: 'bag',
    activate: (_key, record) => ({ items: record?.items.size ?? 0 }),
    receive(state, message): Effect[] {
      const told: Effect = { type: 'publish', topic: ['bag', message.type], body: state.items };
      if (message.type !== 'fill') return [told];
      const puts = Array.from({ length: BATCH }, (): Effect => ({ type: 'putItem', item: `i${state.items++}`, body: BODY }));
      return [...puts, told];
    },
    root: (state): Json => ({ items: state.items }),
  };
}

const address: Address = { kind: 'bag', key: 'big' };

export const largeEntity: Side = async (context) => {
  const { items = 0 } = context.input;
  const runtime = await connectRuntime({ connection: { servers: context.server.url }, applyTopology: true, roles: { bags: ['bag'] } });
  const first = await serve(runtime, 'first');
  for (let filled = 0; filled < items; filled += BATCH) await say(runtime, 'fill', filled);
  await first.stop();
  const second = await serve(runtime, 'second');
  // pulls stand when the host has handled something
  await say(runtime, 'look', 0, { kind: 'bag', key: 'small' });
  const ms = await say(runtime, 'look', items);
  await second.stop();
  return { values: { ms } };
};

async function serve(runtime: Runtime, hostId: string): Promise<EntityService> {
  const { nc, publisher, subjects, topology } = runtime;
  const service = createEntityService({
    nc,
    publisher,
    subjects,
    role: 'bags',
    hostId,
    behaviours: [bagBehaviour()],
    serverNow: () => runtime.serverNow(),
    partitions: topology.partitions,
    maxAckPending: topology.maxAckPending,
    ackWaitMs: topology.mailAckWaitMs,
    dedupWindowMs: topology.dedupWindowMs,
  });
  await service.start();
  return service;
}

/** Milliseconds until the entity has told. */
async function say({ nc, publisher, subjects }: Runtime, type: string, tag: number, to: Address = address): Promise<number> {
  const subscription = nc.subscribe(subjects.event(['bag', type]), { max: 1 });
  const start = performance.now();
  await publisher.publish(subjects.mail(to, 'entity'), encodeMail({ id: `${type}-${to.key}-${tag}`, type, body: null }));
  for await (const _ of subscription) break;
  return performance.now() - start;
}
