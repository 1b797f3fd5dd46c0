/** `npm run bench`: builds what is stale, then runs the benchmarks. Arguments: see tools/bench/src/main.ts. */
import { join } from 'node:path';
import { checkNode, ensureBuilt, ensureInstalled, ensureNatsServer, root } from './bootstrap.mjs';
import { runProgram } from './run-program.mjs';

checkNode();
ensureInstalled();
ensureBuilt(root, ['tools/bench', 'apps/openstack/tsconfig.lib.json']);
if (!(await ensureNatsServer())) process.exit(1);

runProgram(join(root, 'tools', 'bench', 'dist', 'main.js'));
