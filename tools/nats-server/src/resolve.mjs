// Where a nats-server comes from, in this order: $NATS_SERVER, PATH, the project's cache, the Debian archive of this machine, the official release.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { bringFromDebian } from './debian.mjs';
import { defaultCacheDir, findCached, store } from './cache.mjs';
import { NatsServerUnavailable } from './errors.mjs';
import { bringRelease, pinnedRelease } from './release.mjs';
import { isAtLeast, MIN_VERSION, versionOf } from './version.mjs';

/** @typedef {'path' | 'cache' | 'debian' | 'release'} Route */

/**
 * @typedef {object} ResolveOptions
 * @property {NodeJS.ProcessEnv} [env] where NATS_SERVER, PATH and TROUPE_NATS_CACHE are read; default: the process's own
 * @property {string} [cacheDir] where brought servers are kept; default: the project's cache
 * @property {string} [minVersion] default: 2.14.0, the oldest that Troupe runs on
 * @property {readonly Route[]} [routes] which to try, in this order; default: all. Without `debian` and `release` nothing is downloaded
 * @property {import('./release.mjs').Release} [release] default: the pinned official one
 * @property {(line: string) => void} [log] told before something slow begins; default: silent
 */

/** @type {readonly Route[]} */
const allRoutes = ['path', 'cache', 'debian', 'release'];

/**
 * Finds a nats-server that is new enough, or brings one into the project's cache (some seconds, once). May be called by several processes at once.
 * An explicit NATS_SERVER is never passed over: when it does not do, that is the error.
 * @param {ResolveOptions} [options]
 * @returns {Promise<string>} path of the binary
 * @throws {NatsServerUnavailable} when every route fails; the message says what was tried and what helps
 */
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
