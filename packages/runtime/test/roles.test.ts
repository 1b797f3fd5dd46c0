import { expect } from 'chai';
import { createClient } from '@troupe/client';
import { createKvResourceStore } from '@troupe/jetstream';
import { connectRuntime, startSupervisor, startThrottle, startWorker } from '@troupe/runtime';
import { testApp } from './app.ts';

let count = 0;

async function setup() {
  const ns = `roles-${process.pid}-${count++}`;
  const runtime = await connectRuntime({
    connection: { servers: process.env['TEST_NATS_URL']! },
    ns,
    applyTopology: true,
    storage: 'memory',
    maxLogBytes: 1_048_576,
    partitions: 2,
  });
  const app = testApp();
  const events: { type: string }[] = [];
  const onEvent = (event: { type: string }): void => void events.push(event);
  const roles = [
    await startThrottle(runtime, app, { onEvent }),
    await startSupervisor(runtime, app, { onEvent }),
    await startWorker(runtime, app, { onEvent }),
  ];
  const client = createClient({ servers: process.env['TEST_NATS_URL']! }, { ns });
  await client.start();
  return {
    runtime,
    client,
    events,
    async [Symbol.asyncDispose]() {
      await client.stop();
      for (const role of roles.toReversed()) await role.stop();
      await runtime.stop();
    },
  };
}

describe('the roles in one process', () => {
  it('run a chain of five steps to its end', async () => {
    await using s = await setup();
    const operation = await s.client.execute({ executor: 'chain' });
    expect(await operation.ended()).to.include({ outcome: 'succeeded' });
  });

  it('run a group of twenty and join it once', async () => {
    await using s = await setup();
    const operation = await s.client.execute({ executor: 'group' });
    expect(await operation.ended()).to.include({ outcome: 'succeeded' });
  });

  it('end a failing operation with its first error', async () => {
    await using s = await setup();
    const operation = await s.client.execute({ executor: 'failing' });
    const ended = await operation.ended();
    expect(ended.outcome).to.equal('failed');
    expect(ended.error).to.include({ message: 'it is broken' });
  });

  it('create a resource behind a throttle and leave it OK', async () => {
    await using s = await setup();
    const { nc, publisher, subjects } = s.runtime;
    const store = createKvResourceStore({ nc, publisher, subjects, serverNow: () => s.runtime.serverNow() });
    const ref = { kind: 'thing', id: 't1' };
    await store.write({ op: 'create', ref, state: 'CREATION_SCHEDULED', set: {} }, { turn: 0, effect: 'made by the test' });
    const operation = await s.client.execute({ executor: 'thing.create', resource: ref });
    const ended = await operation.ended();
    expect(ended.error).to.equal(undefined);
    expect(await store.get(ref)).to.deep.include({ state: 'OK', currentOperation: null });
  });

  it('refuse an unknown executor and a missing resource by name', async () => {
    await using s = await setup();
    const unknown = await s.client.execute({ executor: 'nothing' }).catch((e: { code: string }) => e);
    expect(JSON.stringify(unknown)).to.include('unknown_executor');
    const missing = await s.client
      .execute({ executor: 'thing.create', resource: { kind: 'thing', id: 'nowhere' } })
      .catch((e: { code: string }) => e);
    expect(JSON.stringify(missing)).to.include('unknown_resource');
  });
});
