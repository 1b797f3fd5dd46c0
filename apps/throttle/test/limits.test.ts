// needs TEST_NATS_URL
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sourceArgs, startNatsServer } from '@troupe/test-infra';
import { expect } from 'chai';

const bin = fileURLToPath(new URL('../bin/troupe-throttle.mjs', import.meta.url));

const run = (...args: string[]): Promise<{ code: unknown; out: string; err: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, [...sourceArgs, bin, ...args], (error, out, err) => resolve({ code: error?.code ?? 0, out, err }));
  });

describe('troupe-throttle --limits', () => {
  it('refuses a file that is not there or no JSON as wrong usage, by name', async () => {
    for (const file of ['nowhere.json', bin]) {
      const { code, err } = await run('--limits', file);
      expect(code).to.equal(2);
      expect(err).to.include('invalid_options').and.include(file);
    }
  }).timeout(30_000);

  it('says what is wrong in the file by its field, before it connects to anything', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'troupe-limits-'));
    const file = join(folder, 'limits.json');
    for (const [field, text] of [
      ['limits.kind', '{ "kind": { "vm": 1 } }'],
      ['limits.kinds.vm', '{ "kinds": { "vm": -1 } }'],
      ['limits', 'null'],
      ['in JSON at position 2', '{ kinds: {} }'],
    ] as const) {
      await writeFile(file, text);
      const { code, err } = await run('--limits', file, '--servers', 'nats://127.0.0.1:1');
      expect(err, text)
        .to.match(/^invalid_options: /)
        .and.include(field);
      expect(code).to.equal(2);
    }
    await rm(folder, { recursive: true });
  }).timeout(30_000);

  it('says in one line what is wrong with its flags', async () => {
    for (const [args, text] of [
      [['--limits'], '--limits'],
      [['limits.json'], 'limits.json'],
      [['--limts', 'x'], '--limts'],
      [[], '--limits'],
      [['--limits', 'limits.json', '--app', './app.js'], '--app'],
      [['--app', './nowhere.js'], './nowhere.js'],
    ] as const) {
      const { code, err } = await run(...args);
      expect(err.trim().split('\n'), err).to.have.length(1);
      expect(err)
        .to.match(/^invalid_options: /)
        .and.include(text);
      expect(code).to.equal(2);
    }
  }).timeout(60_000);

  it('says how the streams are made where there are none', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'troupe-limits-'));
    const file = join(folder, 'limits.json');
    await writeFile(file, '{}');
    const { code, err } = await run('--limits', file, '--servers', process.env['TEST_NATS_URL']!, '--ns', `none-${process.pid}`);
    expect(err)
      .to.match(/^topology_mismatch: /)
      .and.include('--apply-topology');
    expect(code).to.equal(1);
    await rm(folder, { recursive: true });
  }).timeout(30_000);

  it('says in one line that the server has no JetStream', async () => {
    await using server = await startNatsServer({ jetstream: false });
    const folder = await mkdtemp(join(tmpdir(), 'troupe-limits-'));
    const file = join(folder, 'limits.json');
    await writeFile(file, '{}');
    for (const more of [[], ['--apply-topology']]) {
      const { code, err } = await run('--limits', file, '--servers', server.url, ...more);
      expect(err.trim().split('\n'), err).to.have.length(1);
      expect(err)
        .to.match(/^unavailable: /)
        .and.include('nats-server with -js');
      expect(code).to.equal(1);
    }
    await rm(folder, { recursive: true });
  }).timeout(60_000);

  it('is shown by --help', async () => {
    expect((await run('--help')).out).to.include('--limits FILE');
  }).timeout(30_000);
});
