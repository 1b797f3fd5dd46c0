/** `npm run bench`: builds what is stale, then runs the benchmarks. Arguments: see tools/bench/src/main.ts. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { guardProcess } from '../nats-server/src/index.mjs';
import { checkNode, ensureBuilt, ensureInstalled, ensureNatsServer, root } from './bootstrap.mjs';

checkNode();
ensureInstalled();
ensureBuilt(root, ['tools/bench', 'apps/openstack/tsconfig.lib.json']);
if (!(await ensureNatsServer())) process.exit(1);

const main = join(root, 'tools', 'bench', 'dist', 'main.js');
const child = spawn(process.execPath, ['--enable-source-maps', main, ...process.argv.slice(2)], { stdio: 'inherit' });
const forget = guardProcess(child.pid);
// a terminal sends Ctrl-C to both of us
process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP'])) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  forget();
  process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1);
});
