import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { conformanceFaults, PAGE, testTitles } from '../src/conformance.mjs';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

describe('the page of what holds which rule', () => {
  const tests = testTitles();
  const page = read(PAGE);

  it('has every id once, leads to tests that are there, and to each that names an id in its title', () => {
    expect(conformanceFaults(page, tests)).to.deep.equal([]);
  });

  it('is linked from the README', () => {
    expect(read('README.md')).to.contain(`(${PAGE})`);
  });

  const row = '| G4 | a rule | [a title](../packages/x/test/a.test.ts) |';
  for (const [what, change, found] of [
    ['a row that is missing', (text: string) => text.replace(/^\| S1 .*\n/m, ''), `S1 stands 0 times in ${PAGE}`],
    ['a row that stands twice', (text: string) => `${text}\n${row}\n`, `G4 stands 2 times in ${PAGE}`],
    ['an id that nobody gave', (text: string) => `${text}\n${row.replace('G4', 'G99')}\n`, 'G99 is no id'],
    ['a file that is not there', (text: string) => `${text}\n${row}\n`, 'G4: packages/x/test/a.test.ts is no file of tests'],
    [
      'a title that is not there',
      (text: string) => text.replace('G17 one full scope blocks no other]', 'G17 one scope blocks no other]'),
      'G17: packages/runtime/test/guarantees/g17.test.ts has no test "G17 one scope blocks no other"',
    ],
    [
      'half a title that does not say that it is one',
      (text: string) => text.replace('G17 one full scope blocks no other]', 'G17 one full]'),
      'G17: packages/runtime/test/guarantees/g17.test.ts has no test "G17 one full"',
    ],
    [
      'a test that names an id and is not linked',
      (text: string) => text.replace(/^\| G20 .*$/m, '| G20 | a rule | not held yet: nothing |'),
      `packages/runtime/test/guarantees/g20.test.ts names G20 in a title: link it from the row of G20 in ${PAGE}`,
    ],
    [
      'a link out of this repository',
      (text: string) => `${text}\n${row.replace('../', 'https://x/')}\n`,
      'G4 has a link that leads nowhere',
    ],
    [
      'a rule without a test that does not say so',
      (text: string) => text.replace(/^\| S22 .*$/m, '| S22 | a rule | some day |'),
      'S22 has no test and does not say so',
    ],
  ] as const) {
    it(`is refused for ${what}`, () => {
      expect(conformanceFaults(change(page), tests)).to.include(found);
    });
  }
});
