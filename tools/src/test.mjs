/**
 * `npm test`: sets up what is missing, then runs the tests of every workspace, each in a mocha of its own with a nats-server of its own.
 *
 *   npm test                          everything
 *   npm test -- throttle apps/cli     these workspaces, by name or folder
 *   npm test -- throttle --fgrep FIFO what begins with a dash, and what follows, goes to mocha
 *   --coverage   measures
 *   --jobs=N     that many at once, the slow folders of a workspace by themselves (default 1: tests with real time dislike company)
 *   --again      runs a test that fails once more at the end, alone in its file: one that passes then counts as passed and is told as FLAKY
 *   --disturb    lets all processes of the tests stand still for a second now and then, as a loaded machine does (Linux)
 *   --node=PATH  runs the tests, not the set-up, on another Node
 *
 * The last line is `N passed, N failed, N skipped`. A mocha that ends without counting is one failure.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { filesToRunAgain, judgeAgain } from './again.mjs';
import { ensureNatsServer, root, setUp } from './bootstrap.mjs';
import { closingLine, sum } from './counts.mjs';
import { disturb, MARK } from './disturb.mjs';
import { readLayers } from './layers.mjs';
import { runPart } from './parts.mjs';
import { sharesOf } from './shares.mjs';

/** No workspace may take longer; what hangs is killed and counted. */
const WORKSPACE_LIMIT_MS = 20 * 60_000;

const own = { coverage: false, jobs: 1, again: false, disturb: false, node: process.execPath };
/** @type {string[]} */
const names = [];
/** @type {string[]} */
const mochaArgs = [];
for (const arg of process.argv.slice(2)) {
  if (arg === '--coverage') own.coverage = true;
  else if (arg === '--again') own.again = true;
  else if (arg === '--disturb') own.disturb = true;
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

let runs = 0;
const scratch = mkdtempSync(join(tmpdir(), 'troupe-test-'));
const coverageDir = join(root, 'coverage', 'tmp');
if (own.coverage) rmSync(coverageDir, { recursive: true, force: true });

const dirs = workspaces.map(([, { dir }]) => dir);
// one after the other needs no shares, and what mocha is told to run by a person may lie in none of them
const shares = own.jobs > 1 ? sharesOf(dirs, mochaArgs) : dirs.map((dir) => ({ title: dir, dir, args: [] }));
/** @type {import('./counts.mjs').Counts[]} */
const counts = [];
/** @type {(() => Promise<void>)[]} */
const later = [];
const queue = [...shares];
const runQueue = async () => {
  for (let next = queue.shift(); next; next = queue.shift()) await testShare(next);
};
const mark = randomUUID();
const undisturb = own.disturb ? disturb(mark) : undefined;
await Promise.all(Array.from({ length: own.jobs }, runQueue));
if (undisturb) console.log(`stood still ${undisturb()} times`);
for (const runAgain of later) await runAgain();
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

/** @param {import('./shares.mjs').Share} share */
async function testShare({ title, dir, args }) {
  const first = await runMocha(dir, [...mochaArgs, ...args]);
  if (own.jobs > 1) process.stdout.write(`\n== ${title}\n${first.output}`);
  if (first.isLate) console.log(`${title}: killed, it took longer than ${WORKSPACE_LIMIT_MS / 60_000} minutes`);
  const { told } = first;
  const files = own.again && told !== undefined ? filesToRunAgain(told) : undefined;
  if (told !== undefined && files !== undefined) {
    // when all lanes have ended: alone on the machine, too
    console.log(`${title}: ${closingLine(told)} in ${first.seconds} s, runs again`);
    later.push(() => testAgain(title, dir, told, files));
    return;
  }
  let counted = told ?? sum([]);
  // more wrong than mocha could count: a crash, or a process that would not end
  if (first.code !== 0 && counted.failed === 0) counted = { ...counted, failed: 1 };
  console.log(`${title}: ${closingLine(counted)} in ${first.seconds} s`);
  counts.push(counted);
}

/** @param {string} title @param {string} dir @param {import('./again.mjs').Told} told @param {readonly string[]} files */
async function testAgain(title, dir, told, files) {
  console.log(`\n${title}: runs again what failed, alone: ${files.map((file) => relative(join(root, dir), file)).join(', ')}`);
  const second = await runMocha(dir, [...mochaArgs, ...files]);
  if (own.jobs > 1) process.stdout.write(second.output);
  const { counts: judged, flaky } = judgeAgain(told, second);
  for (const line of flaky) console.log(line);
  console.log(`${title}: ${closingLine(judged)} in another ${second.seconds} s`);
  counts.push(judged);
}

/** @param {string} dir @param {readonly string[]} more */
async function runMocha(dir, more) {
  const file = join(scratch, String(runs++));
  const args = ['node_modules/mocha/bin/mocha.js', '--reporter', 'test-infra/src/ci-reporter.mjs'];
  const { code, seconds, output, isLate } = await runPart(
    own.node,
    [...args.map((arg) => (arg.includes('/') ? join(root, arg) : arg)), ...more],
    {
      cwd: join(root, dir),
      env: {
        ...process.env,
        TROUPE_COUNTS: file,
        ...(own.disturb ? { [MARK]: mark } : {}),
        ...(own.coverage ? { NODE_V8_COVERAGE: coverageDir } : {}),
      },
      limitMs: WORKSPACE_LIMIT_MS,
      isHeld: own.jobs > 1,
    },
  );
  const told = existsSync(file) ? /** @type {import('./again.mjs').Told} */ (JSON.parse(readFileSync(file, 'utf8'))) : undefined;
  return { code, seconds, output, isLate, told };
}
