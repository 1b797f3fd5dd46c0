// needs TEST_NATS_URL
import { jetstream } from '@nats-io/jetstream';
import type { Incoming } from '@troupe/actor';
import { type Client, createClient } from '@troupe/client';
import { encodeJson, type Json } from '@troupe/protocol';
import { type LimitOptions, throttleBehaviour } from '@troupe/throttle';
import { expect } from 'chai';
import { createInstallation, type Installation, natsUrl, operationRoot } from './installation.ts';

const limits: LimitOptions = { kinds: { vm: 2 } };
const NOW = 1_790_000_000_000;

async function setup(): Promise<{ at: Installation; client: Client } & AsyncDisposable> {
  const at = await createInstallation();
  const client = createClient(natsUrl(), { ns: at.ns });
  return {
    at,
    client,
    async [Symbol.asyncDispose]() {
      await client.stop();
      await at[Symbol.asyncDispose]();
    },
  };
}

/** The record of a throttle that got this mail, written as a host writes it. */
async function store(at: Installation, root: string, mail: readonly { type: string; body: Json; from: string }[]): Promise<void> {
  const behaviour = throttleBehaviour({ limits });
  const self = { kind: 'throttle', key: root };
  const state = behaviour.activate(root, undefined);
  let ids = 0;
  const context = { self, now: NOW, newId: () => `t-${ids++}`, token: () => 'tttttttttttttttt', random: () => 0.5 };
  const items = new Map<string, Json>();
  for (const { type, body, from } of mail) {
    const message = {
      id: `m-${ids++}`,
      type,
      body,
      sender: type.startsWith('set') ? 'verb' : 'entity',
      from: { kind: 'operation', key: from },
      context: {},
      storedAt: NOW,
    } satisfies Incoming;
    for (const effect of behaviour.receive(state, message, context)) {
      if (effect.type === 'putItem') items.set(effect.item, effect.body);
      else if (effect.type === 'removeItem') items.delete(effect.item);
    }
  }
  const js = jetstream(at.nc);
  let n = 0;
  for (const [item, body] of items) await js.publish(at.subjects.item(self, 'nnn', ++n), encodeJson({ item, body }));
  await js.publish(at.subjects.state(self), encodeJson({ v: 1, w: 'nnn.1', s: behaviour.root(state), fx: [], in: [], nx: { nnn: n } }));
}

const acquire = (from: string, need: Record<string, number> = { vm: 1 }) => ({
  type: 'acquire',
  from,
  body: { lease: `${from}:0`, scope: 'p-1/tenant', need, held: [] },
});

/** An operation whose first node waits for its lease. */
const waiting = (): object =>
  operationRoot({
    plan: {
      root: { type: 'throttled', scope: 'p-1/tenant', need: { vm: 1 }, body: { type: 'chain', nodes: [] } },
      tasks: {},
      steps: 2,
      durationMs: 1_000,
      watchMs: 1_000,
    },
    active: { 0: { k: 'lease', p: 'ask', s: NOW } },
  });

describe('a throttle', () => {
  it('shows how full its limits are, at every level that is used', async () => {
    await using all = await setup();
    await store(all.at, 'p-1', [acquire('o-1'), acquire('o-2'), acquire('o-3')]);
    expect(await all.client.throttle('p-1')).to.have.deep.members([
      { path: 'p-1', kind: 'vm', limit: 2, used: 2, waiting: 1 },
      { path: 'p-1/tenant', kind: 'vm', limit: Infinity, used: 2, waiting: 1 },
    ]);
  });

  it('is undefined while nobody has used it', async () => {
    await using all = await setup();
    expect(await all.client.throttle('p-1')).to.equal(undefined);
  });
});

