/** Packs every package as for a registry, and installs some of them, each from its packed file, into folders of their own. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readLayers, root } from '../../src/layers.mjs';

const run = promisify(execFile);
const QUIET = ['--no-audit', '--no-fund', '--loglevel=error'];

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
}

export interface Packed {
  /**
   * A folder into which these packages are installed, with what they depend on and nothing else: ours from their packed
   * files, what others made from npm's cache where it is there. `others`: what else is wanted, with its version.
   */
  install(folder: string, packages: readonly string[], others?: Readonly<Record<string, string>>): Promise<string>;
}

/** Packs into `folder`. What is built is packed: `npm test` builds before it runs. */
export async function packAll(folder: string): Promise<Packed> {
  const manifests = new Map<string, Manifest>();
  for (const { dir } of Object.values(readLayers())) {
    const manifest = JSON.parse(readFileSync(join(root, dir, 'package.json'), 'utf8')) as Manifest;
    if (manifest.private !== true) manifests.set(manifest.name, manifest);
  }
  const workspaces = [...manifests.keys()].flatMap((name) => ['--workspace', name]);
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder, ...QUIET, ...workspaces], {
    cwd: root,
    maxBuffer: 1 << 26,
  });
  // npm 11 prints a list, npm 12 an object by name
  const infos = Object.values(JSON.parse(stdout) as Record<string, { name: string; filename: string }>);
  const files = new Map(infos.map(({ name, filename }) => [name, join(folder, filename)]));

  /** The packages and all of ours that they need. */
  const closure = (names: readonly string[], found = new Set<string>()): Set<string> => {
    for (const name of names) {
      if (found.has(name) || !manifests.has(name)) continue;
      found.add(name);
      closure(Object.keys(manifests.get(name)!.dependencies ?? {}), found);
    }
    return found;
  };

  return {
    async install(name, packages, others = {}) {
      const cwd = join(folder, name);
      mkdirSync(cwd);
      const ours = Object.fromEntries([...closure(packages)].map((one) => [one, `file:${files.get(one)!}`]));
      const dependencies = { ...others, ...ours };
      writeFileSync(join(cwd, 'package.json'), JSON.stringify({ name, private: true, type: 'module', dependencies }));
      await run('npm', ['install', '--prefer-offline', '--ignore-scripts', '--no-package-lock', ...QUIET], { cwd });
      return cwd;
    },
  };
}
