// The release route: the official archive of a pinned version, checked against a checksum that is written down here.
import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const TIMEOUT_MS = 180_000;
const architectures = /** @type {Record<string, string>} */ ({ x64: 'amd64', arm64: 'arm64' });

/**
 * Checksums by system and architecture, as in the release's SHA256SUMS. Windows has zip archives and is not served.
 * @type {import('./index.mjs').Release}
 */
export const pinnedRelease = {
  version: '2.15.0',
  baseUrl: 'https://github.com/nats-io/nats-server/releases/download',
  sha256: {
    'linux-amd64': '5d2c51caca950333aba84911df7d377f826f3a59ec36061c6539105084f65c92',
    'linux-arm64': 'cdc208f5a3f42963a52b6ab06ef65626bb870315dc936e26ba571780c6351112',
    'darwin-amd64': '5bd8b59ca5bf93fab3da2c5843cf564cd6e2e291e22ae3b861746e7ebe259b95',
    'darwin-arm64': 'e1c4e22d70bd44abfa0bcb3c16f7cf0c66f648c2e728c58924e8a1ce88913cc8',
  },
};

/** @returns {string} this machine in the words of the release's file names */
export function releasePlatform() {
  return `${process.platform}-${architectures[process.arch] ?? process.arch}`;
}

/**
 * @param {string} dir where to put the archive and the binary
 * @param {import('./index.mjs').Release} release
 * @returns {Promise<string>} path of the binary
 */
export async function bringRelease(dir, release) {
  const platform = releasePlatform();
  const expected = release.sha256[platform];
  if (!expected) throw new Error(`no checksum is known for ${platform}`);
  const name = `nats-server-v${release.version}-${platform}.tar.gz`;
  const bytes = await download(`${release.baseUrl}/v${release.version}/${name}`);
  const actual = createHash('sha256').update(bytes).digest('hex');
  if (actual !== expected) throw new Error(`${name} has the checksum ${actual}, expected ${expected}: it is not used`);
  await writeFile(join(dir, name), bytes);
  await promisify(execFile)('tar', ['-xzf', name, '--no-same-owner'], { cwd: dir });
  for (const folder of await readdir(dir, { withFileTypes: true })) {
    if (folder.isDirectory()) return join(dir, folder.name, 'nats-server');
  }
  throw new Error(`${name} holds no folder`);
}

/** @param {string} url @returns {Promise<Buffer>} */
async function download(url) {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch((error) => {
    // undici says only "fetch failed"; the reason is one level down
    throw new Error(`${url}: ${error.cause?.code ?? error.cause?.message ?? error.message}`, { cause: error });
  });
  if (!response.ok) throw new Error(`${url}: HTTP ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}
