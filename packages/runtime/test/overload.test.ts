// needs TEST_NATS_URL
import { createClient } from '@troupe/client';
import type { HighWaterOptions } from '@troupe/jetstream';
import { connectRuntime, startSupervisor, startWorker, type Supervisor } from '@troupe/runtime';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { testApp } from './app.ts';

let count = 0;

/** An installation whose workers are started by the test: until then each operation leaves one task in TASKS. */
async function setup(highWater: HighWaterOptions) {
  const ns = `overload-${process.pid}-${count++}`;
  const connection = { servers: process.env['TEST_NATS_URL']! };
  const runtime = await connectRuntime({
    connection,
    ns,
    applyTopology: true,
    storage: 'memory',
    maxLogBytes: 1_048_576,
    partitions: 2,
    maxCommands: 4,
    mailAckWaitMs: 400,
  });
  const app = testApp({ highWater: { everyMs: 50, ...highWater } });
  const events: { type: string; reasons?: readonly string[] }[] = [];
  const stops: (() => Promise<unknown>)[] = [() => runtime.stop()];
  const start = async (): Promise<Supervisor> => {
    const supervisor = await startSupervisor(runtime, app, { onEvent: (event) => void events.push(event as never) });
    stops.push(() => supervisor.stop());
    return supervisor;
  };
  const supervisor = await start().catch(async (error: unknown) => {
    await runtime.stop();
    throw error;
  });
  const client = createClient(connection, { ns, answerTimeout: '20s' });
  await client.start();
  const messagesIn = async (stream: string): Promise<number> =>
    (await runtime.nc.request(`$JS.API.STREAM.INFO.${stream}`)).json<{ state: { messages: number } }>().state.messages;
  return {
    client,
    events,
    supervisor,
    start,
    ended: async (id: string) => (await client.follow(id).ended()).outcome,
    inCommands: () => messagesIn(runtime.subjects.streams.commands),
    inTasks: () => messagesIn(runtime.subjects.streams.tasks),
    async work() {
      const worker = await startWorker(runtime, app);
      stops.push(() => worker.stop());
    },
    async [Symbol.asyncDispose]() {
      await client.stop();
      for (const stop of stops.toReversed()) await stop();
    },
  };
}

describe('a front door over its high-water mark', () => {
  it('stops pulling, keeps what was accepted, refuses at the sender what is too much, and resumes by itself', async () => {
    await using s = await setup({ tasks: { high: 3, low: 1 } });
    const feed = await s.client.watch({ topics: [['door']] });
    const first = await Promise.all([0, 1, 2].map((n) => s.client.execute({ executor: 'chain', id: `first-${n}` })));
    await until('the door has stopped', () => !s.supervisor.door().isPulling);
    expect(s.supervisor.door().over).to.have.lengthOf(1);
    expect(s.supervisor.door().over[0]).to.include({ what: 'tasks', value: 3, high: 3, low: 1 });
    expect(s.events.findLast(({ type }) => type === 'overloaded')?.reasons?.[0]).to.match(/TASKS holds 3 messages \(stops at 3/);

    // accepted by COMMANDS, answered later
    const kept = [0, 1, 2, 3].map((n) => s.client.execute({ executor: 'chain', id: `kept-${n}` }));
    await until('COMMANDS is full', async () => (await s.inCommands()) === 4);
    const full = performance.now();
    // a door that pulled would take them as soon as the machine lets it
    await until('a door that pulls would have begun', () => performance.now() - full > 1_000);
    const refused = await s.client.execute({ executor: 'chain', id: 'too-many' }).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refused).to.include({ code: 'overloaded', retryable: true });
    expect(s.events.filter(({ type }) => type === 'forwarded')).to.have.lengthOf(3);
    expect(await s.inCommands()).to.equal(4);

    await s.work();
    for (const operation of [...first, ...(await Promise.all(kept))]) expect(await s.ended(operation.id)).to.equal('succeeded');
    await until('the door pulls', () => s.supervisor.door().isPulling);
    expect(s.events.map(({ type }) => type)).to.include('resumed');
    // and the refused one is welcome now, under the same id
    expect(await s.ended((await s.client.execute({ executor: 'chain', id: 'too-many' })).id)).to.equal('succeeded');
    const told: string[] = [];
    for await (const { topic } of feed) {
      told.push(topic.join('.'));
      if (told.includes('door.resumed')) break;
    }
    expect(told[0]).to.equal('door.overloaded');
  }).timeout(30_000);

  it('is shut from the start where too much waits already', async () => {
    // never looks a second time within this test
    await using s = await setup({ tasks: { high: 1 }, everyMs: 3_600_000 });
    await s.client.execute({ executor: 'chain', id: 'a' });
    await until('its task waits', async () => (await s.inTasks()) === 1);
    expect(s.supervisor.door().isPulling).to.equal(true);
    await s.supervisor.stop();
    const again = await s.start();
    expect(again.door()).to.deep.include({ isPulling: false, inHand: 0 });
  }).timeout(30_000);

  it('refuses to start with marks that make no sense', async () => {
    const failure = await setup({ mail: { high: 5, low: 7 } }).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).to.include({ code: 'invalid_options', field: 'highWater.mail.low' });
  });
});
