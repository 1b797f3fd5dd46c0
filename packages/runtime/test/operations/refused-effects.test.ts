import { createClient } from '@troupe/client';
import { createExecutor, step, throttled } from '@troupe/executor';
import { createKvResourceStore } from '@troupe/jetstream';
import { connectRuntime, startSupervisor, startThrottle } from '@troupe/runtime';
import { defineTask } from '@troupe/task';
import { needsNats, startNatsServer, until } from '@troupe/test-infra';
import { expect } from 'chai';
import { testApp, Thing } from '../app.ts';

const ns = 'refused';
/** A supervisor that was given the rights of an app without the pool `gpu`, and without events of operations called `quiet`. */
const config = `
accounts { APP { jetstream: enabled, users: [
  { user: admin, password: a }
  { user: host, password: h, permissions: { publish: { deny: ["${ns}.task.*.gpu.>", "${ns}.event.operation.quiet.>"] } } } ] } }`;

const train = defineTask({ name: 'train', idempotent: 'yes', pool: 'gpu' });
const trained = createExecutor({
  name: 'trained',
  family: 'create',
  resource: Thing,
  plan: () => throttled({ scope: 'cloud', need: { thing: 1 } }, step('train', train, {}, { transition: 'beginCreating' })),
});
const quiet = createExecutor({ name: 'quiet', family: 'free', plan: () => step('train', train, {}) });

async function setup() {
  const server = await startNatsServer({ config });
  const connect = (user: string, pass: string, applyTopology: boolean) =>
    connectRuntime({
      ...{ connection: { servers: server.url, user, pass }, ns, applyTopology, partitions: 1 },
      ...{ storage: 'memory', maxLogBytes: 1_048_576, pools: ['default', 'gpu'] },
    });
  const admin = await connect('admin', 'a', true);
  const runtime = await connect('host', 'h', false);
  const app = testApp({ executors: [trained, quiet], tasks: [train], handlers: () => [], limits: { default: 1 } });
  const events: { type: string; error?: unknown }[] = [];
  const onEvent = (event: { type: string }): void => void events.push(event);
  const roles = [await startThrottle(admin, app, {}), await startSupervisor(runtime, app, { onEvent })];
  const client = createClient({ servers: server.url, user: 'admin', pass: 'a' }, { ns, checkEvery: '1s' });
  await client.start();
  const { nc, publisher, subjects } = admin;
  return {
    client,
    events,
    store: createKvResourceStore({ nc, publisher, subjects, serverNow: () => admin.serverNow() }),
    async [Symbol.asyncDispose]() {
      await client.stop();
      for (const role of roles.toReversed()) await role.stop();
      await runtime.stop();
      await admin.stop();
      await server.stop();
    },
  };
}

describe('an effect that a supervisor may not emit', function () {
  this.timeout(60_000);
  before(needsNats);

  it('if it is a task: its operation hears of it and fails with the reason, and holds neither its resource nor a token', async () => {
    await using s = await setup();
    const ref = { kind: 'thing', id: 't1' };
    await s.store.write({ op: 'create', ref, state: 'CREATION_SCHEDULED', set: {} }, { turn: 0, effect: 'made by the test' });
    const { outcome, error } = await (await s.client.execute({ executor: 'trained', resource: ref })).ended();
    expect([outcome, error?.code]).to.deep.equal(['failed', 'not_permitted']);
    expect(error?.message).to.include('.gpu.');
    expect(await s.store.get(ref)).to.deep.include({ state: 'ERRED', currentOperation: null });
    await until('no token is held', async () => ((await s.client.throttle('cloud')) ?? []).every(({ used }) => used === 0));
    expect(s.events.map(({ type }) => type)).not.to.include('putOff');
  });

  it('if it is anything else: the operation is quarantined with the reason, and explained', async () => {
    await using s = await setup();
    const operation = await s.client.execute({ executor: 'quiet', id: 'q' }).catch((thrown: unknown) => thrown);
    void operation;
    const { error } = await until('it is told', () => s.events.find(({ type }) => type === 'quarantined'));
    expect(error).to.include({ code: 'not_permitted' });
    const text = await s.client.explain('q');
    expect(JSON.stringify(text)).to.include('not_permitted').and.to.include(`${ns}.event.operation.quiet`);
  });
});
