// The project's own cache of servers: <dir>/<version>/nats-server. Nothing outside of it is ever written.
import { chmod, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compareVersions, isAtLeast, versionOf } from './version.mjs';

/**
 * In the repository: `.cache/nats` at its root. Installed as a package: `.cache/troupe/nats` in the node_modules it lies in, where caches of
 * tools are expected and nobody commits them. TROUPE_NATS_CACHE overrides both.
 * @param {NodeJS.ProcessEnv} env
 */
export function defaultCacheDir(env) {
  if (env['TROUPE_NATS_CACHE']) return env['TROUPE_NATS_CACHE'];
  const here = dirname(fileURLToPath(import.meta.url));
  const modules = here.lastIndexOf(`${sep}node_modules${sep}`);
  if (modules >= 0) return join(here.slice(0, modules), 'node_modules', '.cache', 'troupe', 'nats');
  return join(here, '..', '..', '..', '.cache', 'nats');
}

/**
 * @param {string} cacheDir
 * @param {string} minVersion
 * @returns {Promise<string | undefined>} the newest cached binary that runs here
 */
export async function findCached(cacheDir, minVersion) {
  const names = await readdir(cacheDir).catch(() => /** @type {string[]} */ ([]));
  const versions = names.filter((name) => /^\d+\.\d+\.\d+$/.test(name) && isAtLeast(name, minVersion));
  for (const version of versions.sort(compareVersions).reverse()) {
    const binary = join(cacheDir, version, 'nats-server');
    if (await versionOf(binary)) return binary;
  }
  return undefined;
}

/**
 * Lets `bring` put a binary into a private folder and then moves it to its place in one step, so that a reader never sees half a file and two
 * processes that bring the same version do not disturb each other.
 * @param {string} cacheDir
 * @param {string} minVersion
 * @param {(dir: string) => Promise<string>} bring returns the path of the binary below `dir`
 */
export async function store(cacheDir, minVersion, bring) {
  await mkdir(cacheDir, { recursive: true });
  const staging = await mkdtemp(join(cacheDir, '.staging-'));
  try {
    const brought = await bring(staging);
    await chmod(brought, 0o755);
    const version = await versionOf(brought);
    if (!version) throw new Error('what was brought does not run on this machine');
    if (!isAtLeast(version, minVersion)) throw new Error(`what was brought is ${version}, older than ${minVersion}`);
    const place = join(cacheDir, version);
    await mkdir(place, { recursive: true });
    await rename(brought, join(place, 'nats-server'));
    return join(place, 'nats-server');
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}
