// Runs one nats-server as a child: free loopback port, its own folder, and an end that it cannot miss.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, closeSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guardProcess } from './guard.mjs';
import { resolveNatsServer } from './resolve.mjs';

const POLL_MS = 5;
const STOP_MS = 5_000;

/** @type {typeof import('./index.mjs').startNatsServer} */
export async function startNatsServer(options = {}) {
  const binary = options.binary ?? (await resolveNatsServer());
  const temporary = options.dir === undefined ? mkdtempSync(join(tmpdir(), 'troupe-nats-')) : undefined;
  const dir = options.dir ?? /** @type {string} */ (temporary);
  mkdirSync(dir, { recursive: true });
  const storeDir = options.storeDir ?? join(dir, 'jetstream');
  const logFile = join(dir, 'server.log');
  const configFile = join(dir, 'server.conf');
  writeFileSync(configFile, configOf(options, storeDir, dir));
  for (const stale of portsFiles(dir)) rmSync(join(dir, stale));

  const log = openSync(logFile, 'a');
  // in a process group of its own: Ctrl-C is for us, who end it when nobody needs it any more
  const child = spawn(binary, ['-c', configFile], { stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  const forgetChild = guardProcess(child.pid);
  const forgetFolder = guardProcess(undefined, temporary ? [temporary] : []);
  child.unref();
  /** @type {import('./index.mjs').RunningNatsServer['exited']} */
  const exited = new Promise((resolve) => {
    child.once('error', () => resolve({ code: null, signal: null }));
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  let isRunning = true;
  void exited.then(() => {
    isRunning = false;
    forgetChild();
  });

  const stop = async () => {
    if (isRunning) {
      child.ref();
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await exited;
      clearTimeout(timer);
    }
    if (temporary) rmSync(temporary, { recursive: true, force: true });
    forgetFolder();
  };

  try {
    const ports = await waitForPorts(dir, () => isRunning, options.readyMs ?? 10_000);
    return { ...ports, pid: /** @type {number} */ (child.pid), binary, storeDir, logFile, exited, stop };
  } catch (error) {
    const tail = readFileSync(logFile, 'utf8').trim().split('\n').slice(-5).join('\n');
    child.kill('SIGKILL');
    await stop();
    throw new Error(`nats-server did not come up: ${error instanceof Error ? error.message : String(error)}\n${tail}`, { cause: error });
  }
}

/** @param {import('./index.mjs').LaunchOptions} options @param {string} storeDir @param {string} dir */
function configOf({ host = '127.0.0.1', port = -1, jetstream = true, name, config = '' }, storeDir, dir) {
  return [
    `host: ${JSON.stringify(host)}`,
    `port: ${port}`,
    'http_port: -1',
    `ports_file_dir: ${JSON.stringify(dir)}`,
    ...(name ? [`server_name: ${JSON.stringify(name)}`] : []),
    ...(jetstream ? [`jetstream { store_dir: ${JSON.stringify(storeDir)} }`] : []),
    config,
    '',
  ].join('\n');
}

/** @param {string} dir */
function portsFiles(dir) {
  return readdirSync(dir).filter((name) => name.endsWith('.ports'));
}

/** @param {string} dir @param {() => boolean} isRunning @param {number} readyMs */
async function waitForPorts(dir, isRunning, readyMs) {
  const until = Date.now() + readyMs;
  while (Date.now() < until) {
    if (!isRunning()) throw new Error('it ended at once');
    const [file] = portsFiles(dir);
    const ports = file && parsePorts(readFileSync(join(dir, file), 'utf8'));
    if (ports) return ports;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(`not within ${readyMs} ms`);
}

/** @param {string} text */
function parsePorts(text) {
  try {
    const { nats, monitoring } = /** @type {{ nats: string[], monitoring: string[] }} */ (JSON.parse(text));
    const [url, monitorUrl] = [nats[0], monitoring[0]];
    return url && monitorUrl ? { url, monitorUrl, port: Number(new URL(url).port) } : undefined;
  } catch {
    return undefined; // seen half written
  }
}
