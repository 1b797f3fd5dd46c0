import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectNats } from '@troupe/jetstream';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const volume = (id: string, sizeGb = 1): string => {
  const ref = { kind: 'volume', id };
  return JSON.stringify({
    executor: 'openstack.volume.create',
    resource: ref,
    rows: [{ ref, data: { provider: 'cloud-1', name: id, sizeGb } }],
  });
};

interface Demo extends AsyncDisposable {
  readonly child: ChildProcess;
  output(): string;
  /** Exit code, once it has ended. */
  readonly exited: Promise<number | null>;
}

/** The demonstration as a process. It brings a nats-server of its own: that of TEST_NATS_URL is not touched. */
async function startDemo(lines: readonly string[], ...flags: readonly string[]): Promise<Demo> {
  const dir = await mkdtemp(join(tmpdir(), 'troupe-demo-'));
  const file = join(dir, 'commands.jsonl');
  await writeFile(file, lines.join('\n'));
  const args = ['--conditions=@troupe/source', '--import', 'tsx/esm', main, '--input', file, ...flags];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  const exited = once(child, 'close').then(([code]) => code as number | null);
  return {
    child,
    output: () => output,
    exited,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
      await rm(dir, { recursive: true });
    },
  };
}

async function isServing(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const socket = connectTcp(Number(port), hostname);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

describe('the demonstration as a process', function () {
  this.timeout(60_000);

  it('shows the operations as plain lines, sums up what the cloud says, and exits with 0', async () => {
    await using demo = await startDemo([volume('v1'), volume('v2')]);
    expect(await demo.exited, demo.output()).to.equal(0);
    expect(demo.output())
      .to.match(/v1 {2}succeeded {2}2\/2/)
      .and.to.match(/operations +2 succeeded/);
    expect(demo.output()).to.match(/at most 0 instances and [12] volumes built at once \(limit 4 each\), 0 refused, 0 doubled/);
    expect(demo.output())
      .to.match(/throttle +0 tokens held/)
      .and.not.to.include('\u001b[');
  });

  it('exits with 1 when an operation did not end well', async () => {
    await using demo = await startDemo([
      volume('v1'),
      '{"executor":"openstack.volume.create","resource":{"kind":"volume","id":"nowhere"}}',
    ]);
    expect(await demo.exited, demo.output()).to.equal(1);
    expect(demo.output())
      .to.match(/unknown_resource/)
      .and.to.match(/operations +1 succeeded, 1 rejected/);
  });

  it('exits with 2, before it starts anything, for lines that are wrong', async () => {
    await using demo = await startDemo(['{"executor":7}']);
    expect(await demo.exited).to.equal(2);
    expect(demo.output()).to.equal('malformed: line 1: executor must be text\n');
  });

  it('stays up on --keep, takes the raw command that it prints, and ends all it started on SIGTERM', async () => {
    await using demo = await startDemo([volume('v1')], '--keep');
    await until('it says how to go on', () => / pub \S+ '.*'\n/.test(demo.output()), 30_000);
    const [, url, subject, body] = /nats --server (\S+) pub (\S+) '(.*)'/.exec(demo.output())!;
    const nc = await connectNats({ servers: url! });
    const answers: string[] = [];
    nc.subscribe('troupe.answer.my-1', { callback: (_error, message) => void answers.push(message.string()) });
    nc.publish(subject!, body!);
    await until('it answers', () => answers.length > 0);
    expect(answers[0]).to.include('"rejected"').and.to.include('unknown_resource');
    await nc.close();
    demo.child.kill('SIGTERM');
    expect(await demo.exited).to.equal(143);
    expect(await isServing(url!), 'its nats-server has ended').to.equal(false);
  });

  it('ends all it started also when it is interrupted in the middle of its work', async () => {
    await using demo = await startDemo(Array.from({ length: 8 }, (_, i) => volume(`v${i}`)));
    await until('it works', () => demo.output().includes('running'), 30_000);
    const url = /nats-server (\S+)/.exec(demo.output())![1]!;
    expect(await isServing(url)).to.equal(true);
    demo.child.kill('SIGINT');
    expect(await demo.exited, demo.output()).to.equal(130);
    expect(await isServing(url)).to.equal(false);
    expect(demo.output()).not.to.include('Error');
  });
});
