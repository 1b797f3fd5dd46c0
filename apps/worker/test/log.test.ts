// needs TEST_NATS_URL
import { execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createClient } from '@troupe/client';
import { connectRuntime, startSupervisor } from '@troupe/runtime';
import { sourceArgs, until } from '@troupe/test-infra';
import { expect } from 'chai';
import { app, tasks } from './log-app.ts';

const home = fileURLToPath(new URL('..', import.meta.url));
const program = [...sourceArgs, 'bin/troupe-worker.mjs', '--app', './test/log-app.ts'];

interface Line {
  readonly type: string;
  readonly task?: string;
  readonly outcome?: string;
}

describe('the log of a worker', () => {
  it('S88 tells each end of regular work and what it logs, and of background work its failures', async () => {
    const servers = process.env['TEST_NATS_URL']!;
    const ns = `log-${process.pid}`;
    const runtime = await connectRuntime({ connection: { servers }, ns, applyTopology: true, storage: 'memory', maxLogBytes: 1_048_576 });
    // a lone task that fails is its supervisor's
    const supervisor = await startSupervisor(runtime, app);
    const client = createClient({ servers }, { ns });
    const worker = spawn(process.execPath, [...program, '--servers', servers, '--ns', ns], {
      cwd: home,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines: Line[] = [];
    createInterface(worker.stdout).on('line', (line) => line.startsWith('{') && lines.push(JSON.parse(line) as Line));
    try {
      const ended = tasks.map(async (task) => (await client.sendTask(task, undefined)).ended());
      expect((await Promise.all(ended)).map(({ outcome }) => outcome.kind)).to.deep.equal(['succeeded', 'failed', 'succeeded', 'failed']);
      const told = (): string[] => lines.map(({ type, task, outcome }) => [type, task, outcome].filter(Boolean).join(' ')).sort();
      await until('both failures are told', () => told().filter((line) => line.endsWith('failed')).length === 2);
      expect(told()).to.deep.equal([
        'log regular.bad',
        'log regular.good',
        'taskEnded background.bad failed',
        'taskEnded regular.bad failed',
        'taskEnded regular.good succeeded',
      ]);
    } finally {
      worker.kill('SIGKILL');
      await client.stop();
      await supervisor.stop();
      await runtime.stop();
    }
  }).timeout(30_000);

  it('is refused at a level that there is not', (done) => {
    execFile(process.execPath, [...program, '--log', 'loud'], { cwd: home }, (error, _stdout, stderr) => {
      expect([error?.code, stderr]).to.deep.equal([2, 'invalid_options: log: loud is none of debug, info, warn, error\n']);
      done();
    });
  }).timeout(20_000);
});
