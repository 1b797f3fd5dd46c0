import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startNatsServer } from '@troupe/nats-server';
import { needsNats, until } from '@troupe/test-infra';
import { expect } from 'chai';

const owner = fileURLToPath(new URL('./owner.mjs', import.meta.url));

describe('startNatsServer', () => {
  before(needsNats);

  it('listens on a free port with JetStream, and leaves nothing when it is stopped', async () => {
    const server = await startNatsServer({ name: 'one' });
    const state = (await (await fetch(`${server.monitorUrl}/jsz`)).json()) as { config: { store_dir: string } };
    expect(state.config.store_dir).to.match(new RegExp(`^${server.storeDir}`));
    expect(isAlive(server.pid)).to.equal(true);
    await server.stop();
    await server.stop();
    expect(await server.exited).to.deep.equal({ code: 0, signal: null });
    expect(isAlive(server.pid)).to.equal(false);
    expect(existsSync(dirname(server.logFile))).to.equal(false);
  });

  it('keeps the data of a store folder that it was given', async () => {
    const storeDir = await mkdtemp(join(tmpdir(), 'troupe-store-'));
    const server = await startNatsServer({ storeDir });
    await server.stop();
    expect(existsSync(join(storeDir, 'jetstream'))).to.equal(true);
    await rm(storeDir, { recursive: true });
  });

  it('says why when the server does not come up', async () => {
    const busy = createServer().listen(0, '127.0.0.1');
    await once(busy, 'listening');
    const { port } = busy.address() as AddressInfo;
    const error = await startNatsServer({ port, readyMs: 5_000 }).then(
      () => expect.fail('it came up'),
      (reason: unknown) => reason as Error,
    );
    busy.close();
    expect(error.message).to.match(/address already in use/);
    expect(await failure({ config: 'this is { no configuration' })).to.match(/did not come up: it ended at once/);
  });

  it('has the server end with its owner, also when the owner is killed', async () => {
    const child = fork(owner, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const [server] = (await once(child, 'message')) as [{ pid: number; logFile: string }];
    expect(isAlive(server.pid)).to.equal(true);
    child.kill('SIGKILL');
    await until('the server is gone', () => !isAlive(server.pid));
    await until('its folder is gone', () => !existsSync(dirname(server.logFile)));
  });

  it('kills no process that has been forgotten', async () => {
    const sleeper = spawn('sleep', ['60']);
    const child = fork(owner, [String(sleeper.pid)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const [server] = (await once(child, 'message')) as [{ pid: number }];
    child.kill('SIGKILL');
    await until('the server is gone', () => !isAlive(server.pid));
    expect(isAlive(sleeper.pid as number)).to.equal(true);
    sleeper.kill('SIGKILL');
    await once(sleeper, 'exit');
  });
});

function failure(options: Parameters<typeof startNatsServer>[0]) {
  return startNatsServer(options).then(
    () => expect.fail('it came up'),
    (reason: unknown) => (reason as Error).message,
  );
}

/** A process that has ended but is not yet collected by its parent counts as gone. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return !isZombie(pid);
}

function isZombie(pid: number): boolean {
  try {
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
