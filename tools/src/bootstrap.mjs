/**
 * What the commands do before their job, on a fresh clone and on every later run: install from the lockfile when that is missing or stale, find or
 * bring a nats-server, and build what is stale. No dependency: it runs before anything is installed.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { resolveNatsServer } from '../nats-server/src/index.mjs';
import { whyStale } from './installed.mjs';
import { root } from './layers.mjs';
import { withLock } from './setup-lock.mjs';

export { root };

const MIN_NODE = /** @type {const} */ ([20, 19]);

/** Ends the process with a message that says what to do when Node is too old. */
export function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1])) return;
  console.error(`Node ${MIN_NODE.join('.')} or newer is needed, this is ${process.versions.node}.`);
  process.exit(1);
}

/** `npm ci` when node_modules is not what the lockfile says. */
export function ensureInstalled(base = root) {
  if (whyStale(base) === undefined) return;
  withLock(join(base, '.cache', 'setup.lock'), () => {
    const why = whyStale(base);
    if (why === undefined) return; // somebody else has just done it
    console.error(`Installing dependencies from the lockfile (${why}) …`);
    // no package needs its install script here
    const [command, ...args] = npm();
    run(command, [...args, 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], base);
  });
}

/** The npm that runs us, else the one on PATH. @returns {[string, ...string[]]} */
function npm() {
  const path = process.env['npm_execpath'];
  return path && /npm-cli\.c?js$/.test(path) ? [process.execPath, path] : ['npm'];
}

/** `tsc -b` builds what is stale and nothing else; a run with nothing to do takes a quarter of a second. */
export function ensureBuilt(base = root, projects = ['.']) {
  const tsc = join(base, 'node_modules', 'typescript', 'bin', 'tsc');
  withLock(join(base, '.cache', 'setup.lock'), () => run(process.execPath, [tsc, '-b', ...projects], base));
}

/**
 * Finds or brings a nats-server; from then on NATS_SERVER names it, for this process and its children.
 * @returns {Promise<boolean>} false when there is none; the reason has been printed
 */
export async function ensureNatsServer() {
  try {
    process.env['NATS_SERVER'] = await resolveNatsServer({ log: (line) => console.error(`${line} …`) });
    return true;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return false;
  }
}

/** Installs and builds; what every command but `npm start` needs. */
export function setUp() {
  checkNode();
  ensureInstalled();
  ensureBuilt();
}

/**
 * Runs to its end with the terminal of this process; ends this process when it fails.
 * @param {string} command
 * @param {readonly string[]} args
 */
export function run(command, args, cwd = root, env = process.env) {
  const done = spawnSync(command, args, { cwd, stdio: ['inherit', 2, 2], env });
  if (done.error !== undefined) throw done.error;
  if (done.status !== 0) process.exit(done.status ?? 1);
}