describe('throttles', () => {
  it('are shown with limits, rates, maintenance, and why each of the first waits', async () => {
    await using all = await setup();
    const { throttles } = all.client;
    expect(await throttles.show('p-1')).to.equal(undefined);
    const rate = { type: 'setRate', from: 'x', body: { scope: 'p-1', name: 'call', rate: { window: '1h', most: 1 } } };
    const closed = { type: 'setMaintenance', from: 'x', body: { scope: 'p-1/other', on: true, by: 'ann' } };
    const spend = { type: 'acquire', from: 'o-4', body: { lease: 'o-4:0', scope: 'p-1', spend: { call: 1 }, held: [] } };
    const next = { type: 'acquire', from: 'o-5', body: { lease: 'o-5:0', scope: 'p-1', spend: { call: 1 }, held: [] } };
    await store(all.at, 'p-1', [rate, closed, spend, next, acquire('o-1'), acquire('o-2'), acquire('o-3')]);
    const { waiters, ...status } = (await throttles.show('p-1', { waiters: 1 }))!;
    expect(status).to.deep.include({ held: 3, waiting: 2 });
    expect(status.rates).to.deep.equal([{ path: 'p-1', name: 'call', rate: '1 in 1h', spent: 0, waiting: 1 }]);
    expect(status.maintenance[0]).to.deep.include({ path: 'p-1/other', by: 'ann', leases: 0 });
    expect(waiters.map(({ lease }) => lease)).to.deep.equal(['o-5:0']);
    expect((await throttles.explain('p-1/tenant', 'o-3:0')).text).to.match(/^number 1 for vm of p-1 /);
    expect((await throttles.explain('nowhere', 'o-3:0')).state).to.equal('unknown');
  });

  it('are found by any path below their root, and refuse a path that is none by name', async () => {
    await using all = await setup();
    const { client } = all;
    await store(all.at, 'p-1', [acquire('o-1')]);
    expect(await client.throttles.show('p-1/tenant')).to.deep.equal(await client.throttles.show('p-1'));
    for (const wrong of ['', 'p-1//a', 'p-1/', 'p'.repeat(2_000)]) {
      for (const call of [
        () => client.throttles.explain(wrong, 'a'),
        () => client.throttles.drain(wrong),
        () => client.setLimit({ scope: wrong, kind: 'vm', limit: 1 }),
      ])
        expect(await call().catch((error: unknown) => error)).to.include({ code: 'invalid_options', field: 'scope' });
    }
    expect(await client.schedules.show('k'.repeat(3_000)).catch((error: unknown) => error)).to.include({
      code: 'invalid_options',
      field: 'key',
    });
    const huge = client.setLimit({ scope: 'p-1', kind: 'vm', limit: 1e308 });
    expect(await huge.catch((error: unknown) => error)).to.include({ code: 'invalid_options', field: 'limit' });
  });

  it('refuse what is no rate and no scope before anything is sent', async () => {
    await using all = await setup();
    const { throttles } = all.client;
    const code = (call: Promise<unknown>): Promise<unknown> => call.then(() => undefined).catch((e: { code: string }) => e.code);
    expect(await code(throttles.setRate('p', 'call', { window: '1h', most: -1 }))).to.equal('invalid_options');
    expect(await code(throttles.setRate('p', 'call', 'much' as never))).to.equal('invalid_options');
    expect(await code(throttles.setRate('p', '', null))).to.equal('invalid_options');
    expect(await code(throttles.drain(''))).to.equal('invalid_options');
  });
});

describe('explaining an operation that waits for a lease', () => {
  async function sentence(all: { at: Installation; client: Client }, id: string): Promise<string> {
    await all.at.putRecord(id, waiting());
    const { waits } = await all.client.explain(id);
    expect(waits).to.have.lengthOf(1);
    expect(waits[0]).to.include({ on: 'lease', scope: 'p-1/tenant' });
    return waits[0]!.sentence;
  }

  it('names the limit, the position and who holds it', async () => {
    await using all = await setup();
    await store(all.at, 'p-1', [acquire('o-1'), acquire('o-2'), acquire('o-3'), acquire('o-4')]);
    expect(await sentence(all, 'o-4')).to.match(
      /^waits since .+ for 1 vm of p-1\/tenant: number 2 for vm of p-1 \(2 of 2 in use\); longest held by operation\/o-1 for /,
    );
  });

  it('tells a limit of 0 from a full one', async () => {
    await using all = await setup();
    const pause = { type: 'setLimit', from: 'x', body: { scope: 'p-1', kind: 'vm', limit: 0 } };
    await store(all.at, 'p-1', [pause, acquire('o-1')]);
    expect(await sentence(all, 'o-1')).to.contain('paused by a limit of 0');
  });

  it('says so while the throttle has not seen it', async () => {
    await using all = await setup();
    expect(await sentence(all, 'o-1')).to.match(/: the throttle of p-1 has not seen it yet$/);
    await store(all.at, 'p-1', [acquire('o-2')]);
    expect(await sentence(all, 'o-1')).to.match(/: the throttle of p-1 has not seen it yet$/);
  });

  it('says so when the throttle is in quarantine', async () => {
    await using all = await setup();
    const q = { reason: 'internal: broken', at: NOW, message: 'acquire' };
    await jetstream(all.at.nc).publish(
      all.at.subjects.state({ kind: 'throttle', key: 'p-1' }),
      encodeJson({ v: 1, w: 'n.1', fx: [], in: [], nx: {}, q }),
    );
    expect(await sentence(all, 'o-1')).to.match(/: the throttle of p-1 is in quarantine: internal: broken$/);
  });
});
