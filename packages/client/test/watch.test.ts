// needs TEST_NATS_URL
import { jetstream } from '@nats-io/jetstream';
import { type Client, createClient, type EventFeed } from '@troupe/client';
import type { EventMessage } from '@troupe/protocol';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { createInstallation, type Installation, natsUrl, refusal } from './installation.ts';

async function setup(): Promise<
  { at: Installation; client: Client; emit(topic: string[], body?: unknown): Promise<void> } & AsyncDisposable
> {
  const at = await createInstallation();
  const client = createClient(natsUrl(), { ns: at.ns });
  let n = 0;
  return {
    at,
    client,
    async emit(topic, body = null) {
      await jetstream(at.nc).publish(at.subjects.event(topic), JSON.stringify({ v: 1, id: `e-${n++}`, topic, at: 1, body }));
    },
    async [Symbol.asyncDispose]() {
      await client.stop();
      await at[Symbol.asyncDispose]();
    },
  };
}

async function read(feed: EventFeed, count: number): Promise<EventMessage[]> {
  const events: EventMessage[] = [];
  for await (const event of feed) if (events.push(event) === count) break;
  return events;
}

describe('watching', () => {
  it('gives the events that are stored from then on, in order', async () => {
    await using all = await setup();
    await all.emit(['operation', 'x', 'o-0', 'accepted']);
    const feed = await all.client.watch();
    await all.emit(['operation', 'x', 'o-1', 'accepted'], { n: 1 });
    await all.emit(['resource', 'volume', '17', 'created'], { n: 2 });
    const events = await read(feed, 2);
    expect(events.map(({ topic, body }) => [topic.join(' '), body])).to.deep.equal([
      ['operation x o-1 accepted', { n: 1 }],
      ['resource volume 17 created', { n: 2 }],
    ]);
  });

  it('gives the topics that were asked for and no others', async () => {
    await using all = await setup();
    const feed = await all.client.watch({ topics: [['operation', 'vm.create'], ['throttle']] });
    await all.emit(['operation', 'volume.create', 'o-1', 'ended']);
    await all.emit(['operation', 'vm.create', 'o.2 *', 'ended']);
    await all.emit(['resource', 'volume', '17', 'created']);
    await all.emit(['throttle']);
    await all.emit(['throttle', 'p-1', 'granted']);
    expect((await read(feed, 3)).map(({ topic }) => topic)).to.deep.equal([
      ['operation', 'vm.create', 'o.2 *', 'ended'],
      ['throttle'],
      ['throttle', 'p-1', 'granted'],
    ]);
  });

  it('ends when the reader has enough, and leaves no subscription', async () => {
    await using all = await setup();
    const feed = await all.client.watch({ topics: [['operation']] });
    await all.emit(['operation', 'a']);
    await read(feed, 1);
    await until('nobody listens', async () => {
      const answer: unknown = await all.at.nc
        .request(all.at.subjects.live(['operation', 'b']), '', { timeout: 100 })
        .catch((error: unknown) => error);
      return /no responders/i.test(String(answer));
    });
  });

  it('ends with the reason of its signal', async () => {
    await using all = await setup();
    const controller = new AbortController();
    const feed = await all.client.watch({ signal: controller.signal });
    const reading = read(feed, 1).catch((error: unknown) => error);
    controller.abort(new Error('enough'));
    expect(await reading).to.equal(controller.signal.reason);
    const late: unknown = await all.client.watch({ signal: controller.signal }).catch((error: unknown) => error);
    expect(late).to.equal(controller.signal.reason);
  });

  it('ends without an error when it is stopped, and with one when the client is', async () => {
    await using all = await setup();
    const feed = await all.client.watch();
    const other = await all.client.watch();
    const reading = read(feed, 1);
    const others = refusal(read(other, 1));
    feed.stop();
    expect(await reading).to.deep.equal([]);
    await all.client.stop();
    expect(await others).to.include({ code: 'unavailable' });
  });

  it('keeps a bounded number of events for a slow reader, the newest, and counts the others', async () => {
    await using all = await setup();
    const feed = await all.client.watch({ maxWaiting: 3 });
    for (let i = 0; i < 10; i++) await all.emit(['operation', `${i}`]);
    await until('all have come', () => feed.dropped === 7);
    expect((await read(feed, 3)).map(({ topic }) => topic[1])).to.deep.equal(['7', '8', '9']);
  });

  it('passes over what is no event', async () => {
    await using all = await setup();
    const feed = await all.client.watch();
    all.at.nc.publish(all.at.subjects.live(['operation']), 'no JSON');
    await all.at.nc.flush();
    await all.emit(['operation', 'x']);
    expect((await read(feed, 1))[0]!.topic).to.deep.equal(['operation', 'x']);
    expect(feed.dropped).to.equal(1);
  });

  it('refuses a bound that is none', async () => {
    await using all = await setup();
    expect(await refusal(all.client.watch({ maxWaiting: 0 }))).to.include({ code: 'invalid_options', field: 'maxWaiting' });
  });
});
