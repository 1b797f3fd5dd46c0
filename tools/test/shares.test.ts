import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { readLayers, root } from '../src/layers.mjs';
import { type Share, sharesOf } from '../src/shares.mjs';

const dirs = Object.values(readLayers())
  .map(({ dir }) => dir)
  .filter((dir) => existsSync(join(root, dir, 'test')));

/** What mocha runs of a folder of tests, as far as shares say it. */
const runs = ({ args }: Share, file: string): boolean =>
  args.every((arg) => (arg.startsWith('--ignore=') ? !file.startsWith(arg.slice('--ignore='.length, -2)) : file.startsWith(`${arg}/`)));

describe('the shares of the tests', () => {
  it('have each file exactly once', () => {
    const shares = sharesOf(dirs, []);
    for (const dir of dirs) {
      const files = readdirSync(join(root, dir, 'test'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test.ts'));
      for (const name of files) {
        const file = `test/${name}`;
        const its = shares.filter((share) => share.dir === dir && runs(share, file));
        expect(its, `${dir}/${file}`).to.have.lengthOf(1);
      }
    }
  });

  it('leave out a folder that is ignored, which would be a run of mocha without tests', () => {
    const ignored = '--ignore=test/crash/**';
    const titles = (args: string[]) => sharesOf(['packages/runtime'], args).map(({ title }) => title);
    expect(titles([])).to.include('packages/runtime/test/crash');
    expect(titles([ignored])).to.not.include('packages/runtime/test/crash');
    expect(titles([ignored])).to.include('packages/runtime');
  });
});
