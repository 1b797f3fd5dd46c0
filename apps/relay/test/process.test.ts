// Needs the servers of TEST_NATS_URL and TEST_POSTGRES_URL.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { createRelayService } from '@troupe/app-relay';
import { createPool, migrate } from '@troupe/postgres';
import { createSchema, sourceArgs, until } from '@troupe/test-infra';
import { stressService } from '@troupe/testing';

const entry = `import { main } from '@troupe/app-relay'; await main(process.argv.slice(1));`;

function run(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const node = [...sourceArgs, '--input-type=module', '-e', entry, '--', ...args];
  const cwd = fileURLToPath(new URL('.', import.meta.url));
  const child = execFile(process.execPath, node, { cwd, env: { ...process.env, ...env } });
  let output = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (text: string) => (output += text));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number, output }));
  return { child, ended };
}

describe('the relay as a process', () => {
  it('makes its tables, serves, and ends by a signal with 0', async () => {
    await using schema = await createSchema();
    const { child, ended } = run(['--migrate', '--schema', schema.name], {
      TROUPE_DATABASE: schema.url,
      TROUPE_SERVERS: process.env['TEST_NATS_URL'],
    });
    await once(child.stdout!, 'data');
    child.kill('SIGTERM');
    expect(await ended).to.deep.equal({ code: 0, output: 'relay serves\nrelay stopped\n' });
    expect(await schema.query("SELECT troupe_enqueue('x') AS id")).to.have.length(1);
  }).timeout(20_000);

  it('ends with 1 and a reason where the tables are missing or a server is not there, with 2 for a wrong flag, and tells its flags', async () => {
    await using schema = await createSchema();
    const servers = process.env['TEST_NATS_URL'];
    const ends = await Promise.all([
      run(['--schema', schema.name], { TROUPE_DATABASE: schema.url, TROUPE_SERVERS: servers }).ended,
      run(['--database', 'postgres://127.0.0.1:1/x'], { TROUPE_SERVERS: servers }).ended,
      run(['--servers', 'nats://127.0.0.1:1'], { TROUPE_DATABASE: schema.url }).ended,
      run(['--databse', 'x']).ended,
      run(['--help']).ended,
    ]);
    expect(ends.map(({ code }) => code)).to.deep.equal([1, 1, 1, 2, 0]);
    const said = [
      /^topology_mismatch: /,
      /^unavailable: .*PostgreSQL/,
      /^unavailable: cannot connect to nats/,
      /databse/,
      /--database URL/,
    ];
    for (const [i, pattern] of said.entries()) expect(ends[i]!.output).to.match(pattern);
  }).timeout(30_000);
});

async function makeService(servers: string) {
  const schema = await createSchema();
  const pool = createPool({ connectionString: schema.url });
  await migrate(pool, { schema: schema.name });
  await pool.end();
  const mine = () => schema.query('SELECT 1 FROM pg_stat_activity WHERE application_name = $1', [schema.name]);
  const service = createRelayService({
    database: { connectionString: schema.url, applicationName: schema.name },
    schema: schema.name,
    connection: { servers },
  });
  return { service, isGone: () => until('no connection', async () => (await mine()).length === 0), close: () => schema.drop() };
}

stressService(() => makeService(process.env['TEST_NATS_URL']!), {
  name: 'a relay with its connections',
  makeFailing: () => makeService('nats://127.0.0.1:1'),
  rounds: 8,
});
