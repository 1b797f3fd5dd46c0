// needs TEST_NATS_URL
import { createClient } from '@troupe/client';
import { createKvResourceStore } from '@troupe/jetstream';
import { connectRuntime, startSupervisor, startThrottle, startWorker } from '@troupe/runtime';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { testApp } from '../app.ts';

/** As many keys as one partition hands out at once. */
const STUCK = 6;

async function setup() {
  const ns = `resources-${process.pid}`;
  const connection = { servers: process.env['TEST_NATS_URL']! };
  const runtime = await connectRuntime({
    ...{ connection, ns, applyTopology: true, storage: 'memory', maxLogBytes: 1_048_576 },
    ...{ partitions: 1, maxAckPending: STUCK, mailAckWaitMs: 600 },
  });
  const app = testApp({ limits: { default: STUCK } });
  const events: string[] = [];
  const onEvent = ({ type }: { type: string }): void => void events.push(type);
  const roles = [await startThrottle(runtime, app), await startSupervisor(runtime, app, { onEvent }), await startWorker(runtime, app)];
  const client = createClient(connection, { ns, answerTimeout: '30s' });
  await client.start();
  const { nc, publisher, subjects } = runtime;
  const store = createKvResourceStore({ nc, publisher, subjects, serverNow: () => runtime.serverNow() });
  const bucket = `KV_${subjects.buckets.resources}`;
  const update = async (change: object): Promise<void> => {
    const { config } = (await nc.request(`$JS.API.STREAM.INFO.${bucket}`)).json<{ config: object }>();
    const answer = (await nc.request(`$JS.API.STREAM.UPDATE.${bucket}`, JSON.stringify({ ...config, ...change }))).json<{
      error?: object;
    }>();
    expect(answer.error).to.equal(undefined);
  };
  return {
    client,
    store,
    events,
    /** From now on no resource can be written; everything else can. */
    fill: () => update({ max_bytes: 1, discard: 'new' }),
    empty: () => update({ max_bytes: -1, discard: 'old' }),
    async [Symbol.asyncDispose]() {
      await client.stop();
      for (const role of roles.toReversed()) await role.stop();
      await runtime.stop();
    },
  };
}

describe('a store of resources that takes no writes', () => {
  it('holds up the operations on resources and no others, and they end when it is back', async () => {
    await using s = await setup();
    const refs = Array.from({ length: STUCK }, (_, n) => ({ kind: 'thing', id: `t-${n}` }));
    for (const ref of refs) {
      await s.store.write({ op: 'create', ref, state: 'CREATION_SCHEDULED', set: {} }, { turn: 0, effect: `made ${ref.id}` });
    }
    await s.fill();
    const stuck = refs.map((resource) => s.client.execute({ executor: 'thing.create', resource }));
    await until('all of them are put off', () => s.events.filter((type) => type === 'putOff').length >= STUCK, 10_000);
    const free = await s.client.execute({ executor: 'chain' });
    expect(await free.ended()).to.include({ outcome: 'succeeded' });
    for (const { id } of refs) expect(await s.store.get({ kind: 'thing', id })).to.include({ currentOperation: null });
    await s.empty();
    for (const operation of await Promise.all(stuck)) expect(await operation.ended()).to.include({ outcome: 'succeeded' });
    for (const ref of refs) expect(await s.store.get(ref)).to.include({ state: 'OK', currentOperation: null });
    expect(s.events).to.not.include('quarantined');
  }).timeout(60_000);
});
