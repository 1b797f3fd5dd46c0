// What runs at once: a workspace is one run of mocha, unless it takes minutes; then its slow folders are runs of their own, so that lanes end together.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './layers.mjs';

/** Folders of tests that wait for minutes, with their seconds on a quiet machine of two cores; what is not here counts as a little. */
const SLOW_FOLDERS = /** @type {Readonly<Record<string, Readonly<Record<string, number>>>>} */ ({
  'packages/runtime': { crash: 250, guarantees: 180, families: 90, outage: 70 },
  'apps/openstack': { app: 170, cli: 50 },
});
const SLOW_WORKSPACES = /** @type {Readonly<Record<string, number>>} */ ({ 'packages/runtime': 190, 'packages/jetstream': 90, tools: 120 });

/**
 * @typedef {object} Share a run of mocha
 * @property {string} title for people
 * @property {string} dir of the workspace, in the repository
 * @property {readonly string[]} args for mocha: which folders
 */

/**
 * @param {readonly string[]} dirs of workspaces
 * @param {readonly string[]} mochaArgs what each run is given besides: a folder that is ignored there makes no run
 * @returns {Share[]} the longest first, each test in exactly one
 */
export function sharesOf(dirs, mochaArgs) {
  const shares = dirs.flatMap((dir) => {
    const folders = Object.entries(SLOW_FOLDERS[dir] ?? {}).filter(([folder]) => {
      if (!existsSync(join(root, dir, 'test', folder))) throw new Error(`${dir}/test/${folder} of tools/src/shares.mjs is not there`);
      return !mochaArgs.includes(`--ignore=test/${folder}/**`);
    });
    const slow = folders.map(([folder, seconds]) => ({ title: `${dir}/test/${folder}`, dir, args: [`test/${folder}`], seconds }));
    const rest = folders.map(([folder]) => `--ignore=test/${folder}/**`);
    return [...slow, { title: dir, dir, args: rest, seconds: SLOW_WORKSPACES[dir] ?? 10 }];
  });
  return shares.sort((a, b) => b.seconds - a.seconds).map(({ title, dir, args }) => ({ title, dir, args }));
}
