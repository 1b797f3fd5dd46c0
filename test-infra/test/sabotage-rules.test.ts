import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { rules } from '../sabotage/rules.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));

describe('the rules of the sabotage', () => {
  it('each break a line that stands exactly once, so that a change of that line is noticed here and not at the end of CI', () => {
    const stale = rules.filter(({ file, find }) => readFileSync(join(root, file), 'utf8').split(find).length !== 2);
    expect(stale.map(({ name, file }) => `${name}: ${file}`)).to.deep.equal([]);
  });

  it('each change something, under a name of their own, and name a file of tests that is there', () => {
    expect(new Set(rules.map(({ name }) => name)).size).to.equal(rules.length);
    const wrong = rules.filter(
      ({ find, replace, package: folder, spec }) => find === replace || (spec !== undefined && !existsSync(join(root, folder, spec))),
    );
    expect(wrong.map(({ name }) => name)).to.deep.equal([]);
  });
});
