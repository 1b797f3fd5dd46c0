import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NatsServerUnavailable, resolveNatsServer, type ResolveOptions } from '@troupe/nats-server';
import { expect } from 'chai';

describe('resolveNatsServer', () => {
  it('takes the server that NATS_SERVER names', async () => {
    await using box = await setup();
    const binary = await box.server('elsewhere', '2.14.3');
    expect(await box.resolve({ env: { NATS_SERVER: binary } })).to.equal(binary);
  });

  it('does not pass over a NATS_SERVER that is too old or does not run', async () => {
    await using box = await setup();
    await box.server('path', '2.15.0');
    const old = await box.server('elsewhere', '2.9.10');
    const error = await box.refusal({ env: { NATS_SERVER: old, PATH: box.dir('path') } });
    expect(error.message).to.match(/NATS_SERVER is 2\.9\.10; 2\.14\.0 or newer is needed/);
    expect((await box.refusal({ env: { NATS_SERVER: '/no/such/file' } })).message).to.match(/names no nats-server that runs/);
  });

  it('takes the first server on PATH that is new enough', async () => {
    await using box = await setup();
    await box.server('old', '2.10.29');
    const good = await box.server('good', '2.15.1');
    const PATH = [box.dir('empty'), box.dir('old'), box.dir('good')].join(':');
    expect(await box.resolve({ env: { PATH } })).to.equal(good);
  });

  it('compares versions by number, not by text', async () => {
    await using box = await setup();
    await box.server('path', '2.9.99');
    await box.refusal({ env: { PATH: box.dir('path') } });
    const good = await box.server('path', '2.100.0');
    expect(await box.resolve({ env: { PATH: box.dir('path') } })).to.equal(good);
    expect(await box.resolve({ env: { PATH: box.dir('path') }, minVersion: '2.100.0' })).to.equal(good);
    await box.refusal({ env: { PATH: box.dir('path') }, minVersion: '2.100.1' });
  });

  it('takes the newest cached server that runs here', async () => {
    await using box = await setup();
    await box.server('cache/2.14.0', '2.14.0');
    const newest = await box.server('cache/2.15.9', '2.15.9');
    await box.broken('cache/2.15.10');
    await box.server('cache/2.9.0', '2.9.0');
    expect(await box.resolve()).to.equal(newest);
  });

  it('lets TROUPE_NATS_CACHE say where the cache is', async () => {
    await using box = await setup();
    const cached = await box.server('other/2.14.1', '2.14.1');
    expect(await resolveNatsServer({ env: { TROUPE_NATS_CACHE: box.dir('other') }, routes: ['path', 'cache'] })).to.equal(cached);
  });

  it('says what was tried and what helps when there is none', async () => {
    await using box = await setup();
    await box.server('old', '2.10.29');
    const error = await box.refusal({ env: { PATH: box.dir('old') } });
    expect(error.code).to.equal('nats_server_unavailable');
    expect(error.attempts).to.have.length(2);
    expect(error.message).to.match(/on PATH: it is 2\.10\.29; 2\.14\.0 or newer is needed/);
    expect(error.message).to.match(/cache of this project: it is empty/);
    expect(error.message).to.match(/brew install nats-server/);
    expect(await readdir(box.root)).to.deep.equal(['old']);
  });
});

async function setup() {
  const root = await mkdtemp(join(tmpdir(), 'troupe-resolve-'));
  const dir = (name: string) => join(root, name);
  const write = async (name: string, text: string) => {
    await mkdir(dir(name), { recursive: true });
    await writeFile(join(dir(name), 'nats-server'), text);
    await chmod(join(dir(name), 'nats-server'), 0o755);
    return join(dir(name), 'nats-server');
  };
  const resolve = (options: ResolveOptions = {}) =>
    resolveNatsServer({ env: {}, cacheDir: dir('cache'), routes: ['path', 'cache'], ...options });
  return {
    root,
    dir,
    /** A script that answers as a nats-server of that version does. */
    server: (name: string, version: string) => write(name, `#!/bin/sh\necho "nats-server: v${version}"\n`),
    broken: (name: string) => write(name, '#!/bin/sh\nexit 1\n'),
    resolve,
    async refusal(options: ResolveOptions = {}): Promise<NatsServerUnavailable> {
      const error = await resolve(options).then(
        (found) => expect.fail(`found ${found}`),
        (reason: unknown) => reason,
      );
      expect(error).to.be.instanceOf(NatsServerUnavailable);
      return error as NatsServerUnavailable;
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}
