// needs TEST_NATS_URL
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { connectRuntime } from '@troupe/runtime';
import { sourceArgs } from '@troupe/test-infra';
import { expect } from 'chai';

const home = fileURLToPath(new URL('..', import.meta.url));
const program = [...sourceArgs, 'bin/troupe-worker.mjs', '--app', './test/log-app.ts'];

describe('the metrics of a service', () => {
  it('are served where --metrics says, on the loopback, and nothing else is', async () => {
    const servers = process.env['TEST_NATS_URL']!;
    const ns = `metrics-${process.pid}`;
    const runtime = await connectRuntime({ connection: { servers }, ns, applyTopology: true, storage: 'memory', maxLogBytes: 1_048_576 });
    const worker = spawn(process.execPath, [...program, '--servers', servers, '--ns', ns, '--metrics', '0'], {
      cwd: home,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const lines = createInterface(worker.stdout)[Symbol.asyncIterator]();
      const first = String((await lines.next()).value);
      const url = /^metrics at (http:\/\/127\.0\.0\.1:\d+\/metrics)$/.exec(first)?.[1];
      expect(url, first).to.not.equal(undefined);
      const response = await fetch(url!);
      expect(response.headers.get('content-type')).to.match(/^application\/openmetrics-text/);
      expect(await response.text())
        .to.include('# TYPE troupe_attempts counter')
        .and.include('process_cpu_seconds_total');
      expect((await fetch(url!.replace('/metrics', '/'))).status).to.equal(404);
      expect((await fetch(url!, { method: 'POST' })).status).to.equal(404);
    } finally {
      const gone = once(worker, 'exit');
      worker.kill('SIGTERM');
      await gone;
      await runtime.stop();
    }
    expect(worker.exitCode).to.equal(0);
  }).timeout(60_000);

  it('are refused as wrong usage where there is no such address', async () => {
    for (const at of ['many', '70000', 'host:']) {
      const { code, err } = await new Promise<{ code: unknown; err: string }>((resolve) => {
        execFile(process.execPath, [...program, '--metrics', at], { cwd: home }, (error, _, text) =>
          resolve({ code: error?.code, err: text }),
        );
      });
      expect(code, at).to.equal(2);
      expect(err).to.match(/^invalid_options: metrics: /);
    }
  }).timeout(60_000);
});
