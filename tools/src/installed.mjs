/**
 * Whether node_modules is what the lockfile says. npm keeps its own account of it in node_modules/.package-lock.json; that is compared, so that an
 * `npm ci` or `npm install` by hand counts as well. No dependency: it runs before anything is installed.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** @typedef {{ version?: string, integrity?: string, link?: boolean, optional?: boolean, devOptional?: boolean, dependencies?: Record<string, string>, devDependencies?: Record<string, string> }} Entry */

/**
 * @param {string} base root of the repository
 * @returns {string | undefined} why an install is needed, undefined if it is not
 */
export function whyStale(base) {
  const installed = readPackages(join(base, 'node_modules', '.package-lock.json'));
  if (!installed) return 'nothing is installed';
  for (const [path, wanted] of Object.entries(readPackages(join(base, 'package-lock.json')) ?? {})) {
    if (!path.includes('node_modules/')) continue;
    const found = installed[path];
    if (found && (wanted.link || existsSync(join(base, path)))) {
      if (found.version !== wanted.version || found.integrity !== wanted.integrity)
        return `${path} is ${found.version}, the lockfile says ${wanted.version}`;
      continue;
    }
    // what is made for other systems is in the lockfile and nowhere else
    if (wanted.optional || wanted.devOptional) continue;
    return `${path} is missing`;
  }
  return undefined;
}

/** @param {string} file @returns {Record<string, Entry> | undefined} */
function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}
