import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { layerBreaks } from '../src/layer-check.mjs';
import { type Layer, readLayers, root } from '../src/layers.mjs';
import { oxlintConfig } from '../src/oxlint-config.mjs';
import { makeTree } from './tree.ts';

const run = promisify(execFile);
const layers = readLayers();
const read = (path: string) => JSON.parse(readFileSync(join(root, path), 'utf8')) as Record<string, unknown>;

describe('the layers of this repository', () => {
  it('are kept by every import', () => {
    expect(layerBreaks()).to.deep.equal([]);
  });

  it('only point down', () => {
    const rows = Object.keys(layers);
    for (const [name, layer] of Object.entries(layers)) {
      if (layer.dir.startsWith('packages/')) {
        for (const other of layer.imports) expect(rows.indexOf(other), `${name} -> ${other}`).to.be.lessThan(rows.indexOf(name));
      }
    }
  });

  it('are what the workspaces are: each folder has a row and each row its folder', () => {
    const paths = (read('tsconfig.json')['references'] as { path: string }[]).map(({ path }) => path);
    expect(paths.toSorted()).to.deep.equal(
      Object.values(layers)
        .map(({ dir }) => dir)
        .toSorted(),
    );
    for (const [name, { dir }] of Object.entries(layers)) expect(read(`${dir}/package.json`)['name']).to.equal(`@troupe/${name}`);
  });

  it('are wide enough for the dependencies and the references of each package', () => {
    for (const [name, { dir, imports, handWritten }] of Object.entries(layers)) {
      const listed = Object.keys((read(`${dir}/package.json`)['dependencies'] ?? {}) as object).filter((other) =>
        other.startsWith('@troupe/'),
      );
      for (const other of listed) expect(imports, `dependencies of ${name}`).to.include(other.slice('@troupe/'.length));
      if (handWritten) continue;
      const references = (read(`${dir}/tsconfig.lib.json`)['references'] ?? []) as { path: string }[];
      const referred = references.map(({ path }) => relative(root, resolve(root, dir, path, '..')));
      const dirs = imports.map((other) => layers[other]?.dir);
      for (const other of referred) expect(dirs, `references of ${name}`).to.include(other);
    }
  });

  it('stand in .oxlintrc.json as they stand in the table', () => {
    expect(read('.oxlintrc.json')).to.deep.equal(JSON.parse(JSON.stringify(oxlintConfig())));
  });
});

describe('the layer check', () => {
  const cases: [string, string, RegExp][] = [
    ['an import that points up', "import { x } from '@troupe/upper';", /lower may not import upper|does not list/],
    ['a type import that points up', "import type { X } from '@troupe/upper';", /upper/],
    ['an import that spans lines', "import {\n  x,\n} from '@troupe/upper';", /upper/],
    ['a dynamic import', "await import('@troupe/upper');", /upper/],
    ['a third door', "import { x } from '@troupe/base/dist/x.js';", /two doors/],
    ['a package that package.json does not list', "import x from 'left-pad';", /left-pad, which package.json does not list/],
    ['NATS outside of the adapters', "import { connect } from '@nats-io/transport-node';", /only the adapter may know NATS/],
    ['the database driver outside of its adapter', "import pg from 'pg';", /only the adapter may know the database driver/],
    ['time from the system', 'export const now = Date.now();', /takes time or chance/],
    ['chance from the system', 'export const dice = Math.random();', /takes time or chance/],
    ['export *', "export * from './other.ts';", /export \*/],
    ['a default export', 'export default 1;', /default export/],
  ];
  for (const [what, text, complaint] of cases) {
    it(`finds ${what}`, () => {
      using tree = setup({ 'packages/lower/src/index.ts': text });
      expect(layerBreaks(tree.root).join('\n')).to.match(complaint);
    });
  }

  it('lets pass what points down, and time in a file that is a clock', () => {
    using tree = setup({
      'packages/lower/src/index.ts':
        "import { x } from '@troupe/base';\nimport { y } from '@troupe/base/internal';\nimport { z } from './z.ts';\n",
      'packages/lower/src/system-clock.ts': 'export const now = () => Date.now();\n',
    });
    expect(layerBreaks(tree.root)).to.deep.equal([]);
  });
});

describe('oxlint with the layers of this repository', () => {
  it('says the same in the editor', async function () {
    this.timeout(20_000);
    using tree = makeTree({
      '.oxlintrc.json': { ...oxlintConfig(layers), $schema: undefined },
      'packages/actor/src/good.ts':
        "import { x } from '@troupe/protocol';\nimport { y } from '@troupe/protocol/internal';\nexport const good = [x, y];\n",
      'packages/actor/src/up.ts': "import { x } from '@troupe/executor';\nexport const up = x;\n",
      'packages/actor/src/deep.ts': "import { x } from '@troupe/protocol/dist/x.js';\nexport const deep = x;\n",
      'packages/actor/src/nats.ts': "import { connect } from '@nats-io/transport-node';\nexport const nats = connect;\n",
      'packages/jetstream/src/nats.ts': "import { connect } from '@nats-io/transport-node';\nexport const nats = connect;\n",
      'packages/actor/src/time.ts': 'export const time = [Date.now(), Math.random(), setTimeout(() => {}, 1)];\n',
      'packages/actor/src/system-clock.ts': 'export const clock = () => Date.now();\n',
    });
    const { stdout } = await run(join(root, 'node_modules/.bin/oxlint'), ['-f', 'unix', '.'], { cwd: tree.root }).catch(
      (error) => error as { stdout: string },
    );
    const found = stdout
      .split('\n')
      .filter((line) => line.includes('no-restricted'))
      .map((line) => line.split(':')[0] as string);
    expect(found.toSorted()).to.deep.equal([
      'packages/actor/src/deep.ts',
      'packages/actor/src/nats.ts',
      ...Array<string>(3).fill('packages/actor/src/time.ts'),
      'packages/actor/src/up.ts',
    ]);
  });
});

describe('nx', () => {
  it('sees the workspaces, and keeps its cache and its daemon to this clone', async function () {
    this.timeout(60_000);
    const nx = join(root, 'node_modules/.bin/nx');
    const { stdout } = await run(nx, ['show', 'projects', '--json'], { cwd: root, env: { ...process.env, NX_DAEMON: 'false' } });
    expect((JSON.parse(stdout) as string[]).toSorted()).to.deep.equal(
      Object.keys(layers)
        .map((name) => `@troupe/${name}`)
        .toSorted(),
    );
    expect(read('nx.json')).to.deep.include({ cacheDirectory: '.nx/cache', neverConnectToCloud: true, analytics: false });
  });
});

function setup(files: Readonly<Record<string, string>>) {
  const layer = (dir: string, imports: string[]): Layer => ({ dir, imports, about: '' });
  return makeTree({
    'tools/layers.json': {
      base: layer('packages/base', []),
      lower: layer('packages/lower', ['base']),
      upper: layer('packages/upper', ['lower']),
    },
    'packages/lower/package.json': {
      name: '@troupe/lower',
      dependencies: { '@troupe/base': '0.1.0', '@nats-io/transport-node': '3.4.0', pg: '8.23.1' },
    },
    ...files,
  });
}
