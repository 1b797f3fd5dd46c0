/**
 * mocha's root hooks: one nats-server for the whole run, its URL in TEST_NATS_URL, and the leak guard.
 *
 * A spec file that names TEST_NATS_URL needs the server. Where none can be had its tests are skipped, and counted as such; in CI that is a failure.
 * The same holds for TEST_POSTGRES_URL, whose server is started only where a spec file names it, and is required only where `.ci/run` could install one.
 */
import { readFileSync } from 'node:fs';
import { type RunningNatsServer, startNatsServer } from '@troupe/nats-server';
import Mocha from 'mocha';
import { type Leak, leaksSince, snapshot, watchLeaks } from './leaks.ts';
import { natsBinary, postgresIsRequired, serversAreRequired } from './needs.ts';
import { startPostgres, type TestPostgres } from './postgres-server.ts';
import { until } from './until.ts';

const LEAK_GRACE_MS = 2_000;
const EXIT_GRACE_MS = 5_000;
const POSTGRES_START_MS = 30_000;
let server: RunningNatsServer | undefined;
let postgres: TestPostgres | undefined;

export async function mochaGlobalSetup(): Promise<void> {
  if (process.env['TEST_NATS_URL']) return;
  try {
    const binary = await natsBinary();
    server = await startNatsServer({ binary });
    process.env['TEST_NATS_URL'] = server.url;
    // child processes of tests need not look for it again
    process.env['NATS_SERVER'] = binary;
  } catch (error) {
    if (serversAreRequired()) throw error;
    console.error(`Tests that need a nats-server are skipped. ${error instanceof Error ? error.message : String(error)}`);
  }
}

export async function mochaGlobalTeardown(): Promise<void> {
  await server?.stop();
  await postgres?.stop();
  // mocha does not end the process; what still holds it is named instead of waited for
  setTimeout(() => {
    console.error(`The tests have ended, the process has not. It is held by: ${process.getActiveResourcesInfo().join(', ')}`);
    process.exit(1);
  }, EXIT_GRACE_MS).unref();
}

let before: ReturnType<typeof snapshot> = new Set();
let atStart: ReturnType<typeof snapshot> = new Set();

export const mochaHooks = {
  async beforeAll(this: Mocha.Context): Promise<void> {
    watchLeaks();
    if (!process.env['TEST_NATS_URL']) skip(naming('TEST_NATS_URL', rootOf(this)));
    this.timeout(POSTGRES_START_MS);
    await startPostgresFor(naming('TEST_POSTGRES_URL', rootOf(this)));
    atStart = snapshot();
  },
  beforeEach(): void {
    before = snapshot();
  },
  async afterEach(this: Mocha.Context): Promise<void> {
    const test = this.currentTest;
    if (test) await report(this, test.fullTitle(), before);
  },
  async afterAll(this: Mocha.Context): Promise<void> {
    await report(this, 'the whole run', atStart);
  },
};

function rootOf(context: Mocha.Context): Mocha.Suite {
  let suite = context.test?.parent as Mocha.Suite;
  while (suite.parent) suite = suite.parent;
  return suite;
}

/** Adds a failing test for each leak: the test itself has been reported already, and a failing root hook would end the run. */
async function report(context: Mocha.Context, title: string, since: ReturnType<typeof snapshot>): Promise<void> {
  if (leaksSince(since).length === 0) return;
  // what is ending just now is no leak
  await until('no leaks', () => leaksSince(since).length === 0, LEAK_GRACE_MS).catch(() => undefined);
  const leaks = leaksSince(since);
  if (leaks.length === 0) return;
  const suite = Mocha.Suite.create(rootOf(context), 'leak guard');
  for (const leak of leaks) {
    suite.addTest(new Mocha.Test(`${title} leaves a ${leak.what} alive`, () => Promise.reject(errorOf(leak))));
    await leak.end();
  }
}

function errorOf(leak: Leak): Error {
  const error = new Error(`a ${leak.what} was not ended; it was made here:`);
  error.stack = `${error.message}\n${leak.stack}`;
  return error;
}

/** The suites of spec files that name a server. */
function naming(variable: string, root: Mocha.Suite): Mocha.Suite[] {
  return root.suites.filter((suite) => suite.file && readFileSync(suite.file, 'utf8').includes(variable));
}

function skip(suites: readonly Mocha.Suite[]): void {
  for (const suite of suites) suite.pending = true;
}

async function startPostgresFor(suites: readonly Mocha.Suite[]): Promise<void> {
  if (suites.length === 0 || process.env['TEST_POSTGRES_URL']) return;
  try {
    postgres = await startPostgres();
    process.env['TEST_POSTGRES_URL'] = postgres.url;
  } catch (error) {
    if (postgresIsRequired()) throw error;
    console.error(`Tests that need a PostgreSQL server are skipped. ${error instanceof Error ? error.message : String(error)}`);
    skip(suites);
  }
}
