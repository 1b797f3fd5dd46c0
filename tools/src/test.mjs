/**
 * `npm test`: sets up what is missing, then runs the tests of every workspace, each in a mocha of its own with a nats-server of its own.
 *
 *   npm test                          everything
 *   npm test -- throttle apps/cli     these workspaces, by name or folder
 *   npm test -- throttle --fgrep FIFO what begins with a dash, and what follows, goes to mocha
 *   --coverage   measures;   --jobs=N   that many workspaces at once (default 1: tests with real time dislike company)
 *   --node=PATH  runs the tests, not the set-up, on another Node
 *
 * The last line is `N passed, N failed, N skipped`. A mocha that ends without counting is one failure.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureNatsServer, root, setUp } from './bootstrap.mjs';
import { closingLine, sum } from './counts.mjs';
import { readLayers } from './layers.mjs';
import { runPart } from './parts.mjs';

/** No workspace may take longer; what hangs is killed and counted. */
const WORKSPACE_LIMIT_MS = 20 * 60_000;

const own = { coverage: false, jobs: 1, node: process.execPath };
/** @type {string[]} */
const names = [];
/** @type {string[]} */
const mochaArgs = [];
for (const arg of process.argv.slice(2)) {
  if (arg === '--coverage') own.coverage = true;
  else if (arg.startsWith('--jobs=')) own.jobs = Number(arg.slice('--jobs='.length));
  else if (arg.startsWith('--node=')) own.node = arg.slice('--node='.length);
  else if (mochaArgs.length > 0 || arg.startsWith('-')) mochaArgs.push(arg);
  else names.push(arg);
}

setUp();
await ensureNatsServer(); // without one the tests decide: skipped here, failed in CI

const workspaces = Object.entries(readLayers())
  .filter(([name, { dir }]) => names.length === 0 || names.includes(name) || names.includes(dir))
  .filter(([, { dir }]) => existsSync(join(root, dir, 'test')));
const unknown = names.filter((name) => !workspaces.some(([short, { dir }]) => name === short || name === dir));
if (unknown.length > 0) {
  console.error(`No workspace with tests: ${unknown.join(', ')}`);
  process.exit(2);
}

const scratch = mkdtempSync(join(tmpdir(), 'troupe-test-'));
const coverageDir = join(root, 'coverage', 'tmp');
if (own.coverage) rmSync(coverageDir, { recursive: true, force: true });

/** @type {import('./counts.mjs').Counts[]} */
const counts = [];
const queue = [...workspaces];
const runQueue = async () => {
  for (let next = queue.shift(); next; next = queue.shift()) counts.push(await testWorkspace(...next));
};
await Promise.all(Array.from({ length: own.jobs }, runQueue));
rmSync(scratch, { recursive: true, force: true });

if (own.coverage) {
  const sources = ['packages', 'apps'].flatMap((dir) => ['--src', dir, '--include', `${dir}/*/src/**`]);
  const c8 = [
    join(root, 'node_modules/c8/bin/c8.js'),
    'report',
    '--temp-directory',
    coverageDir,
    '--all',
    ...sources,
    '-r',
    'text-summary',
    '-r',
    'lcov',
  ];
  await runPart(process.execPath, c8, { cwd: root });
}
const total = sum(counts);
console.log(closingLine(total));
process.exitCode = total.failed > 0 ? 1 : 0;

/** @param {string} name @param {import('./layers.mjs').Layer} layer */
async function testWorkspace(name, { dir }) {
  const file = join(scratch, name);
  const args = ['node_modules/mocha/bin/mocha.js', '--reporter', 'test-infra/src/ci-reporter.mjs'];
  const { code, seconds, output, isLate } = await runPart(
    own.node,
    [...args.map((arg) => (arg.includes('/') ? join(root, arg) : arg)), ...mochaArgs],
    {
      cwd: join(root, dir),
      env: { ...process.env, TROUPE_COUNTS: file, ...(own.coverage ? { NODE_V8_COVERAGE: coverageDir } : {}) },
      limitMs: WORKSPACE_LIMIT_MS,
      isHeld: own.jobs > 1,
    },
  );
  if (own.jobs > 1) process.stdout.write(`\n== ${dir}\n${output}`);
  const counted = existsSync(file) ? /** @type {import('./counts.mjs').Counts} */ (JSON.parse(readFileSync(file, 'utf8'))) : sum([]);
  if (isLate) console.log(`${dir}: killed, it took longer than ${WORKSPACE_LIMIT_MS / 60_000} minutes`);
  // more wrong than mocha could count: a crash, or a process that would not end
  if (code !== 0 && counted.failed === 0) counted.failed = 1;
  console.log(`${dir}: ${closingLine(counted)} in ${seconds} s`);
  return counted;
}
