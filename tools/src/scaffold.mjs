// Writes the frame of a package (package.json, tsconfigs, the two doors) and never overwrites a file.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { root, scope } from './layers.mjs';

/** @param {unknown} value */
const json = (value) => `${JSON.stringify(value, null, 2)}\n`;

/**
 * @param {string} name short name, a key of the layer table
 * @param {Record<string, import('./layers.mjs').Layer>} layers
 * @param {string} version the one version of all packages
 * @returns {Record<string, string>} contents by path inside the package
 */
export function frameOf(name, layers, version) {
  const layer = layers[name];
  if (!layer) throw new Error(`${name} is not in tools/layers.json`);
  const isApp = layer.dir.startsWith('apps/');
  /** @param {string} other @param {string} file */
  const reference = (other, file) => ({ path: posix.join(posix.relative(layer.dir, /** @type {any} */ (layers[other]).dir), file) });
  /** @param {string} other */
  const libOf = (other) => reference(other, 'tsconfig.lib.json');
  const built = (/** @type {string[]} */ names) => names.filter((other) => !layers[other]?.handWritten || other === 'test-infra');
  const testReferences = ['testing', 'test-infra'].filter((other) => other !== name && layers[other]);
  /** @param {string[]} names */
  const pinned = (names) => Object.fromEntries(names.map((other) => [`${scope}/${other}`, version]).sort());
  /** @param {string} door */
  const door = (door) => ({ '@troupe/source': `./src/${door}.ts`, types: `./dist/${door}.d.ts`, default: `./dist/${door}.js` });
  const bin = name === 'cli' ? 'troupe' : `troupe-${name.replace(/^app-/, '')}`;
  /** @type {Record<string, string>} */
  const files = {
    'package.json': json({
      name: `${scope}/${name}`,
      version,
      description: `Troupe: ${layer.about}`,
      license: 'Apache-2.0',
      type: 'module',
      sideEffects: false,
      engines: { node: '>=20.19' },
      ...(isApp ? { bin: { [bin]: `bin/${bin}.mjs` } } : {}),
      exports: { '.': door('index'), './internal': door('internal'), './package.json': './package.json' },
      files: [...(isApp ? ['bin'] : []), 'dist', 'src', '!**/*.tsbuildinfo'],
      scripts: { build: 'tsc -b', test: 'mocha' },
      // what the layers allow is listed when it is used: knip names what is listed and unused
      dependencies: {},
      devDependencies: pinned(testReferences),
    }),
    'tsconfig.json': json({ files: [], references: [{ path: 'tsconfig.lib.json' }, { path: 'tsconfig.test.json' }] }),
    'tsconfig.lib.json': json({
      extends: posix.join(posix.relative(layer.dir, '.'), 'tsconfig.base.json'),
      compilerOptions: { rootDir: 'src', outDir: 'dist', tsBuildInfoFile: 'dist/tsconfig.lib.tsbuildinfo' },
      include: ['src'],
      references: built(layer.imports).map(libOf),
    }),
    'tsconfig.test.json': json({
      extends: posix.join(posix.relative(layer.dir, '.'), 'tsconfig.base.json'),
      compilerOptions: {
        rootDir: 'test',
        outDir: 'dist-test',
        emitDeclarationOnly: true,
        declarationMap: false,
        tsBuildInfoFile: 'dist-test/tsconfig.test.tsbuildinfo',
        types: ['node', 'mocha'],
      },
      include: ['test'],
      references: [
        { path: 'tsconfig.lib.json' },
        ...built([...layer.imports, ...testReferences.filter((o) => !layer.imports.includes(o))]).map(libOf),
      ],
    }),
    'src/index.ts': `/** ${layer.about[0]?.toUpperCase()}${layer.about.slice(1)}. */\nexport {};\n`,
    'src/internal.ts': '/** For sibling packages: nothing that is not public yet. */\nexport {};\n',
    'test/doors.test.ts': doorsTest(name),
  };
  if (isApp) {
    files[`bin/${bin}.mjs`] = "#!/usr/bin/env node\nimport '../dist/main.js';\n";
  }
  return files;
}

/** @param {string} name */
function doorsTest(name) {
  return `import { expect } from 'chai';
import * as publicDoor from '${scope}/${name}';
import * as siblingDoor from '${scope}/${name}/internal';

describe('the doors of ${scope}/${name}', () => {
  it('lead to two modules that share no name', () => {
    const both = Object.keys(siblingDoor).filter((name) => name in publicDoor);
    expect(both).to.deep.equal([]);
  });
});
`;
}

/**
 * @param {string} name
 * @param {Record<string, import('./layers.mjs').Layer>} layers
 * @param {{ base?: string, version: string }} options
 * @returns {string[]} the files that were written
 */
export function writeFrame(name, layers, { base = root, version }) {
  const written = [];
  const dir = join(base, /** @type {any} */ (layers[name]).dir);
  for (const [path, text] of Object.entries(frameOf(name, layers, version))) {
    const file = join(dir, path);
    if (existsSync(file)) continue;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, path.startsWith('bin/') ? { mode: 0o755 } : {});
    written.push(join(/** @type {any} */ (layers[name]).dir, path));
  }
  return written;
}
