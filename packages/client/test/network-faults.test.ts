// needs TEST_NATS_URL
import { createClient } from '@troupe/client';
import { type FaultProxy, startNatsServer, startProxy, type TestNatsServer, until } from '@troupe/test-infra';
import { expect } from 'chai';
import { createInstallation, endedRoot, type Installation, natsUrl, operationRoot, refusal } from './installation.ts';

const request = { executor: 'volume.create', input: { size: 10 } };

async function setup(): Promise<{ at: Installation; proxy: FaultProxy } & AsyncDisposable> {
  const at = await createInstallation();
  const proxy = await startProxy(natsUrl());
  return {
    at,
    proxy,
    async [Symbol.asyncDispose]() {
      await proxy.stop();
      await at[Symbol.asyncDispose]();
    },
  };
}

const clientThrough = (all: { at: Installation; proxy: FaultProxy }, options: object = {}) =>
  createClient({ servers: all.proxy.url, reconnectWaitMs: 20 }, { ns: all.at.ns, ...options });

describe('a lost acknowledgement', () => {
  it('of a command makes it come late, not twice', async () => {
    await using all = await setup();
    const { at, proxy } = all;
    const door = await at.door((_, tell) => tell({ answer: 'accepted' }));
    await using client = clientThrough(all, { checkEvery: '10m' });
    await client.start();
    // the server stores it; what it says about that is lost with the connection
    proxy.stall('toClient');
    const executing = client.execute({ ...request, id: 'o-1' });
    await until('the command is there', () => door.commands.length > 0);
    proxy.disconnect();
    proxy.resume();
    await executing;
    expect((await at.jsm.streams.info(at.subjects.streams.commands)).state.last_seq).to.be.at.most(2);
    for (const command of door.commands) expect(command).to.deep.equal(door.commands[0]);
  });

  it('of a verb leaves one verb', async () => {
    await using all = await setup();
    const { at, proxy } = all;
    await using client = clientThrough(all);
    await client.start();
    proxy.stall('toClient');
    const setting = client.setLimit({ scope: 'p', kind: 'vm', limit: 1 });
    const stored = async (): Promise<number> => (await at.jsm.streams.info(at.subjects.streams.mail)).state.messages;
    await until('the verb is there', stored);
    proxy.disconnect();
    proxy.resume();
    await setting;
    expect(await stored()).to.equal(1);
  });
});

describe('a connection that is cut', () => {
  it('while an end is awaited costs a reconnect', async () => {
    await using all = await setup();
    const { at, proxy } = all;
    await at.door((_, tell) => tell({ answer: 'accepted' }));
    await using client = clientThrough(all, { checkEvery: '10m' });
    const operation = await client.execute(request);
    await at.putRecord(operation.id, operationRoot());
    const end = operation.ended();
    proxy.cut();
    await at.putRecord(operation.id, endedRoot('succeeded', { output: 1 }));
    proxy.resume();
    expect(await end).to.deep.equal({ outcome: 'succeeded', output: 1 });
  });

  it('while nobody awaited the end does not hide it from who asks later', async () => {
    await using all = await setup();
    const { at, proxy } = all;
    await at.door((_, tell) => tell({ answer: 'accepted' }));
    await using client = clientThrough(all, { checkEvery: '10m' });
    const operation = await client.execute(request);
    proxy.cut();
    await at.putRecord(operation.id, endedRoot('failed', { error: { code: 'x', message: 'm' } }));
    proxy.resume();
    await until('it is connected again', () => client.operation(operation.id).catch(() => undefined), 9_000);
    expect(await operation.ended()).to.deep.equal({ outcome: 'failed', error: { code: 'x', message: 'm' } });
  });

  it('while operations are read is told as unavailable, and the next read goes well', async () => {
    await using all = await setup();
    const { at, proxy } = all;
    for (let i = 0; i < 3; i++) await at.putRecord(`o-${i}`, operationRoot());
    await using client = clientThrough(all);
    await client.start();
    proxy.stall('toClient');
    const reading = refusal(client.operation('o-1'));
    proxy.disconnect();
    expect(await reading).to.include({ code: 'unavailable', retryable: true });
    proxy.resume();
    await until('it is connected again', () =>
      client.operations().then(
        (found) => found.length === 3,
        () => false,
      ),
    );
  });

  it('for good at the first connect is told as unavailable', async () => {
    await using all = await setup();
    all.proxy.cut();
    const client = clientThrough(all);
    expect(await refusal(client.start())).to.include({ code: 'unavailable', retryable: true });
  });
});

describe('a slow network', () => {
  it('is waited for within the time limit', async () => {
    await using all = await setup();
    const { at, proxy } = all;
    await at.door((_, tell) => {
      tell({ answer: 'accepted' });
      tell({ answer: 'ended', outcome: 'succeeded' });
    });
    await using client = clientThrough(all);
    await client.start();
    proxy.delay(80);
    const operation = await client.execute(request);
    expect(await operation.ended()).to.deep.equal({ outcome: 'succeeded' });
  });

  it('beyond the time limit leaves the outcome unknown', async () => {
    await using all = await setup();
    const { at, proxy } = all;
    await at.door((_, tell) => tell({ answer: 'accepted' }));
    await using client = clientThrough(all, { answerTimeout: '100ms' });
    await client.start();
    proxy.delay(400);
    expect(await refusal(client.execute(request))).to.include({ code: 'unanswered', retryable: true });
  });
});

describe('a server that stands still', () => {
  async function frozen(): Promise<{ server: TestNatsServer; at: Installation } & AsyncDisposable> {
    const server = await startNatsServer();
    const at = await createInstallation(server.url);
    return {
      server,
      at,
      async [Symbol.asyncDispose]() {
        await at[Symbol.asyncDispose]();
        await server.stop();
      },
    };
  }

  it('makes commands late, and takes each once', async () => {
    await using all = await frozen();
    const { server, at } = all;
    const door = await at.door((_, tell) => tell({ answer: 'accepted' }));
    await using client = createClient(server.url, { ns: at.ns, answerTimeout: '8s' });
    await client.start();
    server.freeze();
    await at.still();
    const executing = Promise.all(Array.from({ length: 5 }, (_, i) => client.execute({ ...request, id: `o-${i}` })));
    await at.still();
    server.thaw();
    await executing;
    expect(door.commands.map(({ id }) => id).toSorted()).to.deep.equal(['o-0', 'o-1', 'o-2', 'o-3', 'o-4']);
  });

  it('does not hold up the end of the client for long', async () => {
    await using all = await frozen();
    const { server, at } = all;
    const client = createClient(server.url, { ns: at.ns, answerTimeout: '300ms' });
    await client.start();
    server.freeze();
    await at.still();
    const executing = refusal(client.execute(request));
    const startedAt = performance.now();
    await client.stop();
    expect(performance.now() - startedAt).to.be.below(4_000);
    expect((await executing).code).to.be.oneOf(['unavailable', 'unanswered']);
    server.thaw();
  });
});
