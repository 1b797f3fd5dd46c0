/**
 * `npm test`: sets up what is missing, then runs all tests of all workspaces in one mocha run, with a nats-server of its own.
 * Arguments go to mocha (`npm test -- --fgrep throttle`). `--coverage` measures.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { checkNode, ensureBuilt, ensureInstalled, root } from './bootstrap.mjs';

checkNode();
ensureInstalled();
// types first: mocha runs the sources as they are, and would not see a type that is wrong; the apps under test run from dist
ensureBuilt();

const { resolveNatsServer } = await import('@troupe/nats-server');
const given = process.argv.slice(2);
const coverage = given.includes('--coverage');
let server;
try {
  server = await resolveNatsServer();
} catch (error) {
  if (process.env['CI'] !== undefined) throw error;
  console.error(`${error.message}\nTests that need a nats-server are skipped.`);
}
const mocha = join(root, 'node_modules', 'mocha', 'bin', 'mocha.js');
const c8 = join(root, 'node_modules', 'c8', 'bin', 'c8.js');
const specs = ['packages/*/test/**/*.test.ts', 'apps/*/test/**/*.test.ts', 'test-infra/test/*.test.ts', 'tools/test/**/*.test.ts', 'tools/*/test/**/*.test.ts'];
const args = [
  ...(coverage ? [c8, '--all', '--src', 'packages', '--src', 'apps', '--include', 'packages/*/src/**', '--include', 'apps/*/src/**', '-r', 'text-summary'] : []),
  mocha,
  '--config',
  'tools/mocha.root.json',
  '--reporter',
  './test-infra/src/ci-reporter.mjs',
  ...given.filter((arg) => arg !== '--coverage'),
  ...(given.some((arg) => arg.endsWith('.ts')) ? [] : specs),
];
const env = { ...process.env, ...(server === undefined ? {} : { NATS_SERVER: typeof server === 'string' ? server : server.path }) };
const done = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env });
process.exitCode = done.status ?? 1;
