/**
 * What `.ci/run` does once the machine has what it needs: every part after the other, each with a time limit, and one closing line that is the sum.
 * A part that prints a closing line of its own adds its counts; another one counts as one. `.ci/run lint shape` runs these parts only.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { closingLine, parseCounts, sum } from './counts.mjs';
import { failures } from './failures.mjs';
import { root } from './layers.mjs';
import { runPart } from './parts.mjs';

/** The Node that users may have as well; it is not in the lockfile, because only CI needs it. */
const NEWER_NODE = '24.21.0';
const MINUTE_MS = 60_000;
/** Most tests wait: for holds, restarts and timers of real servers. What a lane disturbs in the other is run again when both have ended. */
const LANES = '--jobs=2';
/** What takes minutes, and what runs programs that are not Node: the same on every Node, so once is enough. */
const MINUTES_LONG = [
  ...['crash', 'outage', 'guarantees', 'families', 'app', 'cli', 'open-wire'].map((folder) => `test/${folder}/**`),
  'test/packed*.test.ts',
];
const newerNode = join(root, '.cache', 'node-24');

/** @type {readonly { name: string, minutes: number, command: string, args: readonly string[], cwd?: string, isThere?: () => boolean }[]} */
const parts = [
  { name: 'test', minutes: 35, command: 'npm', args: ['test', '--silent', '--', '--again', LANES] },
  { name: 'lint', minutes: 5, command: 'npm', args: ['run', '--silent', 'lint'] },
  { name: 'build', minutes: 5, command: 'npm', args: ['run', '--silent', 'build'] },
  { name: 'shape', minutes: 10, command: 'npm', args: ['run', '--silent', 'shape'] },
  { name: 'start', minutes: 5, command: 'npm', args: ['start', '--silent'] },
  { name: 'sabotage', minutes: 20, command: process.execPath, args: ['tools/src/sabotage.mjs', '--trust-green'] },
  {
    name: 'bench',
    minutes: 10,
    command: 'npm',
    args: ['run', '--silent', 'bench', '--', '--check'],
    isThere: () => existsSync(join(root, 'tools/src/bench.mjs')),
  },
  { name: 'node-24', minutes: 25, command: process.execPath, args: ['tools/src/ci.mjs', '--newer-node'] },
];

const args = process.argv.slice(2);
await (args[0] === '--newer-node' ? testOnNewerNode() : runAll(args));

/** @param {readonly string[]} wanted */
async function runAll(wanted) {
  // inherited by every child and grandchild, so that what is left at the end can be told from other people's processes
  const mark = randomUUID();
  const env = { ...process.env, TROUPE_CI_RUN: mark };
  const counts = [];
  const lines = [];
  const failed = [];
  const flaky = [];
  for (const part of parts) {
    if (wanted.length > 0 ? !wanted.includes(part.name) : part.isThere?.() === false) continue;
    console.log(`\n=== ${part.name}`);
    const { code, output, seconds, isLate } = await runPart(part.command, part.args, { cwd: root, env, limitMs: part.minutes * MINUTE_MS });
    const counted = parseCounts(output) ?? { passed: code === 0 ? 1 : 0, failed: 0, skipped: 0 };
    if (code !== 0 && counted.failed === 0) counted.failed = 1;
    if (counted.failed > 0) failed.push(`--- ${part.name}`, ...failures(output));
    flaky.push(...output.split('\n').filter((line) => line.startsWith('FLAKY ')));
    counts.push(counted);
    lines.push(`${part.name}: ${closingLine(counted)} in ${seconds} s${isLate ? `, killed after ${part.minutes} minutes` : ''}`);
  }
  const left = await leftProcesses(mark);
  counts.push({ passed: left.length === 0 ? 1 : 0, failed: left.length, skipped: 0 });
  lines.push(...left.map((text) => `left behind and killed: ${text}`));
  const total = sum(counts);
  // said again here: who reads only the end of a long log sees what it was
  if (failed.length > 0) console.log(`\n=== failed\n${failed.join('\n')}`);
  if (flaky.length > 0) console.log(`\n=== failed, and passed when run again\n${flaky.join('\n')}`);
  console.log(`\n=== all\n${lines.join('\n')}\n${closingLine(total)}`);
  process.exitCode = total.failed > 0 ? 1 : 0;
}

/** Processes of this run that are still there; they get a moment to end, then they are killed by their ids. @param {string} mark */
async function leftProcesses(mark) {
  if (!existsSync('/proc')) return [];
  const find = () =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .filter((pid) => read(`/proc/${pid}/environ`).includes(`TROUPE_CI_RUN=${mark}`));
  for (let i = 0; i < 30 && find().length > 0; i++) await new Promise((resolve) => setTimeout(resolve, 100));
  return find().map((pid) => {
    const text = `${pid} ${read(`/proc/${pid}/cmdline`).split('\0').join(' ')}`;
    process.kill(Number(pid), 'SIGKILL');
    return text;
  });
}

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // it has just ended
  }
}

async function testOnNewerNode() {
  const node = join(newerNode, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  if (!existsSync(node)) {
    mkdirSync(newerNode, { recursive: true });
    writeFileSync(join(newerNode, 'package.json'), '{ "private": true }');
    const wanted = `node-${process.platform}-${process.arch}@${NEWER_NODE}`;
    const npm = ['install', '--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error', wanted];
    const { code } = await runPart('npm', npm, { cwd: newerNode, limitMs: 3 * MINUTE_MS });
    if (code !== 0) {
      process.exitCode = 1;
      return;
    }
  }
  const ignored = MINUTES_LONG.map((spec) => `--ignore=${spec}`);
  const { code } = await runPart(process.execPath, ['tools/src/test.mjs', '--again', LANES, `--node=${node}`, ...ignored], { cwd: root });
  process.exitCode = code;
}
