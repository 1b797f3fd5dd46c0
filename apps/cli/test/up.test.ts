// needs TEST_NATS_URL
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sourceArgs, until } from '@troupe/test-infra';
import { createExecutor, step } from '@troupe/executor';
import { defineKind } from '@troupe/resource';
import { defineTask, type WorkerEvent } from '@troupe/task';
import { expect } from 'chai';
import { eventText, readyText } from '@troupe/cli/internal';
import { app } from './apps/notes.ts';
import { type } from './terminal.ts';

const home = fileURLToPath(new URL('..', import.meta.url));
const program = [...sourceArgs, 'src/main.ts'];
const notes = './test/apps/notes.ts';

interface Up extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly servers: string;
  output(): string;
  end(signal: NodeJS.Signals): Promise<number | null>;
}

async function up(...flags: string[]): Promise<Up> {
  const { TEST_NATS_URL: _, ...env } = process.env;
  const child = spawn(process.execPath, [...program, 'up', '--app', notes, '--json', ...flags], { cwd: home, env });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (out += chunk.toString()));
  const gone = once(child, 'exit') as Promise<[number | null]>;
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal);
    return (await gone)[0];
  };
  try {
    const line = await until('it is up', () => /^\{"ready".*$/m.exec(out)?.[0] ?? (child.exitCode === null ? undefined : 'gone'), 15_000);
    if (line === 'gone') throw new Error(out);
    const { servers } = JSON.parse(line) as { servers: string };
    return {
      child,
      servers,
      output: () => out,
      end,
      [Symbol.asyncDispose]: async () => void (child.exitCode === null && child.signalCode === null && (await end('SIGKILL'))),
    };
  } catch (error) {
    child.kill('SIGKILL');
    await gone;
    throw error;
  }
}

const isReachable = (servers: string): Promise<boolean> => type(['operations', '--servers', servers]).then(({ code }) => code === 0);

const createBook = createExecutor({
  name: 'book.create',
  family: 'create',
  resource: defineKind({ kind: 'book' }),
  plan: () => step('bind', defineTask({ name: 'book.bind', idempotent: 'yes' }), {}),
});

describe('troupe up', () => {
  it('runs an app with all that it needs, until Ctrl-C', async () => {
    await using running = await up('--port', '0');
    const { code, out } = await type(['execute', 'note.write', '--input', '{"text":"hello"}', '--wait', '--servers', running.servers]);
    expect(code, out).to.equal(0);
    expect(await running.end('SIGINT')).to.equal(0);
    expect(running.output()).to.contain('stopping');
    expect(await isReachable(running.servers)).to.equal(false);
  }).timeout(40_000);

  it('tells of attempts that fail, and how to send a command', async () => {
    await using running = await up('--port', '0');
    const { code } = await type(['execute', 'note.write', '--input', '{"text":"bad"}', '--wait', '--servers', running.servers]);
    expect(code).to.equal(1);
    await until('it is told', () => running.output().includes('"type":"taskEnded"'));
    const line = running
      .output()
      .split('\n')
      .find((one) => one.includes('taskEnded'))!;
    const event = JSON.parse(line) as WorkerEvent;
    expect(event).to.deep.include({ task: 'note.write', attempt: 1, outcome: 'failed' });
    expect(eventText({ ...event, operation: 'o-1', tookMs: 7 } as WorkerEvent)).to.match(
      /^note\.write of o-1: attempt 1 failed after 7 ms, \w+: no such note\n$/,
    );
    expect(readyText(app, { servers: 'nats://here' }, 'mine')).to.match(
      /^notes is up at nats:\/\/here\n\nexecutors\n( {2}\S+\n)+\nfrom another terminal\n {2}troupe execute note\.write --servers nats:\/\/here --ns mine --wait\n$/,
    );
    expect(readyText({ ...app, executors: [createBook] }, { servers: 'nats://here' }, 'troupe')).to.contain(
      'troupe resource register book/1 --servers nats://here\n  troupe execute book.create --resource book/1 --servers nats://here --wait',
    );
  }).timeout(40_000);

  it('leaves no server behind when it is killed', async () => {
    await using running = await up('--port', '0');
    expect(await isReachable(running.servers)).to.equal(true);
    await running.end('SIGKILL');
    await until('the server is gone', async () => !(await isReachable(running.servers)), 10_000);
  }).timeout(40_000);

  it('keeps its data where it is told to, and goes on with it', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'troupe-up-'));
    try {
      await using first = await up('--port', '0', '--data', dir);
      await type(['execute', 'note.write', '--input', '{"text":"hello"}', '--id', 'o-1', '--wait', '--servers', first.servers]);
      await type(['execute', 'note.hold', '--id', 'o-2', '--servers', first.servers]);
      await first.end('SIGTERM');
      await using second = await up('--port', '0', '--data', dir);
      const shown = await type(['show', 'o-1', '--json', '--servers', second.servers]);
      expect(JSON.parse(shown.out)).to.include({ outcome: 'succeeded' });
      expect(await type(['cancel', 'o-2', '--wait', '--servers', second.servers])).to.include({ code: 0 });
      await second.end('SIGTERM');
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  }).timeout(60_000);

  it('uses a server that is named, and leaves it running', async () => {
    const servers = process.env['TEST_NATS_URL']!;
    const ns = `up-${process.pid}`;
    await using running = await up('--servers', servers, '--ns', ns);
    expect(running.servers).to.equal(servers);
    const flags = ['--servers', servers, '--ns', ns];
    expect((await type(['execute', 'note.write', '--input', '{"text":"x"}', '--wait', ...flags])).code).to.equal(0);
    expect(await running.end('SIGTERM')).to.equal(0);
    expect((await type(['operations', ...flags])).code).to.equal(0);
  }).timeout(40_000);
});

describe('troupe up that cannot', () => {
  const wrong: [string, string[], string][] = [
    ['without an app', [], 'which app? name its module by --app or TROUPE_APP'],
    ['with a module that is not there', ['--app', './nowhere.mjs'], 'app: there is no ./nowhere.mjs'],
    ['with a module that exports no app', ['--app', './test/terminal.ts'], 'exports no `app`'],
    ['with a port that is none', ['--app', notes, '--port', 'http'], 'port: "http" is no port'],
  ];
  for (const [what, flags, text] of wrong) {
    it(`${what} says so`, async () => {
      const { code, err } = await type(['up', ...flags]);
      expect(code).to.equal(2);
      expect(err).to.contain(text);
    });
  }

  it('have its port says so, with the words of the server', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as { port: number };
    const { code, err } = await type(['up', '--app', notes, '--port', String(port)]);
    holder.close();
    expect(code).to.equal(5);
    expect(err).to.contain('nats-server did not come up').and.contain('address already in use');
  }).timeout(20_000);

  it('use the topology that it finds leaves no role running', async () => {
    const servers = process.env['TEST_NATS_URL']!;
    const ns = `up-mismatch-${process.pid}`;
    await type(['topology', 'apply', '--servers', servers, '--ns', ns, '--partitions', '1']);
    const { code, err } = await type(['up', '--app', notes, '--servers', servers, '--ns', ns]);
    expect(code).to.equal(5);
    expect(err).to.contain('topology_mismatch');
  }).timeout(20_000);
});
