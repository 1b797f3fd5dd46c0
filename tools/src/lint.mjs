/**
 * `npm run lint`: format, oxlint, layers, knip, the page of what holds which rule, and what a repository must not hold. Every part runs and prints its complaints; the last line counts
 * the parts. `npm run lint -- format layers` runs these only.
 */
import { join } from 'node:path';
import { checkNode, ensureInstalled, root } from './bootstrap.mjs';
import { conformanceFaults } from './conformance.mjs';
import { closingLine } from './counts.mjs';
import { layerBreaks } from './layer-check.mjs';
import { runPart } from './parts.mjs';
import { strayText } from './stray-text.mjs';

checkNode();
ensureInstalled();

const folders = ['packages', 'apps', 'test-infra', 'tools'];
/** @param {string} name @param {readonly string[]} args @returns {Promise<boolean>} */
const tool = async (name, args) =>
  (await runPart(process.execPath, [join(root, 'node_modules', '.bin', name), ...args], { cwd: root })).code === 0;
/** @param {readonly string[]} complaints */
const none = (complaints) => {
  for (const line of complaints) console.error(line);
  return complaints.length === 0;
};

/** @type {Record<string, () => boolean | Promise<boolean>>} */
const parts = {
  format: () => tool('oxfmt', ['--check', ...folders]),
  oxlint: () => tool('oxlint', ['--deny-warnings', ...folders]),
  layers: () => none(layerBreaks()),
  knip: () => tool('knip', ['--no-progress', '--no-config-hints']),
  conformance: () => none(conformanceFaults()),
  'stray text': () => none(strayText()),
};

const wanted = process.argv.slice(2);
const counts = { passed: 0, failed: 0, skipped: 0 };
for (const [name, check] of Object.entries(parts)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const isGood = await check();
  counts[isGood ? 'passed' : 'failed']++;
  console.log(`lint: ${name} ${isGood ? 'ok' : 'FAILED'}`);
}
console.log(closingLine(counts));
process.exitCode = counts.failed > 0 ? 1 : 0;
