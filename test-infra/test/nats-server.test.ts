import { existsSync } from 'node:fs';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { needsNats, startNatsServer, startProxy, type TestNatsServer } from '@troupe/test-infra';
import { expect } from 'chai';

describe('a nats-server of a test', () => {
  before(needsNats);

  it('keeps its port and its data over kill -9 and restart', async () => {
    await using server = await startNatsServer();
    const { url, pid } = server;
    await withStream(server, async (js) => void (await js.publish('kept', 'one')));
    await server.kill();
    expect(server.isRunning).to.equal(false);
    await server.restart();
    expect(server.url).to.equal(url);
    expect(server.pid).not.to.equal(pid);
    expect(await messages(server)).to.equal(1);
  });

  it('is silent while it is frozen and goes on when it is thawed', async () => {
    await using server = await startNatsServer();
    const connection = await connect({ servers: server.url, reconnect: false });
    server.freeze();
    const roundTrip = connection.flush();
    expect(await Promise.race([roundTrip.then(() => 'answer'), silence(150)])).to.equal('silence');
    server.thaw();
    await roundTrip;
    await connection.close();
  });

  it('can be stopped and started again while it is frozen, and stopped twice', async () => {
    const server = await startNatsServer();
    server.freeze();
    await server.restart();
    server.freeze();
    await server.stop();
    await server.stop();
    expect(existsSync(server.storeDir)).to.equal(false);
  });

  it('takes configuration as text', async () => {
    await using server = await startNatsServer({
      config: `
        accounts {
          A: { jetstream: enabled, users: [{ user: "a", password: "a", permissions: { publish: ["$JS.API.INFO"], subscribe: ["_INBOX.>"] } }] }
          B: { users: [{ user: "b", password: "b" }] }
        }`,
    });
    const a = await connect({ servers: server.url, user: 'a', pass: 'a' });
    expect((await (await jetstreamManager(a)).getAccountInfo()).streams).to.equal(0);
    await a.close();
    const refused = await connect({ servers: server.url, reconnect: false }).then(
      (open) => open.close().then(() => 'open'),
      (error: unknown) => (error as Error).name,
    );
    expect(refused).to.equal('AuthorizationError');
  });

  it('is reached through a proxy, whose cut its clients survive', async () => {
    await using server = await startNatsServer();
    await using proxy = await startProxy(server.url);
    const connection = await connect({ servers: proxy.url, reconnectTimeWait: 20, ignoreClusterUpdates: true });
    await connection.flush();
    const seen: string[] = [];
    const listening = (async () => {
      for await (const { type } of connection.status()) {
        seen.push(type);
        if (type === 'reconnect') return;
      }
    })();
    proxy.disconnect();
    await listening;
    expect(seen).to.include.members(['disconnect', 'reconnect']);
    await connection.flush();
    await connection.close();
  });
});

async function withStream(server: TestNatsServer, use: (js: ReturnType<typeof jetstream>) => Promise<void>) {
  const connection = await connect({ servers: server.url });
  await (await jetstreamManager(connection)).streams.add({ name: 'KEPT', subjects: ['kept'] });
  await use(jetstream(connection));
  await connection.close();
}

async function messages(server: TestNatsServer): Promise<number> {
  const connection = await connect({ servers: server.url });
  const info = await (await jetstreamManager(connection)).streams.info('KEPT');
  await connection.close();
  return info.state.messages;
}

function silence(ms: number): Promise<string> {
  return new Promise((resolve) => setTimeout(() => resolve('silence'), ms));
}
