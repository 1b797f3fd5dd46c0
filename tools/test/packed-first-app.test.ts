/** The tutorial, as somebody follows it: the packages from their packed files, its programs and its commands as they stand. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guardProcess, natsBinary, needsNats, startNatsServer, until } from '@troupe/test-infra';
import { expect } from 'chai';
import { root } from '../src/layers.mjs';
import { packAll } from './packed/install.ts';
import { type Env, isAlive, type Running, startProgram } from './packed/processes.ts';

const page = readFileSync(join(root, 'docs/first-app.md'), 'utf8');

/** The block that stands under this mark. */
function block(mark: string): string {
  const found = new RegExp(`<!-- first-app: ${mark.replaceAll('.', '\\.')} -->\\n\`\`\`\\w+\\n([^]*?)\`\`\``).exec(page)?.[1];
  if (found === undefined) throw new Error(`there is no ${mark} on the page`);
  return found;
}

/** Lines of a block as program and arguments; quotes as a shell takes them. */
function commands(mark: string): { program: string; args: string[] }[] {
  return block(mark)
    .trim()
    .split('\n')
    .map((line) => {
      const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
      expect(words.shift(), line).to.equal('npx');
      return { program: words[0]!, args: words.slice(1) };
    });
}

async function install(folder: string): Promise<string> {
  const wanted = [...page.matchAll(/^npm install (.*)$/gm)].flatMap(([, names]) => names!.split(' '));
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { devDependencies: { zod: string } };
  expect(wanted).to.include('zod');
  const packed = await packAll(folder);
  const disks = await packed.install(
    'disks',
    wanted.filter((name) => name !== 'zod'),
    { zod: devDependencies.zod },
  );
  for (const file of ['cloud.js', 'app.js']) writeFileSync(join(disks, file), block(file));
  return disks;
}

describe('the first app of the docs', () => {
  before(needsNats);

  it('is made, tried and run as services, command by command', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'troupe-first-app-'));
    const keep = guardProcess(undefined, [folder]);
    const server = await startNatsServer();
    const running: Running[] = [];
    try {
      const disks = await install(folder);
      const start = (program: string, args: readonly string[], env: Env): Running => {
        const one = startProgram(disks, program, args, env);
        running.push(one);
        return one;
      };
      const cloud = start('cloud.js', [], { PORT: '0' });
      const [, CLOUD] = await cloud.says(/the cloud is at (\S+)/);
      const inCloud = async () => (await (await fetch(`${CLOUD}/disks`)).json()) as { name: string }[];
      /** Runs the lines of a block one after the other; what they print, and how they end. */
      const type = async (mark: string, env: Env): Promise<string[]> => {
        const printed: string[] = [];
        for (const { program, args } of commands(mark)) {
          const one = start(program, args, env);
          const code = await one.ended;
          printed.push(one.output());
          expect(code, one.output()).to.equal(mark === 'refused' ? 3 : 0);
        }
        return printed;
      };

      const up = start('troupe', ['up', '--app', './app.js', '--port', '0'], { CLOUD: CLOUD!, NATS_SERVER: await natsBinary() });
      const [, TROUPE_SERVERS] = await up.says(/disks is up at (\S+)/);
      const tried = { TROUPE_SERVERS: TROUPE_SERVERS! };
      // the cloud is as slow as it takes to read the page
      process.kill(cloud.pid, 'SIGSTOP');
      const explained = (await type('commands', tried)).at(-1);
      process.kill(cloud.pid, 'SIGCONT');
      expect(explained).to.match(
        /for 1 disk of cloud: number 2 for disk of cloud \(2 of 2 in use\); longest held by operation\/make-1 for/,
      );
      await until(
        'all four are there',
        async () => {
          const listed = start('troupe', ['operations', '--outcome', 'succeeded', '--json'], tried);
          await listed.ended;
          return listed.output().trim().split('\n').length === 4;
        },
        60_000,
      );
      const [, resources, third, throttle] = await type('later', tried);
      expect(resources!.match(/^disk\/\d +OK +ready /gm)).to.have.lengthOf(4);
      expect(third).to.contain('attempt 1  handler_error: fetch failed');
      expect(throttle).to.contain('0 held, 0 waiting');
      expect((await inCloud()).map(({ name }) => name).sort()).to.deep.equal(['1', '2', '3', '4']);
      expect(up.output()).to.match(/^disk\.create of make-3: attempt 1 failed after \d+ ms, handler_error: fetch failed$/m);

      const shown = /^rejected 4u[^]*?(?=```)/m.exec(page)![0].trim().split('\n');
      const refused = await type('refused', tried);
      const reason = (line: string): string => line.trim().replace(/^rejected \S+: /, '');
      expect(refused.map(reason)).to.deep.equal(shown.map(reason));
      expect(await up.stop(), up.output()).to.equal(0);

      const env = { TROUPE_SERVERS: server.url, CLOUD: CLOUD! };
      await type('topology', env);
      const services = commands('services').map((line) => ({ ...line, process: start(line.program, line.args, env) }));
      for (const { process: service } of services) await service.says(/serves as/);
      const troupe = async (...args: string[]): Promise<void> => {
        const one = start('troupe', args, env);
        expect(await one.ended, one.output()).to.equal(0);
      };
      await troupe('resource', 'register', 'disk/5');
      process.kill(cloud.pid, 'SIGSTOP');
      await troupe('execute', 'disk.create', '--resource', 'disk/5', '--input', '{"size": 1}', '--id', 'make-5');
      const supervisor = services.find(({ program }) => program === 'troupe-supervisor')!;
      process.kill(supervisor.process.pid, 'SIGKILL');
      await supervisor.process.ended;
      const again = start(supervisor.program, supervisor.args, env);
      await again.says(/serves as/);
      process.kill(cloud.pid, 'SIGCONT');
      await troupe('execute', 'disk.create', '--resource', 'disk/5', '--input', '{"size": 1}', '--id', 'make-5', '--wait');
      expect((await inCloud()).filter(({ name }) => name === '5')).to.have.lengthOf(1);
      for (const one of [...services.map(({ process: service }) => service), again])
        if (one !== supervisor.process) expect(await one.stop(), one.output()).to.equal(0);
    } finally {
      for (const one of running.toReversed()) if (isAlive(one.pid)) await one.stop();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
      keep();
    }
  }).timeout(300_000);
});
