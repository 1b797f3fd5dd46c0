/**
 * Shows that the tests can fail: for each rule of test-infra/sabotage, a copy of the sources with that rule switched off
 * runs the named test, which must go red there, having been green on the sources as they are.
 *
 *   node tools/src/sabotage.mjs [--trust-green] [part of a rule's name …]
 *
 * Two rules at a time, each in a copy of its own: most of their tests wait. `--trust-green` leaves out the run without the sabotage: for CI, where all
 * tests have just been run.
 *
 * Prints a line per rule, then `N passed, N failed, 0 skipped`. Exit code 1 if a sabotage went unnoticed.
 */
import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rules } from '../../test-infra/sabotage/rules.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const AT_ONCE = 2;
const skipped = new Set(['dist', 'dist-test', 'node_modules', 'coverage', '.nx', '.cache', '.git']);

/** A tree with the sources copied and the third-party modules linked, so that only our own packages resolve to the copy. */
function copyTree() {
  const copy = mkdtempSync(join(tmpdir(), 'troupe-sabotage-'));
  for (const name of readdirSync(root)) {
    if (skipped.has(name)) continue;
    cpSync(join(root, name), join(copy, name), { recursive: true, filter: (from) => !skipped.has(from.slice(from.lastIndexOf('/') + 1)) });
  }
  const modules = join(copy, 'node_modules');
  mkdirSync(join(modules, '@troupe'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name !== '@troupe') symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  for (const name of readdirSync(join(root, 'node_modules/@troupe'))) {
    const link = join(root, 'node_modules/@troupe', name);
    const target = join(dirname(link), readlinkSync(link));
    symlinkSync(join(copy, relative(root, target)), join(modules, '@troupe', name));
  }
  return copy;
}

/** The one file that has the title of the test as a whole; loading the others would take seconds. @param {string} tree @param {typeof rules[number]} rule */
function specOf(tree, rule) {
  if (rule.spec !== undefined) return rule.spec;
  const folder = join(tree, rule.package, 'test');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test.ts'));
  const named = files.filter((name) => readFileSync(join(folder, name), 'utf8').includes(rule.test));
  return named.length === 1 ? join('test', String(named[0])) : undefined;
}

/** @param {string} tree @param {typeof rules[number]} rule */
async function runTest(tree, rule) {
  const mocha = join(root, 'node_modules/mocha/bin/mocha.js');
  const spec = specOf(tree, rule);
  // one red test is enough
  const args = [mocha, '--bail', '--fgrep', rule.test, '--reporter', 'json', ...(spec === undefined ? [] : ['--spec', spec])];
  const run = spawn(process.execPath, args, { cwd: join(tree, rule.package), timeout: 180_000, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  run.stdout.setEncoding('utf8').on('data', (text) => (out += text));
  run.stderr.setEncoding('utf8').on('data', (text) => (err += text));
  await once(run, 'close');
  const start = out.indexOf('{\n  "stats"');
  if (start < 0) return { ran: 0, failed: 0, output: `${out}\n${err}`.slice(-2_000) };
  const { stats } = JSON.parse(out.slice(start));
  return { ran: stats.passes + stats.failures, failed: stats.failures, output: '' };
}

/** @param {string} tree @param {typeof rules[number]} rule @returns {Promise<string | undefined>} what is wrong */
async function sabotage(tree, rule) {
  const file = join(tree, rule.file);
  const source = readFileSync(file, 'utf8');
  if (source.split(rule.find).length !== 2) return `the line to break does not stand exactly once in ${rule.file}`;
  if (!trustGreen) {
    const sound = await runTest(tree, rule);
    if (sound.ran === 0) return `no test is named: ${rule.test} ${sound.output}`;
    if (sound.failed > 0) return 'the test is red without the sabotage';
  }
  writeFileSync(
    file,
    source.replace(rule.find, () => rule.replace),
  );
  const broken = await runTest(tree, rule);
  writeFileSync(file, source);
  if (broken.ran === 0) return `did not run at all with the sabotage: ${broken.output}`;
  return broken.failed > 0 ? undefined : 'the test stays green';
}

const trustGreen = process.argv.includes('--trust-green');
const wanted = process.argv.slice(2).filter((arg) => !arg.startsWith('-'));
const chosen = rules.filter((rule) => wanted.length === 0 || wanted.some((part) => rule.name.includes(part)));
const queue = [...chosen];
let failed = 0;
async function work() {
  const tree = copyTree();
  try {
    for (let rule = queue.shift(); rule !== undefined; rule = queue.shift()) {
      const start = performance.now();
      const problem = await sabotage(tree, rule);
      const seconds = ((performance.now() - start) / 1_000).toFixed(1);
      if (problem !== undefined) failed++;
      console.log(
        problem === undefined ? `red as it should be (${seconds} s): ${rule.name} -> ${rule.test}` : `UNNOTICED: ${rule.name}: ${problem}`,
      );
    }
  } finally {
    if (existsSync(tree)) rmSync(tree, { recursive: true, force: true });
  }
}
await Promise.all(Array.from({ length: Math.min(AT_ONCE, chosen.length) }, work));
console.log(`${chosen.length - failed} passed, ${failed} failed, 0 skipped`);
process.exitCode = failed > 0 ? 1 : 0;
