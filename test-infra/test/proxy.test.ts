import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type FaultProxy, startProxy, until } from '@troupe/test-infra';
import { expect } from 'chai';

describe('the fault proxy', () => {
  it('passes bytes and ends on both ways', async () => {
    await using box = await setup();
    box.client.write('ping');
    await box.clientHas('PING');
    const closed = once(box.client, 'close');
    box.client.end('bye');
    await closed;
    expect(box.seenByClient()).to.equal('PINGBYE');
    await until('both ends are gone', () => box.proxy.stats.connections === 0);
    expect(box.proxy.stats).to.deep.equal({ connections: 0, toServer: 7, toClient: 7 });
  });

  it('passes a large body whole, whatever the speed of the reader', async () => {
    await using box = await setup();
    const body = 'x'.repeat(5_000_000);
    box.client.pause();
    box.client.write(body);
    await until('the server has much of it', () => box.proxy.stats.toServer > 100_000);
    box.client.resume();
    await until('all of it came back', () => box.seenByClient().length === body.length);
  });

  it('cut resets connections and refuses new ones until it is healed', async () => {
    await using box = await setup();
    box.proxy.cut();
    await box.clientIsReset();
    const [again] = await box.connectAndWait();
    expect(again).to.equal('reset');
    box.proxy.resume();
    expect(await box.connectAndWait('hi')).to.deep.equal(['HI']);
  });

  it('stall of one direction holds its bytes and lets the other flow', async () => {
    await using box = await setup();
    box.proxy.stall('toClient');
    box.client.write('one');
    await until('the server has the request', () => box.seenByServer() === 'one');
    box.say('spoken');
    expect(box.seenByClient()).to.equal('');

    box.proxy.resume();
    await box.clientHas('ONEspoken');
    box.proxy.stall('toServer');
    box.client.write('two');
    box.say('!');
    await box.clientHas('ONEspoken!');
    expect(box.seenByServer()).to.equal('one');
    box.proxy.resume();
    await box.clientHas('ONEspoken!TWO');
  });

  it('stall also holds the end of a connection', async () => {
    await using box = await setup();
    box.proxy.stall();
    box.client.end('last');
    box.say('x');
    await once(box.client, 'finish');
    expect(box.serverSees()).to.equal('open');
    box.proxy.resume();
    await until('the server sees the end', () => box.serverSees() === 'ended');
    expect(box.seenByServer()).to.equal('last');
  });

  it('disconnect loses what was held: the effect happened, the answer never came', async () => {
    await using box = await setup();
    box.proxy.stall('toClient');
    box.client.write('effect');
    await until('the effect happened', () => box.seenByServer() === 'effect');
    box.proxy.disconnect();
    await box.clientIsReset();
    box.proxy.resume();
    expect(box.seenByClient()).to.equal('');
  });

  it('delay holds every chunk for that long and keeps their order', async () => {
    await using box = await setup();
    box.proxy.delay(60, 'toServer');
    const start = performance.now();
    for (const word of ['a', 'b', 'c']) box.client.write(word);
    await box.clientHas('ABC');
    expect(performance.now() - start).to.be.within(55, 10_000);
    box.proxy.delay(0);
    box.client.write('d');
    await box.clientHas('ABCD');
  });

  it('cutWhen resets the connection at the chunk that fits, once', async () => {
    await using box = await setup();
    box.proxy.cutWhen('toClient', (chunk) => chunk.includes('ACK'));
    box.client.write('work');
    await box.clientHas('WORK');
    box.client.write('ack');
    await box.clientIsReset();
    expect(box.seenByServer()).to.equal('workack');
    expect(box.seenByClient()).to.equal('WORK');
    expect(await box.connectAndWait('ack')).to.deep.equal(['ACK']);
  });

  it('of a server that is not there resets the client', async () => {
    const proxy = await startProxy('tcp://127.0.0.1:1');
    const [end] = await answers(proxy, '');
    expect(end).to.equal('reset');
    await proxy.stop();
  });
});

/** A server that answers in capitals, a proxy before it and a client behind that. */
async function setup() {
  let received = '';
  let state = 'none';
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    state = 'open';
    socket.on('error', () => {});
    socket.on('end', () => (state = 'ended'));
    socket.on('data', (chunk) => {
      received += chunk;
      socket.write(String(chunk).toUpperCase());
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await startProxy(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`);

  let seen = '';
  let wasReset = false;
  const client = connect(proxy.port, '127.0.0.1');
  client.on('data', (chunk) => (seen += chunk));
  client.on('error', () => (wasReset = true));
  await until('the connection is through', () => sockets.size === 1);
  return {
    proxy,
    client,
    seenByClient: () => seen,
    seenByServer: () => received,
    serverSees: () => state,
    say: (text: string) => [...sockets][0]?.write(text),
    clientHas: (text: string) => until(`the client has ${text}`, () => seen === text),
    clientIsReset: () => until('the client is reset', () => wasReset),
    connectAndWait: (text = '') => answers(proxy, text),
    async [Symbol.asyncDispose]() {
      client.destroy();
      await proxy.stop();
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** What a new client gets for that text. */
async function answers(proxy: FaultProxy, text: string): Promise<string[]> {
  const socket = connect(proxy.port, '127.0.0.1');
  try {
    return await new Promise((resolve) => {
      socket.once('data', (chunk) => resolve([String(chunk)]));
      socket.once('error', () => resolve(['reset']));
      if (text) socket.write(text);
    });
  } finally {
    socket.destroy();
  }
}
