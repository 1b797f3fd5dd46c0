import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { layerBreaks } from '../src/layer-check.mjs';
import { readLayers, root } from '../src/layers.mjs';
import { addPackage } from '../src/new-package.mjs';
import { makeTree, type Tree } from './tree.ts';

const run = promisify(execFile);
const bin = (name: string) => join(root, 'node_modules', '.bin', name);

describe('a new package', () => {
  it('compiles, is tested, formatted and linted as it stands', async function () {
    this.timeout(120_000);
    using tree = copyOfRepository();
    const files = addPackage('fresh', { imports: ['actor', 'protocol'], nats: false, about: 'a package of a test' }, tree.root);
    expect(files).to.include.members(['packages/fresh/package.json', 'packages/fresh/src/index.ts', 'packages/fresh/test/doors.test.ts']);
    symlinkSync(join(tree.root, 'packages/fresh'), join(tree.root, 'node_modules/@troupe/fresh'));
    const cwd = join(tree.root, 'packages/fresh');
    await run(bin('oxfmt'), ['packages/fresh', 'tools/layers.json'], { cwd: tree.root });
    await run(bin('tsc'), ['-b', '.'], { cwd });
    const { stdout } = await run(bin('mocha'), [], { cwd });
    expect(stdout).to.match(/1 passing/);
    await run(bin('oxlint'), ['--deny-warnings', 'packages/fresh'], { cwd: tree.root });
    expect(layerBreaks(tree.root)).to.deep.equal([]);
    expect(readFileSync(join(tree.root, 'tsconfig.json'), 'utf8')).to.include('packages/fresh');
  });

  it('is refused when its name is taken, or it would point up', () => {
    using tree = makeTree({
      'tools/layers.json': readLayers(),
      'package.json': { version: '0.1.0' },
    });
    const add = (name: string, imports: string[], before?: string) => () =>
      addPackage(name, { imports, nats: false, about: 'x', ...(before === undefined ? {} : { before }) }, tree.root);
    expect(add('actor', [])).to.throw('is there already');
    expect(add('Actor', [])).to.throw('lower-case');
    expect(add('fresh', ['nobody'])).to.throw('there is no such package');
    expect(add('fresh', ['cli'])).to.throw('imports only point down');
    expect(add('fresh', ['executor'], 'task')).to.throw('imports only point down');
    expect(readdirSync(tree.root).toSorted()).to.deep.equal(['package.json', 'tools']);
  });
});

/** The sources as they are, with third-party modules linked. */
function copyOfRepository(): Tree {
  const tree = makeTree();
  const skipped = /\/(dist|dist-test|node_modules|coverage|\.nx|\.cache|\.git)(\/|$)/;
  const wanted = ['packages/protocol', 'packages/actor', 'packages/testing', 'test-infra', 'tools/nats-server', 'tools/layers.json'];
  const files = ['package.json', 'tsconfig.json', 'tsconfig.base.json', '.mocharc.json', '.oxlintrc.json', '.oxfmtrc.json'];
  for (const path of [...wanted, ...files]) {
    mkdirSync(join(tree.root, path, '..'), { recursive: true });
    cpSync(join(root, path), join(tree.root, path), { recursive: true, filter: (from) => !skipped.test(from.slice(root.length)) });
  }
  // a package that imports nothing but the bottom needs no more of testing than its frame
  const lib = join(tree.root, 'packages/testing/tsconfig.lib.json');
  writeFileSync(lib, JSON.stringify({ ...JSON.parse(readFileSync(lib, 'utf8')), include: [], files: ['src/internal.ts'], references: [] }));
  writeFileSync(join(tree.root, 'packages/testing/src/internal.ts'), 'export {};\n');
  mkdirSync(join(tree.root, 'node_modules/@troupe'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name !== '@troupe') symlinkSync(join(root, 'node_modules', name), join(tree.root, 'node_modules', name));
  }
  for (const name of readdirSync(join(root, 'node_modules/@troupe'))) {
    symlinkSync(readlinkSync(join(root, 'node_modules/@troupe', name)), join(tree.root, 'node_modules/@troupe', name));
  }
  return tree;
}
