import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Release, resolveNatsServer } from '@troupe/nats-server';
import { expect } from 'chai';

const run = promisify(execFile);
const platform = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`;

describe('the release archive of nats-server', () => {
  it('is downloaded, checked and kept for the next time', async () => {
    await using box = await setup('2.15.0');
    const binary = await box.resolve();
    expect(binary).to.equal(join(box.cacheDir, '2.15.0', 'nats-server'));
    expect((await run(binary, ['--version'])).stdout).to.equal('nats-server: v2.15.0\n');
    expect(box.requests).to.deep.equal([`/v2.15.0/nats-server-v2.15.0-${platform}.tar.gz`]);

    expect(await box.resolve()).to.equal(binary);
    expect(box.requests, 'the second time comes from the cache').to.have.length(1);
    expect(await readdir(box.cacheDir), 'nothing else is left').to.deep.equal(['2.15.0']);
  });

  it('is not used when its checksum is not the one written down', async () => {
    await using box = await setup('2.15.0');
    const error = await box.refusal({ sha256: { [platform]: 'f'.repeat(64) } });
    expect(error.message).to.match(/has the checksum [0-9a-f]{64}, expected f{64}: it is not used/);
    expect(await readdir(box.cacheDir)).to.deep.equal([]);
  });

  it('is not used when it holds a server that is too old', async () => {
    await using box = await setup('2.13.9');
    expect((await box.refusal({})).message).to.match(/what was brought is 2\.13\.9, older than 2\.14\.0/);
    expect(await readdir(box.cacheDir)).to.deep.equal([]);
  });

  it('is not asked for where no checksum is known for the machine', async () => {
    await using box = await setup('2.15.0');
    expect((await box.refusal({ sha256: { 'plan9-mips': 'f'.repeat(64) } })).message).to.match(/no checksum is known for/);
    expect(box.requests).to.deep.equal([]);
  });

  it('that is not there, or a host that does not answer, is reported with its address', async () => {
    await using box = await setup('2.15.0');
    expect((await box.refusal({ version: '2.99.0' })).message).to.match(/v2\.99\.0\.tar\.gz|HTTP 404/);
    expect((await box.refusal({ baseUrl: 'http://127.0.0.1:1' })).message).to.match(/127\.0\.0\.1:1.*: (ECONNREFUSED|bad port)/);
  });

  it('brought by several at once is whole for each of them', async () => {
    await using box = await setup('2.15.0');
    const found = await Promise.all([box.resolve(), box.resolve(), box.resolve()]);
    expect(new Set(found).size).to.equal(1);
    expect(await readdir(box.cacheDir)).to.deep.equal(['2.15.0']);
  });

  it('has a checksum for each system that is served', async () => {
    const source = await readFile(new URL('../src/release.mjs', import.meta.url), 'utf8');
    expect(source.match(/'(linux|darwin)-(amd64|arm64)': '[0-9a-f]{64}'/g)).to.have.length(4);
  });
});

/** A loopback server that serves one archive as the releases page does: a folder with a program that answers as a server of that version. */
async function setup(answers: string) {
  const root = await mkdtemp(join(tmpdir(), 'troupe-release-'));
  const folder = `nats-server-v2.15.0-${platform}`;
  await mkdir(join(root, folder));
  await writeFile(join(root, folder, 'nats-server'), `#!/bin/sh\necho "nats-server: v${answers}"\n`);
  await chmod(join(root, folder, 'nats-server'), 0o755);
  await run('tar', ['-czf', `${folder}.tar.gz`, folder], { cwd: root });
  const archive = await readFile(join(root, `${folder}.tar.gz`));

  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    if (request.url === `/v2.15.0/${folder}.tar.gz`) response.end(archive);
    else response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');

  const good: Release = {
    version: '2.15.0',
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sha256: { [platform]: createHash('sha256').update(archive).digest('hex') },
  };
  const cacheDir = join(root, 'cache');
  const resolve = (release: Partial<Release> = {}) =>
    resolveNatsServer({ env: {}, cacheDir, routes: ['cache', 'release'], release: { ...good, ...release } });
  return {
    cacheDir,
    requests,
    resolve,
    refusal: (release: Partial<Release>) =>
      resolve(release).then(
        (found) => expect.fail(`found ${found}`),
        (reason: unknown) => reason as Error,
      ),
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await rm(root, { recursive: true, force: true });
    },
  };
}
