/**
 * `node tools/src/new-package.mjs NAME [--imports a,b] [--nats] [--before OTHER] "what it is about"`: a new package that passes every check at once.
 * Adds a row to tools/layers.json, writes the frame (an existing file is never overwritten), refers to it in tsconfig.json and in .oxlintrc.json.
 * Then run `npm install`, which links it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readLayers, root } from './layers.mjs';
import { oxlintConfig } from './oxlint-config.mjs';
import { writeFrame } from './scaffold.mjs';

/** @typedef {{ imports: string[], nats: boolean, before?: string, about: string }} NewPackage */

/**
 * @param {string} name
 * @param {NewPackage} options
 * @param {string} base root of the repository
 * @returns {string[]} the files that were written
 */
export function addPackage(name, { imports, nats, before = 'testing', about }, base = root) {
  const layers = readLayers(base);
  if (!/^[a-z][a-z0-9-]*$/.test(name)) throw new Error(`${name}: a name is lower-case letters, digits and dashes`);
  if (layers[name]) throw new Error(`${name} is there already`);
  const rows = Object.keys(layers);
  if (!rows.includes(before)) throw new Error(`--before ${before}: there is no such row`);
  for (const other of imports) {
    if (!layers[other]) throw new Error(`--imports ${other}: there is no such package`);
    if (rows.indexOf(other) >= rows.indexOf(before))
      throw new Error(`--imports ${other}: it stands above ${name}; imports only point down`);
  }
  const entries = Object.entries(layers);
  const row = { dir: `packages/${name}`, imports, ...(nats ? { nats: true } : {}), about };
  entries.splice(rows.indexOf(before), 0, [name, row]);
  const next = Object.fromEntries(entries);

  /** @param {string} file @param {unknown} value */
  const save = (file, value) => writeFileSync(join(base, file), `${JSON.stringify(value, null, 2)}\n`);
  save('tools/layers.json', next);
  save('tsconfig.json', { files: [], references: Object.values(next).map(({ dir }) => ({ path: dir })) });
  save('.oxlintrc.json', oxlintConfig(next));
  const { version } = JSON.parse(readFileSync(join(base, 'package.json'), 'utf8'));
  return ['tools/layers.json', 'tsconfig.json', '.oxlintrc.json', ...writeFrame(name, next, { base, version })];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2));

/** @param {string[]} args */
function main(args) {
  /** @type {NewPackage} */
  const options = { imports: [], nats: false, about: '' };
  const words = [];
  for (let arg = args.shift(); arg !== undefined; arg = args.shift()) {
    if (arg === '--imports') options.imports = (args.shift() ?? '').split(',').filter(Boolean);
    else if (arg === '--before') options.before = args.shift() ?? '';
    else if (arg === '--nats') options.nats = true;
    else words.push(arg);
  }
  const [name, about] = words;
  if (!name || !about) {
    console.error('usage: node tools/src/new-package.mjs NAME [--imports a,b] [--nats] [--before OTHER] "what it is about"');
    process.exitCode = 2;
    return;
  }
  try {
    for (const file of addPackage(name, { ...options, about })) console.log(file);
    console.log('Now: npm install && npm run format');
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
