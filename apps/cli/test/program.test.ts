// needs TEST_NATS_URL
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { exitCodes } from '@troupe/cli';
import { sourceArgs, startNatsServer } from '@troupe/test-infra';
import { expect } from 'chai';
import { createInstallation, endedRoot, natsUrl, type } from './terminal.ts';

const home = fileURLToPath(new URL('..', import.meta.url));
const program = [...sourceArgs, 'src/main.ts'];

describe('the program', () => {
  it('is a process with output, errors and an exit code of its own', async () => {
    await using at = await createInstallation(
      { answer: 'accepted' },
      { answer: 'ended', outcome: 'failed', error: { code: 'x', message: 'm' } },
    );
    await at.putRecord('o-1', endedRoot('succeeded'));
    const env = { ...process.env, ...at.env };
    const start = (...args: string[]) =>
      promisify(execFile)(process.execPath, [...program, ...args], { cwd: home, env }).then(
        (done) => ({ ...done, code: 0 }),
        (error: { code: number; stdout: string; stderr: string }) => error,
      );
    const [list, wait, wrong] = await Promise.all([
      start('operations', '--json'),
      start('execute', 'x', '--id', 'o-2', '--wait'),
      start('operations', '--limit', 'many'),
    ]);
    expect(list.code).to.equal(0);
    expect(JSON.parse(list.stdout)).to.include({ id: 'o-1', outcome: 'succeeded' });
    expect(wait).to.include({ code: 1, stdout: 'accepted o-2\nfailed o-2\n', stderr: 'x: m\n' });
    expect(wrong).to.include({ code: 2, stdout: '' });
    expect(wrong.stderr).to.contain('limit: "many"');
  }).timeout(30_000);

  it('says what it can do', async () => {
    const { code, out } = await type(['--help']);
    expect(code).to.equal(0);
    for (const name of ['execute', 'operations', 'show', 'explain', 'cancel', 'topology', 'up']) expect(out).to.contain(name);
    expect(await type(['--version'])).to.include({ code: 0, out: '0.1.0\n' });
    const help = (await type(['execute', '--help'])).out;
    expect(help).to.contain('TROUPE_SERVERS').and.contain('--wait');
  });

  it('refuses a command that does not exist, and none at all', async () => {
    const { code, err } = await type(['exekute']);
    expect(code).to.equal(2);
    expect(err).to.contain("unknown command 'exekute'").and.contain('execute');
    expect((await type([])).code).to.equal(2);
  });

  it('has every exit code in its README, and no other', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const listed = [...readme.matchAll(/^\| (\d+) \|/gm)].map((match) => Number(match[1]));
    expect(listed).to.deep.equal(Object.values(exitCodes));
  });
});

describe('connecting', () => {
  const config = `accounts { APP { jetstream: enabled, users: [
    { user: ann, password: secret, permissions: { publish: { allow: ["$JS.API.DIRECT.GET.>"] }, subscribe: { allow: ["_INBOX_ann.>"] } } } ] } }`;

  it('takes user, password and inbox prefix from the environment, flags first', async () => {
    await using server = await startNatsServer({ config });
    const env = { TROUPE_SERVERS: server.url, TROUPE_USER: 'ann', TROUPE_PASSWORD: 'secret', TROUPE_INBOX_PREFIX: '_INBOX_ann' };
    // there are no streams: connected, and refused nothing
    const known = await type(['operations'], { env });
    expect(known.err).to.contain('troupe_STATE cannot be read now');
    const { code, err } = await type(['operations', '--user', 'bob'], { env });
    expect(code).to.equal(5);
    expect(err).to.contain('not_permitted').and.contain(server.url).and.not.contain('secret');
    const denied = await type(['cancel', 'o-1'], { env });
    expect(denied).to.include({ code: 5 });
  });

  it('counts an empty variable as absent', async () => {
    await using at = await createInstallation();
    expect((await type(['operations'], { env: { ...at.env, TROUPE_USER: '', TROUPE_CREDS: '' } })).code).to.equal(0);
  });

  it('takes several servers with commas between', async () => {
    await using at = await createInstallation();
    expect((await type(['operations', '--servers', `nats://127.0.0.1:1, ${natsUrl()}`], at)).code).to.equal(0);
  });

  it('refuses two ways to say who one is', async () => {
    const { code, err } = await type(['operations'], { env: { TROUPE_USER: 'a', TROUPE_TOKEN: 'b' } });
    expect(code).to.equal(2);
    expect(err).to.contain('exclude each other').and.contain('(field user)');
  });

  it('names a file that it cannot read', async () => {
    const { code, err } = await type(['operations', '--nkey', '/nowhere/seed']);
    expect({ code, err: err.includes('nkey: cannot read /nowhere/seed') }).to.deep.equal({ code: 2, err: true });
  });
});
