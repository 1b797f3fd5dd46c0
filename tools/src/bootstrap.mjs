/**
 * What the two commands do before their job, on a fresh clone and on every later run: install from the lockfile when that
 * is missing or stale, and build what is stale. No dependency: it runs before anything is installed.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const MIN_NODE = [20, 19];

/** Ends the process with a message that says what to do when Node is too old. */
export function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1])) return;
  console.error(`Node ${MIN_NODE.join('.')} or newer is needed, this is ${process.versions.node}.`);
  process.exit(1);
}

/** Of the lockfile and of this Node's ABI: native parts belong to one. */
export function lockStamp(base = root) {
  return createHash('sha256')
    .update(readFileSync(join(base, 'package-lock.json')))
    .update(process.versions.modules)
    .digest('hex');
}

export function isInstalled(base = root) {
  const stamp = join(base, 'node_modules', '.troupe-lock');
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === lockStamp(base);
}

/** `npm ci` when node_modules does not belong to the lockfile. */
export function ensureInstalled(base = root) {
  if (isInstalled(base)) return;
  console.log('installing dependencies from the lockfile …');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], base);
  mkdirSync(join(base, 'node_modules'), { recursive: true });
  writeFileSync(join(base, 'node_modules', '.troupe-lock'), lockStamp(base));
}

/** `tsc -b` builds what is stale and nothing else; a run with nothing to do takes a quarter of a second. */
export function ensureBuilt(base = root, projects = ['.']) {
  run(process.execPath, [join(base, 'node_modules', 'typescript', 'bin', 'tsc'), '-b', ...projects], base);
}

/** Runs to its end with the terminal of this process; ends this process when it fails. */
export function run(command, args, cwd = root, env = process.env) {
  const done = spawnSync(command, args, { cwd, stdio: 'inherit', env });
  if (done.error !== undefined) throw done.error;
  if (done.status !== 0) process.exit(done.status ?? 1);
}
