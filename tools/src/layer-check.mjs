/**
 * Holds the layer table: what each package's src may import, who may know NATS, and that time and chance come through
 * ports. Project references do not enforce this: an import of a workspace that is not referenced compiles.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { readLayers, root } from './layers.mjs';

const IMPORT = /(?:^|\n)\s*(?:import|export)\b[^;]*?from\s+'([^']+)'|import\('([^']+)'\)/g;
const CLOCKS = /\bsetTimeout\(|\bsetInterval\(|\bDate\.now\(|\bMath\.random\(/;

export function layerBreaks(base = root) {
  const layers = readLayers(base);
  const breaks = [];
  for (const [name, layer] of Object.entries(layers)) {
    const src = join(base, layer.dir, 'src');
    if (!existsSync(src) || layer.handWritten === true) continue;
    const manifest = JSON.parse(readFileSync(join(base, layer.dir, 'package.json'), 'utf8'));
    for (const file of sources(src)) {
      const text = readFileSync(file, 'utf8');
      const where = relative(base, file);
      for (const match of text.matchAll(IMPORT)) {
        const target = match[1] ?? match[2] ?? '';
        const problem = judge(target, name, layer, manifest);
        if (problem !== undefined) breaks.push(`${where}: ${problem}`);
      }
      if (layer.dir.startsWith('packages/') && !/clock|random/.test(basename(file)) && CLOCKS.test(text)) {
        breaks.push(`${where}: takes time or chance from the system, past its port`);
      }
      if (/export \* from/.test(text)) breaks.push(`${where}: export * hides what a door shows`);
      if (/export default/.test(text)) breaks.push(`${where}: a default export has no name`);
    }
  }
  return breaks;
}

/**
 * @param {string} target what is imported
 * @param {string} name
 * @param {import('./layers.mjs').Layer} layer
 * @param {{ name: string, dependencies?: Record<string, string>, peerDependencies?: Record<string, string> }} manifest
 * @returns {string | undefined}
 */
function judge(target, name, layer, manifest) {
  if (target.startsWith('.') || target.startsWith('node:')) return undefined;
  const parts = target.split('/');
  const packageName = parts.slice(0, target.startsWith('@') ? 2 : 1).join('/');
  if (packageName === manifest.name) return `imports itself as ${target}`;
  if (manifest.dependencies?.[packageName] === undefined && manifest.peerDependencies?.[packageName] === undefined) {
    return `imports ${packageName}, which package.json does not list`;
  }
  if (packageName.startsWith('@nats-io/') && layer.nats !== true) return `imports ${packageName}: only the adapter may know NATS`;
  if (packageName === 'pg' && layer.database !== true) return `imports ${packageName}: only the adapter may know the database driver`;
  if (!packageName.startsWith('@troupe/')) return undefined;
  const rest = parts.slice(2).join('/');
  if (rest !== '' && rest !== 'internal') return `imports ${target}: a package has two doors`;
  const other = packageName.slice('@troupe/'.length);
  return layer.imports.includes(other) ? undefined : `${name} may not import ${other}`;
}

/** @param {string} folder @returns {Generator<string>} */
function* sources(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (/\.m?ts$/.test(entry.name) && !entry.name.endsWith('.d.ts')) yield path;
  }
}
