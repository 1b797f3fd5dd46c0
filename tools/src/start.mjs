/** `npm start`: sets up what is missing, then shows the product at work. Arguments go to apps/openstack. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { checkNode, ensureBuilt, ensureInstalled, root } from './bootstrap.mjs';

checkNode();
ensureInstalled();
ensureBuilt(root, ['apps/openstack/tsconfig.lib.json']);

const main = join(root, 'apps', 'openstack', 'dist', 'main.js');
const child = spawn(process.execPath, ['--enable-source-maps', main, ...process.argv.slice(2)], { stdio: 'inherit' });
// the child ends itself, and what it started, on the same signals; this process only waits for it
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1);
});
