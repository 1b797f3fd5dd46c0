import { expect } from 'chai';
import { connectNats } from '@troupe/jetstream';
import { needsNats, startNatsServer, startProxy, until } from '@troupe/test-infra';
import { setupPulling } from './support/pulling.ts';

async function setup(config = '') {
  const server = await startNatsServer(config === '' ? {} : { config });
  const proxy = await startProxy(server.url);
  const s = await setupPulling({ ack_wait: 400 * 1_000_000 }, { servers: server.url });
  const nc = await connectNats({ servers: proxy.url, reconnectWaitMs: 50 });
  return {
    ...s,
    server,
    proxy,
    /** Over the network that can fail; acknowledges what comes. */
    pullFar: () => s.pull({ nc, onMessage: (message) => message.ack() }),
    async [Symbol.asyncDispose]() {
      await nc.close();
      await s[Symbol.asyncDispose]();
      await proxy.stop();
      await server.stop();
    },
  };
}

const distinct = (bodies: string[]): number => new Set(bodies).size;

describe('the puller in an outage', function () {
  this.timeout(20_000);
  before(needsNats);

  it('goes on by itself when the server was killed', async () => {
    await using s = await setup();
    const p = await s.pullFar();
    await s.store(20);
    await until('they have come', () => distinct(p.bodies()) === 20);
    await s.server.kill();
    await s.server.restart();
    await until('the other side is connected', () =>
      s.nc.flush().then(
        () => true,
        () => false,
      ),
    );
    await s.store(20, 20);
    await until('the new ones have come', () => distinct(p.bodies()) === 40);
    await until('the queue is empty', async () => (await s.left()) === 0);
  });

  it('goes on by itself when the network was cut', async () => {
    await using s = await setup();
    const p = await s.pullFar();
    await s.store(5);
    await until('they have come', () => p.received.length === 5);
    s.proxy.cut();
    await s.store(5, 5);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(p.received).to.have.length(5);
    s.proxy.resume();
    await until('the rest has come', () => distinct(p.bodies()) === 10);
  });

  it('notices a silent network, says so, and goes on when it heals', async () => {
    await using s = await setup();
    const p = await s.pullFar();
    await until('its pull stands', () => p.puller.outstanding > 0);
    s.proxy.stall('both');
    await until('the silence was noticed', () => p.events.some((event) => event.type === 'pullLost'));
    expect(performance.now() - p.puller.lastHeardAt()).to.be.greaterThan(900);
    await s.store(5);
    s.proxy.resume();
    await until('they have come', () => distinct(p.bodies()) === 5);
  });

  it('waits for a consumer that was deleted, and finds it when it is made again', async () => {
    await using s = await setup();
    const p = await s.pullFar();
    await s.store(5);
    await until('they have come', () => p.received.length === 5);
    await s.jsm.consumers.delete(s.name, 'c');
    await until('it was told', () => p.events.some((event) => event.type === 'pullRefused' && event.code === 409));
    await until('it keeps asking', () => p.events.some((event) => event.type === 'pullRefused' && event.code === 503));
    await s.store(5, 5);
    await s.addConsumer();
    await until('the rest has come', () => distinct(p.bodies()) === 10);
  });

  it('does not ask in a storm while there is nobody to ask', async () => {
    await using s = await setup();
    await s.jsm.consumers.delete(s.name, 'c');
    const p = await s.pullFar();
    const from = performance.now();
    await until('it has asked again', () => p.events.length >= 2);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(p.events.length, 'about one in 250 ms').to.be.at.most(2 + (performance.now() - from) / 200);
    await s.addConsumer();
    await s.store(3);
    await until('they have come', () => p.received.length === 3);
  });

  it('survives a stream that is deleted and made again', async () => {
    await using s = await setup();
    const p = await s.pullFar();
    await s.store(2);
    await until('they have come', () => p.received.length === 2);
    await s.jsm.streams.delete(s.name);
    await s.jsm.streams.add({ name: s.name, subjects: [`${s.prefix}.>`], retention: 'workqueue' as never });
    await s.addConsumer();
    await s.store(3, 2);
    await until('the new ones have come', () => distinct(p.bodies()) === 5);
  });

  it('keeps asking while it is not permitted to, and goes on when it is', async () => {
    await using s = await setup();
    const p = await s.pull({ durable: 'other', onMessage: (message) => message.ack() });
    await until('it was refused', () => p.events.some((event) => event.type === 'pullRefused'));
    await s.jsm.consumers.delete(s.name, 'c');
    await s.jsm.consumers.add(s.name, { durable_name: 'other', ack_policy: 'explicit' as never });
    await s.store(2);
    await until('they have come', () => p.received.length === 2);
  });
});
