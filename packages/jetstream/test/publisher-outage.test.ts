import { expect } from 'chai';
import { connectNats, createPublisher, isWrongSequence, type PublisherOptions, type WrongSequence } from '@troupe/jetstream';
import { needsNats, startNatsServer, startProxy, until } from '@troupe/test-infra';
import { onDisconnect } from './support/on-disconnect.ts';
import { createStream, failure } from './support/stream.ts';

async function setup(options: PublisherOptions = {}) {
  const server = await startNatsServer();
  const proxy = await startProxy(server.url);
  const admin = await createStream({}, { servers: server.url });
  const nc = await connectNats({ servers: proxy.url, reconnectWaitMs: 50 });
  const publisher = createPublisher(nc, { ackTimeoutMs: 500, ...options });
  await publisher.start();
  return {
    ...admin,
    server,
    proxy,
    publisher,
    disconnected: () => onDisconnect(nc),
    async [Symbol.asyncDispose]() {
      await publisher.stop();
      await nc.close();
      await admin.nc.close();
      await proxy.stop();
      await server.stop();
    },
  };
}

type Bundle = Awaited<ReturnType<typeof setup>>;

/** Publishes numbered messages, a few at a time, until it is told to stop. */
function startLoad(s: Bundle, width = 32) {
  const confirmed: string[] = [];
  let stopping = false;
  let next = 0;
  const one = async () => {
    while (!stopping) {
      const body = String(next++);
      await s.publisher.publish(`${s.prefix}.load`, body, { id: body });
      confirmed.push(body);
    }
  };
  const all = Promise.all(Array.from({ length: width }, one));
  return {
    confirmed,
    more: (count: number) => until(`${count} more are confirmed`, progress(confirmed, count), 10_000),
    async end() {
      stopping = true;
      await all;
    },
  };
}

function progress(confirmed: readonly string[], count: number): () => boolean {
  const before = confirmed.length;
  return () => confirmed.length >= before + count;
}

describe('the publisher in an outage', function () {
  this.timeout(30_000);
  before(needsNats);

  it('loses nothing and doubles nothing when the server is killed, and when it is restarted in order', async () => {
    await using s = await setup();
    const load = startLoad(s);
    for (const isKilled of [true, false]) {
      await load.more(500);
      if (isKilled) await s.server.kill();
      await s.server.restart();
      await load.more(500);
    }
    await load.end();
    const stored = await s.bodies();
    expect(new Set(stored).size).to.equal(stored.length);
    expect([...stored].sort()).to.deep.equal([...load.confirmed].sort());
    expect(s.publisher.stats()).to.include({ inFlight: 0, queued: 0 });
    expect(s.publisher.stats().sentAgain).to.be.greaterThan(0);
  });

  it('confirms nothing while the server is away, and everything when it is back', async () => {
    await using s = await setup();
    const load = startLoad(s);
    await load.more(200);
    const disconnected = s.disconnected();
    await s.server.kill();
    // what the server had stored and answered before it died is still on its way when its process is gone
    await disconnected;
    const before = load.confirmed.length;
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(load.confirmed.length).to.equal(before);
    await s.server.restart();
    await load.more(200);
    await load.end();
    expect([...(await s.bodies())].sort()).to.deep.equal([...load.confirmed].sort());
  });

  it('sends again what got no answer, and the server drops the second copy', async () => {
    await using s = await setup();
    s.proxy.stall('toClient');
    const sent = s.publisher.publish(`${s.prefix}.a`, 'once', { id: 'once' });
    await until('it is stored', async () => (await s.bodies()).length === 1);
    s.proxy.disconnect();
    s.proxy.resume();
    expect(await sent).to.include({ sequence: 1, duplicate: true });
    expect(await s.bodies()).to.deep.equal(['once']);
  });

  it('sends again on a connection that stands but is silent, and counts the second answer as late', async () => {
    await using s = await setup({ ackTimeoutMs: 150 });
    s.proxy.stall('toClient');
    const sent = s.publisher.publish(`${s.prefix}.a`, 'x', { id: 'x' });
    await until('it was sent again', () => s.publisher.stats().sentAgain > 0);
    s.proxy.resume();
    expect(await sent).to.include({ sequence: 1 });
    await until('the second answer has come', () => s.publisher.stats().late > 0);
    expect(await s.bodies()).to.deep.equal(['x']);
  });

  it('reports a lost race for a compare-and-set whose acknowledgement was lost: with the sequence of the own write', async () => {
    await using s = await setup();
    s.proxy.stall('toClient');
    const lost = failure(s.publisher.publish(`${s.prefix}.r`, 'mine', { expectLastSubjectSequence: 0, id: 'w1' }));
    await until('it is stored', async () => (await s.bodies()).length === 1);
    s.proxy.disconnect();
    s.proxy.resume();
    const error = await lost;
    expect(isWrongSequence(error)).to.equal(true);
    const { lastSequence } = error as WrongSequence;
    expect((await s.jsm.direct.getMessage(s.name, { seq: lastSequence }))!.string()).to.equal('mine');
  });

  it('takes messages while it is cut off, and sends them afterwards', async () => {
    await using s = await setup();
    s.proxy.cut();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const sent = Array.from({ length: 20 }, (_, n) => s.publisher.publish(`${s.prefix}.a`, String(n)));
    s.proxy.resume();
    const acks = await Promise.all(sent);
    expect(acks.map((ack) => ack.sequence)).to.deep.equal(Array.from({ length: 20 }, (_, n) => n + 1));
  });

  it('gives up at its deadline while it is cut off', async () => {
    await using s = await setup({ deadlineMs: 250, maxInFlight: 1 });
    s.proxy.cut();
    const sent = [failure(s.publisher.publish(`${s.prefix}.a`, '1')), failure(s.publisher.publish(`${s.prefix}.a`, '2'))];
    expect((await Promise.all(sent)).map((error) => error.code)).to.deep.equal(['unavailable', 'unavailable']);
    s.proxy.resume();
    expect(await until('it works again', () => s.publisher.publish(`${s.prefix}.a`, '3').catch(() => undefined))).to.include({
      duplicate: false,
    });
  });
});
