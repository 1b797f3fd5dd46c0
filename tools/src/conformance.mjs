/**
 * Keeps `docs/conformance.md` true: every id of a rule (S), a family (F), a guarantee (G) and a conformance test (C) stands there once, every link
 * leads to a test that is there, and a test that names an id in its title is linked from the row of that id.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './layers.mjs';

export const PAGE = 'docs/conformance.md';

/** How many ids there are of each sort. A new rule raises its number here and gets a row. */
const counts = { S: 105, F: 23, G: 27, C: 16 };
const ids = Object.entries(counts).flatMap(([sort, count]) => Array.from({ length: count }, (_, i) => `${sort}${i + 1}`));

/** @param {string} page */
function rowsOf(page) {
  return [...page.matchAll(/^\| ([SFGC]\d+) \| (.*?) \| (.*) \|$/gm)].map(([, id = '', rule = '', held = '']) => ({
    id,
    rule,
    held,
    links: [...held.matchAll(/\[((?:[^[\]]|\[[^\]]*\])+)\]\(\.\.\/([^)]+)\)/g)].map(([, text = '', file = '']) => ({ text, file })),
  }));
}

/** The titles of groups and tests, as the source writes them: what a template fills in stays `${…}`. @param {string} source */
function titlesIn(source) {
  return [...source.matchAll(/\b(?:describe|it)(?:\.\w+)?\(\s*(['"`])((?:\\.|(?!\1).)*)\1/gs)].map(([, , title = '']) =>
    title.replace(/\\(['"`])/g, '$1'),
  );
}

/** Each file of tests that is committed, or about to be, with its titles. @param {string} [base] @returns {Map<string, readonly string[]>} */
export function testTitles(base = root) {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z', '*.test.ts'], { cwd: base, encoding: 'utf8' });
  const files = listed.split('\0').filter((file) => file !== '' && existsSync(join(base, file)));
  return new Map(files.map((file) => [file, titlesIn(readFileSync(join(base, file), 'utf8'))]));
}

/** What is wrong with the page, a line each. @param {string} [page] its text @param {ReadonlyMap<string, readonly string[]>} [tests] @returns {string[]} */
export function conformanceFaults(page = readFileSync(join(root, PAGE), 'utf8'), tests = testTitles()) {
  const rows = rowsOf(page);
  const linked = new Map(rows.map(({ id, links }) => [id, new Set(links.map(({ file }) => file))]));
  /** @param {string} id */
  const times = (id) => rows.filter((row) => row.id === id).length;
  return [
    ...ids.filter((id) => times(id) !== 1).map((id) => `${id} stands ${times(id)} times in ${PAGE}`),
    ...rows.filter(({ id }) => !ids.includes(id)).map(({ id }) => `${id} is no id`),
    ...rows.filter(({ rule, held }) => rule.trim() === '' || held.trim() === '').map(({ id }) => `${id} says nothing`),
    ...rows
      .filter(({ links, held }) => links.length === 0 && !/^(not held yet: .|later: schedules$)/.test(held))
      .map(({ id }) => `${id} has no test and does not say so`),
    ...rows
      .filter(({ links, held }) => held.split('](').length !== links.length + 1)
      .map(({ id }) => `${id} has a link that leads nowhere`),
    ...rows.flatMap(({ id, links }) =>
      links.flatMap(({ text, file }) => missing(text, tests.get(file)).map((what) => `${id}: ${file} ${what}`)),
    ),
    ...[...tests].flatMap(([file, titles]) =>
      [...new Set(titles.flatMap((title) => title.match(/\b[SFGC]\d+\b/g) ?? []))]
        .filter((id) => ids.includes(id) && linked.get(id)?.has(file) !== true)
        .map((id) => `${file} names ${id} in a title: link it from the row of ${id} in ${PAGE}`),
    ),
  ];
}

/** `group › test`, each whole, or up to `…` where the title goes on differently from test to test. @param {string} text @param {readonly string[]} [titles] */
function missing(text, titles) {
  if (titles === undefined) return ['is no file of tests'];
  /** @param {string} part */
  const isThere = (part) =>
    part.endsWith(' …') ? titles.some((title) => part.length > 2 && title.startsWith(part.slice(0, -2))) : titles.includes(part);
  return text
    .split(' › ')
    .filter((part) => !isThere(part))
    .map((part) => `has no test "${part}"`);
}
