// The Debian route: nats-server from a newer suite of the machine's own Debian archive, without touching the system's apt state.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const TIMEOUT_MS = 120_000;
const script = fileURLToPath(new URL('./nats-deb.sh', import.meta.url));

/**
 * @param {string} dir where to put the binary
 * @param {string} minVersion
 * @returns {Promise<string>} path of the binary
 */
export function bringFromDebian(dir, minVersion) {
  if (process.platform !== 'linux') return Promise.reject(new Error('not a Debian-like system'));
  return new Promise((resolve, reject) => {
    // a group of its own, so that a hanging apt goes together with the script
    const child = spawn('/bin/sh', [script, dir], {
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, NATS_MIN_VERSION: minVersion },
    });
    let said = '';
    child.stderr.on('data', (chunk) => (said += chunk));
    const timer = setTimeout(() => {
      said += `no answer within ${TIMEOUT_MS / 1000} s`;
      if (child.pid) process.kill(-child.pid, 'SIGKILL');
    }, TIMEOUT_MS);
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      if (code === 0) resolve(join(dir, 'nats-server'));
      else reject(new Error(said.trim().split('\n').join('; ') || `exit code ${code}`));
    });
  });
}
