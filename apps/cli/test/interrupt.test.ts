// needs TEST_NATS_URL
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { sourceArgs, until } from '@troupe/test-infra';
import { expect } from 'chai';
import { createInstallation, endedRoot, type Installation, operationRoot } from './terminal.ts';

const home = fileURLToPath(new URL('..', import.meta.url));
const program = [...sourceArgs, 'src/main.ts'];

interface Running {
  readonly child: ChildProcess;
  out(): string;
  err(): string;
  /** Exit code. */
  readonly gone: Promise<number | null>;
}

function start(at: Installation, ...args: string[]): Running {
  const child = spawn(process.execPath, [...program, ...args], { cwd: home, env: { ...process.env, ...at.env, TROUPE_TIMEOUT: '20s' } });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const gone = once(child, 'exit').then(([code]) => code as number | null);
  return { child, out: () => out, err: () => err, gone };
}

describe('a command that waits', () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`ends at ${signal} with 130, and the operation goes on`, async () => {
      await using at = await createInstallation({ answer: 'accepted' });
      const waiting = start(at, 'execute', 'x', '--id', 'o-1', '--wait');
      await until('it waits', () => waiting.out().includes('accepted'), 20_000);
      waiting.child.kill(signal);
      expect(await waiting.gone).to.equal(130);
      expect(waiting.err()).to.equal('');
      expect(await at.verbs()).to.deep.equal([]);
    }).timeout(40_000);
  }

  it('for its first answer ends at Ctrl-C as well', async () => {
    await using at = await createInstallation();
    const waiting = start(at, 'execute', 'x', '--id', 'o-1');
    await until('the command has arrived', () => at.commands.length > 0, 20_000);
    waiting.child.kill('SIGINT');
    expect(await waiting.gone).to.equal(130);
    expect(waiting.out()).to.equal('');
  }).timeout(40_000);

  it('for a cancel ends at Ctrl-C, and the cancel stays ordered', async () => {
    await using at = await createInstallation();
    await at.putRecord('o-1', operationRoot());
    const waiting = start(at, 'cancel', 'o-1', '--wait');
    await until('it waits', () => waiting.out().includes('cancel ordered o-1'), 20_000);
    waiting.child.kill('SIGINT');
    expect(await waiting.gone).to.equal(130);
    expect(await at.verbs()).to.have.lengthOf(1);
  }).timeout(40_000);
});

describe('a pipe that is closed early', () => {
  it('is no reason for a stack', async () => {
    await using at = await createInstallation();
    for (let i = 0; i < 300; i++) await at.putRecord(`o-${i}`, endedRoot('succeeded', { output: 'x'.repeat(2_000) }));
    const listing = start(at, 'operations', '--json', '--limit', '300');
    listing.child.stdout!.destroy();
    expect(await listing.gone).to.equal(0);
    expect(listing.err()).to.equal('');
  }).timeout(40_000);
});
