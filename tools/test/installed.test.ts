import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { whyStale } from '../src/installed.mjs';
import { makeTree } from './tree.ts';

describe('what is installed', () => {
  it('is missing on a fresh clone', () => {
    using tree = makeTree({ 'package-lock.json': lock() });
    expect(whyStale(tree.root)).to.equal('nothing is installed');
  });

  it('is what the lockfile says, also with packages beyond it', () => {
    using tree = setup();
    tree.write('node_modules/.package-lock.json', lock({ 'node_modules/extra': { version: '1.0.0' } }));
    expect(whyStale(tree.root)).to.equal(undefined);
  });

  it('is stale when the lockfile has another version, or another content of the same version', () => {
    using tree = setup();
    tree.write('package-lock.json', lock({ 'node_modules/a': { version: '1.0.1', integrity: 'sha512-a' } }));
    expect(whyStale(tree.root)).to.equal('node_modules/a is 1.0.0, the lockfile says 1.0.1');
    tree.write('package-lock.json', lock({ 'node_modules/a': { version: '1.0.0', integrity: 'sha512-other' } }));
    expect(whyStale(tree.root)).to.match(/node_modules\/a is 1\.0\.0/);
  });

  it('is stale when the lockfile has more, or a new workspace', () => {
    using tree = setup();
    tree.write('package-lock.json', lock({ 'node_modules/b': { version: '2.0.0' } }));
    expect(whyStale(tree.root)).to.equal('node_modules/b is missing');
    tree.write('package-lock.json', lock({ 'node_modules/@troupe/new': { link: true } }));
    expect(whyStale(tree.root)).to.equal('node_modules/@troupe/new is missing');
  });

  it('is stale when a folder was removed by hand', () => {
    using tree = setup();
    rmSync(join(tree.root, 'node_modules/a'), { recursive: true });
    expect(whyStale(tree.root)).to.equal('node_modules/a is missing');
  });

  it('need not hold what is made for other systems', () => {
    using tree = setup();
    tree.write('package-lock.json', lock({ 'node_modules/only-on-a-mac': { version: '1.0.0', optional: true } }));
    expect(whyStale(tree.root)).to.equal(undefined);
  });
});

function lock(more: Readonly<Record<string, object>> = {}) {
  return {
    packages: {
      '': { name: 'root' },
      'packages/x': { name: '@troupe/x' },
      'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
      'node_modules/@troupe/x': { resolved: 'packages/x', link: true },
      ...more,
    },
  };
}

function setup() {
  return makeTree({ 'package-lock.json': lock(), 'node_modules/.package-lock.json': lock(), 'node_modules/a/package.json': {} });
}
