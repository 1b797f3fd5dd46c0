import { expect } from 'chai';
import { strayText } from '../src/stray-text.mjs';
import { makeTree } from './tree.ts';

const find = (file: string, text: string) => {
  using tree = makeTree({ [file]: text });
  return strayText(tree.root, [file]);
};

describe('what must not be committed', () => {
  const cases: [string, string, string][] = [
    ['an exclusive test', 'a.test.ts', "describe.only('x', () => {});"],
    ['a skipped test', 'a.test.ts', "  it.skip('x', () => {});"],
    ['unfinished work', 'src/a.ts', '// TODO: later'],
    ['a function that is not there yet', 'src/a.ts', "throw new Error('Not implemented');"],
    ['a path of one machine', 'docs/a.md', 'see /home/somebody/troupe'],
    ['an address of a registry', 'package-lock.json', '      "resolved": "https://registry.example/x.tgz",'],
  ];
  for (const [what, file, text] of cases) {
    it(`is found: ${what}`, () => {
      expect(find(file, `first line\n${text}\n`)).to.have.length(1);
      expect(find(file, `first line\n${text}\n`)[0]).to.match(new RegExp(`^${file}:2: `));
    });
  }

  it('is not found where nothing is wrong', () => {
    expect(find('a.ts', 'this.skip();\nconst home = "/homework/x";\nconst todo = list.todo;\n')).to.deep.equal([]);
    expect(find('package-lock.json', '"resolved": "packages/actor",')).to.deep.equal([]);
  });

  it('is not in this repository', () => {
    expect(strayText()).to.deep.equal([]);
  });
});
