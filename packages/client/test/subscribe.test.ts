// needs TEST_NATS_URL
import { jetstream } from '@nats-io/jetstream';
import { type Client, createClient, type SubscriptionEvent } from '@troupe/client';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { createInstallation, natsUrl, refusal } from './installation.ts';

async function setup() {
  const at = await createInstallation();
  const client: Client = createClient(natsUrl(), { ns: at.ns });
  let n = 0;
  return {
    at,
    client,
    async emit(...topic: string[]) {
      await jetstream(at.nc).publish(at.subjects.event(topic), JSON.stringify({ v: 1, id: `e-${n++}`, topic, at: 1, body: null }));
    },
    /** Events that the server still waits for an acknowledgement of, or has not handed out. */
    async left(name: string): Promise<number> {
      const info = await at.jsm.consumers.info(at.subjects.streams.events, name);
      return info.num_ack_pending + info.num_pending;
    },
    async [Symbol.asyncDispose]() {
      await client.stop();
      await at[Symbol.asyncDispose]();
    },
  };
}

describe('a subscription', () => {
  it('S102 hands out what is stored, and goes on where it stood', async () => {
    await using all = await setup();
    await all.emit('resource', 'volume', '1', 'before');
    const seen: string[] = [];
    const options = { name: 'hooks', topics: [['resource', 'volume']] };
    const first = await all.client.subscribe(options, ({ topic }) => void seen.push(topic.join(' ')));
    await all.emit('resource', 'volume', '1', 'created');
    await all.emit('resource', 'vm', '1', 'created');
    await until('it has come', () => seen.length === 1);
    await first.stop();
    await all.emit('resource', 'volume', '2', 'while it was away');
    await using _second = await all.client.subscribe(options, ({ topic }) => void seen.push(topic.join(' ')));
    await until('the rest has come', () => seen.length === 2);
    expect(seen).to.deep.equal(['resource volume 1 created', 'resource volume 2 while it was away']);
    await until('all is acknowledged', async () => (await all.left('hooks')) === 0);
  });

  it('leaves nothing behind when it stops: what the server had sent it is handled, the rest is the next one’s at once', async () => {
    await using all = await setup();
    const options = { name: 'busy', from: 'oldest' } as const;
    const seen = new Map<string, number>();
    const see = ({ id }: { id: string }): void => void seen.set(id, (seen.get(id) ?? 0) + 1);
    const COUNT = 500;
    await Promise.all(Array.from({ length: COUNT }, () => all.emit('x')));
    const first = await all.client.subscribe(options, see);
    await until('it is at work', () => seen.size > 0, undefined, 1);
    await first.stop();
    await using _second = await all.client.subscribe(options, see);
    // a hold lapses after thirty seconds: what had been sent to the first in vain would not come before
    await until('all have come', () => seen.size === COUNT);
    expect([...seen.values()].every((times) => times === 1)).to.equal(true);
  });

  it('begins with the oldest event if it is asked to, and anew once it was removed', async () => {
    await using all = await setup();
    await all.emit('x');
    for (let round = 1; round <= 2; round++) {
      const seen: string[] = [];
      const subscription = await all.client.subscribe({ name: 'log', from: 'oldest' }, ({ id }) => void seen.push(id));
      await until('it has come', () => seen.length === 1);
      await subscription.remove();
    }
  });

  it('hands out again what failed, in order where that was asked for, and gives up in the end', async () => {
    await using all = await setup();
    const told: SubscriptionEvent[] = [];
    const calls: string[] = [];
    const options = {
      name: 'strict',
      inOrder: true,
      attempts: 2,
      pause: '10ms',
      onEvent: (event: SubscriptionEvent) => void told.push(event),
    } as const;
    await using _subscription = await all.client.subscribe(options, ({ topic }, { attempt }) => {
      calls.push(`${topic.join(' ')} ${attempt}`);
      if (topic[0] === 'once' && attempt === 1) throw new Error('not yet');
      if (topic[0] === 'never') throw new Error('no');
    });
    await all.emit('once');
    await all.emit('never');
    await all.emit('last');
    await until('the last one has come', () => calls.includes('last 1'));
    expect(calls).to.deep.equal(['once 1', 'once 2', 'never 1', 'never 2', 'last 1']);
    expect(told.map((one) => ('attempt' in one ? `${one.type} ${one.event.topic.join()} ${one.attempt}` : one.type))).to.deep.equal([
      'failed once 1',
      'failed never 1',
      'givenUp never 2',
    ]);
    await until('all is acknowledged', async () => (await all.left('strict')) === 0);
  });

  it('passes over what it cannot read, and says so', async () => {
    await using all = await setup();
    const told: SubscriptionEvent[] = [];
    const seen: string[] = [];
    await using _subscription = await all.client.subscribe(
      { name: 's', onEvent: (event) => void told.push(event) },
      ({ id }) => void seen.push(id),
    );
    await jetstream(all.at.nc).publish(all.at.subjects.event(['odd']), 'no event');
    await all.emit('fine');
    await until('the other has come', () => seen.length === 1);
    expect(told).to.have.length(1);
    expect(told[0]).to.deep.include({ type: 'unreadable' });
  });

  it('shares the events of one name, and ends with its client', async () => {
    await using all = await setup();
    const other = createClient(natsUrl(), { ns: all.at.ns });
    const seen: string[] = [];
    for (const client of [all.client, other]) await client.subscribe({ name: 'pool', concurrency: 2 }, ({ id }) => void seen.push(id));
    await other.stop();
    for (let i = 0; i < 20; i++) await all.emit('x', String(i));
    await until('all have come', () => seen.length === 20, 40_000);
    expect(new Set(seen).size).to.equal(20);
  }).timeout(60_000);

  it('is refused with options that cannot be', async () => {
    await using all = await setup();
    for (const [options, field] of [
      [{ name: 'a.b' }, 'name'],
      [{ name: '' }, 'name'],
      [{ name: 'a', concurrency: 0 }, 'concurrency'],
      [{ name: 'a', inOrder: true, concurrency: 2 }, 'concurrency'],
      [{ name: 'a', attempts: 0 }, 'attempts'],
      [{ name: 'a', topics: [] }, 'topics'],
      [{ name: 'a', pause: 'soon' }, 'pause'],
    ] as const)
      expect(await refusal(all.client.subscribe(options as never, () => undefined))).to.include({ code: 'invalid_options', field });
  });
});
