/** `npm start`: sets up what is missing, then shows the product at work. Arguments go to apps/openstack, its exit code comes back. */
import { join } from 'node:path';
import { checkNode, ensureBuilt, ensureInstalled, ensureNatsServer, root } from './bootstrap.mjs';
import { runProgram } from './run-program.mjs';

checkNode();
ensureInstalled();
ensureBuilt(root, ['apps/openstack/tsconfig.lib.json']);
if (!(await ensureNatsServer())) process.exit(1);

runProgram(join(root, 'apps', 'openstack', 'dist', 'main.js'));
