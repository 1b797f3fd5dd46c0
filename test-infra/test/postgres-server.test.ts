import { existsSync } from 'node:fs';
import { createSchema, needs, postgresBinaries, postgresIsRequired, startPostgres } from '@troupe/test-infra';
import { expect } from 'chai';
import { runMocha } from './run-mocha.ts';

const test = ['a suite that names TEST_POSTGRES_URL has a PostgreSQL server'];

async function needsPostgres(this: { skip(): never }): Promise<void> {
  await needs(this, 'PostgreSQL', async () => postgresBinaries());
}

describe('a PostgreSQL server of a test', () => {
  before(needsPostgres);

  it('keeps its port and its data over kill -9 and restart, and gives each test a schema of its own', async function () {
    this.timeout(30_000);
    await using server = await startPostgres();
    const { url, pid } = server;
    await using schema = await createSchema(url);
    await using other = await createSchema(url);
    await schema.query('CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)');
    await other.query('CREATE TABLE kept (n int)');
    await server.kill();
    expect(server.isRunning).to.equal(false);
    await server.restart();
    expect(server.url).to.equal(url);
    expect(server.pid).not.to.equal(pid);
    expect(await schema.query('SELECT n FROM kept')).to.deep.equal([{ n: 1 }]);
    expect(await other.query('SELECT n FROM kept')).to.deep.equal([]);
  });

  it('leaves no process and no folder when it is stopped, twice', async function () {
    this.timeout(30_000);
    const server = await startPostgres();
    await using schema = await createSchema(server.url);
    const [row] = await schema.query('SHOW data_directory');
    const folder = String(row!['data_directory']);
    expect(existsSync(folder)).to.equal(true);
    await schema.drop();
    const { pid } = server;
    await server.stop();
    await server.stop();
    expect(() => process.kill(pid, 0)).to.throw(/ESRCH/);
    expect(existsSync(folder)).to.equal(false);
  });
});

describe('a test whose PostgreSQL cannot be had', () => {
  it('is skipped and counted', async function () {
    this.timeout(20_000);
    const report = await runMocha('postgres-needed.ts', { POSTGRES_BIN: '/no/such/folder', TEST_POSTGRES_URL: '' });
    expect(report).to.deep.include({ code: 0, passes: [], failures: [], pending: test });
    expect(report.stderr).to.match(/Tests that need a PostgreSQL server are skipped\. POSTGRES_BIN names/);
  });

  it('fails in CI that could have installed it', async function () {
    this.timeout(20_000);
    const env = { POSTGRES_BIN: '/no/such/folder', TEST_POSTGRES_URL: '', CI: 'true', TROUPE_CI_POSTGRES: '1' };
    const report = await runMocha('postgres-needed.ts', env);
    expect(report.code).not.to.equal(0);
    expect(report.passes).to.deep.equal([]);
  });

  it('runs where there is one', async function () {
    await needsPostgres.call(this as never);
    this.timeout(30_000);
    expect(await runMocha('postgres-needed.ts')).to.deep.include({ code: 0, passes: test, failures: [], pending: [] });
  });

  it('is required in CI only that says so', () => {
    expect(postgresIsRequired({ CI: 'true' })).to.equal(false);
    expect(postgresIsRequired({ TROUPE_CI_POSTGRES: '1' })).to.equal(false);
    expect(postgresIsRequired({ CI: 'true', TROUPE_CI_POSTGRES: '1' })).to.equal(true);
  });
});
