// needs TEST_NATS_URL
import { jetstream } from '@nats-io/jetstream';
import { createClient } from '@troupe/client';
import { type FaultProxy, startNatsServer, startProxy, type TestNatsServer, until } from '@troupe/test-infra';
import { defineTask } from '@troupe/task';
import { expect } from 'chai';
import { createInstallation, endedRoot, type Installation, natsUrl, operationRoot, refusal } from './installation.ts';

const report = defineTask({ name: 'report', pool: 'mail', idempotent: 'yes' });
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

describe('an outage while something is watched', () => {
  it('loses the events of that time and no others', async () => {
    await using all = await setup();
    const { at, proxy } = all;
    const emit = (n: number): Promise<unknown> =>
      jetstream(at.nc).publish(
        at.subjects.event(['operation', `${n}`]),
        JSON.stringify({ v: 1, id: `e-${n}`, topic: ['operation', `${n}`], at: n, body: null }),
      );
    await using client = clientThrough(all);
    const feed = await client.watch({ topics: [['operation']] });
    const seen: string[] = [];
    const reading = (async () => {
      for await (const event of feed) {
        seen.push(event.topic[1]!);
        if (event.topic[1] === 'last') break;
      }
    })();
    await emit(1);
    await until('the first is seen', () => seen.includes('1'));
    proxy.cut();
    await emit(2);
    proxy.resume();
    // until the subscription is there again, what is told is lost
    await until('events come again', async () => {
      await emit(3);
      return seen.includes('3');
    });
    await jetstream(at.nc).publish(
      at.subjects.event(['operation', 'last']),
      JSON.stringify({ v: 1, id: 'e', topic: ['operation', 'last'], at: 1, body: null }),
    );
    await reading;
    expect(seen).to.not.include('2');
    expect(seen[0]).to.equal('1');
  });
});

describe('a lone task in an outage', () => {
  it('that was not stored in time has an unknown outcome', async () => {
    await using all = await setup();
    await using client = clientThrough(all, { answerTimeout: '200ms' });
    await client.start();
    all.proxy.cut();
    const error = await refusal(client.sendTask(report, null, { id: 't-1' }));
    expect(error).to.include({ code: 'unanswered', retryable: true });
    expect(error.data).to.deep.equal({ id: 't-1' });
  });

  it('is stored once, however often the acknowledgement is lost', async () => {
    await using all = await setup();
    const { at, proxy } = all;
    await using client = clientThrough(all);
    await client.start();
    const stored = async (): Promise<number> => (await at.jsm.streams.info(at.subjects.streams.tasks)).state.messages;
    proxy.stall('toClient');
    const sending = client.sendTask(report, null, { id: 't-1' });
    // the time of the server is asked for first; its answer is lost as well
    proxy.disconnect();
    proxy.resume();
    expect((await sending).id).to.equal('t-1');
    expect(await stored()).to.equal(1);
  });

  it('has a result that is found after it', async () => {
    await using all = await setup();
    const { at, proxy } = all;
    await using client = clientThrough(all, { checkEvery: '10m' });
    const end = client.followTask('t-1').ended();
    await client.start();
    proxy.cut();
    const result = { v: 1, id: 't-1', task: 'report', attempt: 1, outcome: { kind: 'succeeded', output: 1 }, endedAt: 1 };
    await jetstream(at.nc).publish(at.subjects.result('t-1'), JSON.stringify(result));
    proxy.resume();
    expect(await end).to.deep.equal(result);
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
    expect(performance.now() - startedAt).to.be.below(10_000);
    expect((await executing).code).to.be.oneOf(['unavailable', 'unanswered']);
    server.thaw();
  });
});
