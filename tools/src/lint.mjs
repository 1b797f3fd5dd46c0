/** `npm run lint`: format, oxlint, layers. Prints every complaint and fails at the end. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { checkNode, ensureInstalled, root } from './bootstrap.mjs';
import { layerBreaks } from './layer-check.mjs';

checkNode();
ensureInstalled();
let failed = false;
const tool = (name, args) => {
  const done = spawnSync(join(root, 'node_modules', '.bin', name), args, { cwd: root, stdio: 'inherit' });
  if (done.status !== 0) failed = true;
};
tool('oxfmt', ['--check', 'packages', 'apps', 'test-infra', 'tools']);
tool('oxlint', ['--quiet', 'packages', 'apps', 'test-infra', 'tools']);
for (const line of layerBreaks()) {
  console.error(line);
  failed = true;
}
console.log(failed ? 'lint: failed' : 'lint: ok');
process.exitCode = failed ? 1 : 0;
