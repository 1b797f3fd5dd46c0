import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { poolsOf } from '@troupe/runtime';
import { expect } from 'chai';
import { sourceArgs } from '@troupe/test-infra';
import { app } from './app.ts';

const home = fileURLToPath(new URL('..', import.meta.url));

async function start(...args: string[]): Promise<{ code: number; stderr: string }> {
  const node = sourceArgs;
  // no server listens there: what is wrong is said before anything connects
  const all = [...node, 'bin/troupe-worker.mjs', '--servers', 'nats://127.0.0.1:1', ...args];
  return promisify(execFile)(process.execPath, all, { cwd: home }).then(
    ({ stderr }) => ({ code: 0, stderr }),
    ({ code, stderr }: { code: number; stderr: string }) => ({ code, stderr }),
  );
}

describe('troupe-worker', () => {
  it('refuses a pool that its app has not, naming those that it has', async () => {
    const { code, stderr } = await start('--app', './test/app.ts', '--pools', 'small, big');
    expect(code).to.equal(2);
    expect(stderr).to.equal(`invalid_options: "big" is no pool of ${app.name}: ${poolsOf(app).join(', ')}\n`);
  });

  it('serves the pools that it is given, as far as there is a server', async () => {
    const { code, stderr } = await start('--app', './test/app.ts', '--pools', 'small');
    expect(code).to.equal(1);
    expect(stderr).to.contain('unavailable: cannot connect');
  });
}).timeout(20_000);
