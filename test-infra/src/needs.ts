/** Which servers of tests can be had, and what happens to the tests when they cannot. */
import { resolveNatsServer } from '@troupe/nats-server';

let found: Promise<string> | undefined;

/** The binary for this run, looked for once. Rejects when there is none. */
export function natsBinary(): Promise<string> {
  found ??= resolveNatsServer({ log: (line) => console.error(line) });
  return found;
}

/** True where a missing server is a failure and not a reason to skip. */
export function serversAreRequired(env: NodeJS.ProcessEnv = process.env): boolean {
  return env['CI'] !== undefined && env['CI'] !== '' && env['CI'] !== 'false';
}

/** True where a missing PostgreSQL is a failure: in CI that says it can install one, as `.ci/run` does. */
export function postgresIsRequired(env: NodeJS.ProcessEnv = process.env): boolean {
  return serversAreRequired(env) && env['TROUPE_CI_POSTGRES'] === '1';
}

/** The part of mocha's hook context that is needed to skip. */
export interface CanSkip {
  skip(): never;
}

/**
 * For `before(needsNats)`: skips the tests of the suite where no nats-server can be had, and fails them in CI.
 * A spec file that names TEST_NATS_URL needs no such line; see `mocha.ts`.
 */
export async function needsNats(this: CanSkip): Promise<void> {
  await needs(this, 'nats-server', natsBinary);
}

/** The same for anything else that a test needs: `find` rejects when it cannot be had. */
export async function needs(context: CanSkip, what: string, find: () => Promise<unknown>): Promise<void> {
  try {
    await find();
  } catch (error) {
    if (serversAreRequired()) throw new Error(`${what} is required in CI`, { cause: error });
    context.skip();
  }
}
