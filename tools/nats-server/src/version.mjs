// Asks a binary for its version. A binary that does not answer (wrong architecture, wrong libc) counts as absent.
import { execFile } from 'node:child_process';

/** The oldest server whose features are used: schedules in streams and prioritized consumers. */
export const MIN_VERSION = '2.14.0';

/**
 * @param {string} binary path or name on PATH
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<string | undefined>} such as `2.15.1`; undefined when it does not run or does not say
 */
export function versionOf(binary, env = process.env) {
  return new Promise((resolve) => {
    execFile(binary, ['--version'], { timeout: 10_000, env }, (error, stdout) => {
      resolve(error ? undefined : /nats-server: v?(\d+\.\d+\.\d+)/.exec(stdout)?.[1]);
    });
  });
}

/**
 * @param {string} version
 * @param {string} minimum
 */
export function isAtLeast(version, minimum) {
  return compareVersions(version, minimum) >= 0;
}

/** @param {string} a @param {string} b @returns {number} negative, zero or positive, as for `sort` */
export function compareVersions(a, b) {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (let i = 0; i < 3; i++) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0);
    if (difference) return difference;
  }
  return 0;
}
