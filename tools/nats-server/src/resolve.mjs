// Where a nats-server comes from, in this order: $NATS_SERVER, PATH, the project's cache, the Debian archive of this machine, the official release.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { bringFromDebian } from './debian.mjs';
import { defaultCacheDir, findCached, store } from './cache.mjs';
import { NatsServerUnavailable } from './errors.mjs';
import { bringRelease, pinnedRelease } from './release.mjs';
import { isAtLeast, MIN_VERSION, versionOf } from './version.mjs';

/** @typedef {import('./index.mjs').Route} Route */

/** @type {readonly Route[]} */
const allRoutes = ['path', 'cache', 'debian', 'release'];

/** @type {typeof import('./index.mjs').resolveNatsServer} */
export async function resolveNatsServer(options = {}) {
  const { env = process.env, minVersion = MIN_VERSION, routes = allRoutes, release = pinnedRelease, log = () => {} } = options;
  const cacheDir = options.cacheDir ?? defaultCacheDir(env);
  const explicit = env['NATS_SERVER'];
  if (explicit) {
    const version = await versionOf(explicit, env);
    if (version && isAtLeast(version, minVersion)) return explicit;
    throw new NatsServerUnavailable(
      version ? `NATS_SERVER is ${version}; ${minVersion} or newer is needed.` : 'NATS_SERVER names no nats-server that runs here.',
    );
  }

  /** @type {Record<Route, () => Promise<string>>} */
  const take = {
    path: async () => {
      const seen = [];
      for (const dir of (env['PATH'] ?? '').split(delimiter).filter(Boolean)) {
        const binary = join(dir, 'nats-server');
        const version = existsSync(binary) && (await versionOf(binary, env));
        if (version && isAtLeast(version, minVersion)) return binary;
        if (version) seen.push(version);
      }
      throw new Error(seen.length ? `it is ${seen.join(', ')}; ${minVersion} or newer is needed` : 'there is none');
    },
    cache: async () => {
      const binary = await findCached(cacheDir, minVersion);
      if (!binary) throw new Error('it is empty');
      return binary;
    },
    debian: () => {
      log('bringing nats-server from the Debian archive into the cache of this project');
      return store(cacheDir, minVersion, (dir) => bringFromDebian(dir, minVersion));
    },
    release: () => {
      log(`bringing the official release ${release.version} of nats-server into the cache of this project`);
      return store(cacheDir, minVersion, (dir) => bringRelease(dir, release));
    },
  };

  const attempts = [];
  for (const route of routes) {
    try {
      return await take[route]();
    } catch (error) {
      attempts.push(`${names[route]}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new NatsServerUnavailable(`No nats-server ${minVersion} or newer was found, and none could be brought.`, attempts);
}

/** @type {Record<Route, string>} */
const names = {
  path: 'nats-server on PATH',
  cache: 'the cache of this project',
  debian: 'the Debian archive of this machine',
  release: 'the official release archive',
};
