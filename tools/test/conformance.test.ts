import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const root = new URL('../../', import.meta.url);
const PAGE = 'docs/conformance.md';

/** How many ids there are of each sort. A new rule raises its number here and gets a row. */
const counts = { S: 105, F: 23, G: 27, C: 16 } as const;
const ids = Object.entries(counts).flatMap(([sort, count]) => Array.from({ length: count }, (_, i) => `${sort}${i + 1}`));

interface Row {
  readonly id: string;
  readonly rule: string;
  readonly held: string;
  readonly links: readonly { readonly text: string; readonly file: string }[];
}

function rowsOf(page: string): Row[] {
  return [...page.matchAll(/^\| ([SFGC]\d+) \| (.*?) \| (.*) \|$/gm)].map(([, id = '', rule = '', held = '']) => ({
    id,
    rule,
    held,
    links: [...held.matchAll(/\[((?:[^[\]]|\[[^\]]*\])+)\]\(\.\.\/([^)]+)\)/g)].map(([, text = '', file = '']) => ({ text, file })),
  }));
}

/** The titles of groups and tests, as the source writes them: what a template fills in stays `${…}`. */
function titlesIn(source: string): string[] {
  return [...source.matchAll(/\b(?:describe|it)(?:\.\w+)?\(\s*(['"`])((?:\\.|(?!\1).)*)\1/gs)].map(([, , title = '']) =>
    title.replace(/\\(['"`])/g, '$1'),
  );
}

/** Each file of tests that is, or is about to be, committed, with its titles. */
function testFiles(): Map<string, readonly string[]> {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.test.ts'], {
    cwd: fileURLToPath(root),
    encoding: 'utf8',
  });
  const files = listed.split('\n').filter((file) => file !== '');
  return new Map(files.flatMap((file) => ((source) => (source === undefined ? [] : [[file, titlesIn(source)]]))(read(file))));
}

function read(path: string): string | undefined {
  try {
    return readFileSync(new URL(path, root), 'utf8');
  } catch {
    return undefined;
  }
}

/** What is wrong with a page, a line each. */
function faults(page: string, files: ReadonlyMap<string, readonly string[]>): string[] {
  const rows = rowsOf(page);
  const linked = new Map(rows.map(({ id, links }) => [id, new Set(links.map(({ file }) => file))]));
  const times = (id: string): number => rows.filter((row) => row.id === id).length;
  return [
    ...ids.filter((id) => times(id) !== 1).map((id) => `${id} stands ${times(id)} times`),
    ...rows.filter(({ id }) => !ids.includes(id)).map(({ id }) => `${id} is no id`),
    ...rows.filter(({ rule, held }) => rule.trim() === '' || held.trim() === '').map(({ id }) => `${id} says nothing`),
    ...rows
      .filter(({ links, held }) => links.length === 0 && !/^(not held yet: .|later: schedules$)/.test(held))
      .map(({ id }) => `${id} has no test and does not say so`),
    ...rows
      .filter(({ links, held }) => held.split('](').length !== links.length + 1)
      .map(({ id }) => `${id} has a link that leads nowhere`),
    ...rows.flatMap(({ id, links }) =>
      links.flatMap(({ text, file }) => {
        const titles = files.get(file);
        if (titles === undefined) return [`${id}: ${file} is no file of tests`];
        const parts = text.split(' › ').map((part) => part.replace(/ …$/, ''));
        return parts
          .filter((part) => part === '' || !titles.some((title) => (text.includes('…') ? title.startsWith(part) : title === part)))
          .map((part) => `${id}: ${file} has no test "${part}"`);
      }),
    ),
    ...[...files].flatMap(([file, titles]) =>
      [...new Set(titles.flatMap((title) => title.match(/\b[SFGC]\d+\b/g) ?? []))]
        .filter((id) => ids.includes(id) && linked.get(id)?.has(file) !== true)
        .map((id) => `${file} names ${id} in a title: link it from the row of ${id} in ${PAGE}`),
    ),
  ];
}

describe('the page of what holds which rule', () => {
  const files = testFiles();
  const page = read(PAGE)!;

  it('has every id once, leads to tests that are there, and to each that names an id in its title', () => {
    expect(faults(page, files)).to.deep.equal([]);
  });

  it('is linked from the README', () => {
    expect(read('README.md')).to.contain(`(${PAGE})`);
  });

  const G4 = '| G4 | a rule | [a title](../packages/x/test/a.test.ts) |';
  for (const [what, change, found] of [
    ['a row that is missing', (text: string) => text.replace(/^\| S1 .*\n/m, ''), 'S1 stands 0 times'],
    ['a row that stands twice', (text: string) => `${text}\n${G4}\n`, 'G4 stands 2 times'],
    ['an id that nobody gave', (text: string) => `${text}\n${G4.replace('G4', 'G99')}\n`, 'G99 is no id'],
    ['a file that is not there', (text: string) => `${text}\n${G4}\n`, 'G4: packages/x/test/a.test.ts is no file of tests'],
    [
      'a title that is not there',
      (text: string) => text.replace('G17 one full scope blocks no other]', 'G17 one scope blocks no other]'),
      'G17: packages/runtime/test/guarantees/g17.test.ts has no test "G17 one scope blocks no other"',
    ],
    [
      'a test that names an id and is not linked',
      (text: string) => text.replace(/^\| G20 .*$/m, '| G20 | a rule | not held yet: nothing |'),
      `packages/runtime/test/guarantees/g20.test.ts names G20 in a title: link it from the row of G20 in ${PAGE}`,
    ],
    [
      'a link out of this repository',
      (text: string) => `${text}\n${G4.replace('../', 'https://x/')}\n`,
      'G4 has a link that leads nowhere',
    ],
    [
      'a rule without a test that does not say so',
      (text: string) => text.replace(/^\| S22 .*$/m, '| S22 | a rule | some day |'),
      'S22 has no test and does not say so',
    ],
  ] as const) {
    it(`is refused for ${what}`, () => {
      expect(faults(change(page), files)).to.include(found);
    });
  }
});
