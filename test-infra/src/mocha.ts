/** mocha's root hooks: one nats-server for the whole run, its URL in TEST_NATS_URL. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { resolveNatsServer } from '@troupe/nats-server';

let server: ChildProcess | undefined;
let dir = '';

export async function mochaGlobalSetup(): Promise<void> {
  if (process.env['TEST_NATS_URL']) return;
  const binary = await resolveNatsServer();
  dir = mkdtempSync(join(tmpdir(), 'troupe-nats-'));
  server = spawn(binary, ['-a', '127.0.0.1', '-p', '-1', '-js', '-sd', join(dir, 'js'), '--ports_file_dir', dir], { stdio: 'ignore' });
  for (let i = 0; i < 500; i++) {
    const file = readdirSync(dir).find((name) => name.endsWith('.ports'));
    if (file) {
      process.env['TEST_NATS_URL'] = (JSON.parse(readFileSync(join(dir, file), 'utf8')) as { nats: string[] }).nats[0];
      server.unref();
      return;
    }
    await sleep(10);
  }
  throw new Error('nats-server did not come up within 5 s');
}

export function mochaGlobalTeardown(): void {
  server?.kill('SIGKILL');
  if (dir) rmSync(dir, { recursive: true, force: true });
}
