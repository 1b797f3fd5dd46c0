/**
 * What must not be committed: exclusive or skipped tests, marks of unfinished work, paths of one machine, and addresses of one machine's package
 * registry in the lockfile.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './layers.mjs';

/** @type {readonly { what: string, pattern: RegExp, files: RegExp }[]} */
const rules = [
  {
    what: 'an exclusive or skipped test',
    pattern: /\b(?:describe|it|specify)\.(?:only|skip)\(|\b(?:xit|xdescribe)\(/,
    files: /\.ts$/,
  },
  { what: 'unfinished work', pattern: /\b(?:TODO|FIXME|XXX)\b|\b[Nn]ot (?:yet )?[Ii]mplemented\b/, files: /\.(?:ts|mjs|sh|md)$/ },
  { what: 'a path of one machine', pattern: /(?<![\w.])\/(?:work|home\/\w+|Users\/\w+|root)\//, files: /\.(?:ts|mjs|sh|md|json)$/ },
  { what: 'an address of a registry', pattern: /"resolved": "https?:/, files: /package-lock\.json$/ },
];

/** This file has to name them. */
const exempt = /^tools\/(?:src\/stray-text\.mjs|test\/stray-text\.test\.ts)$/;

/** @param {string} [base] @param {readonly string[]} [files] relative to `base`; default: what git knows @returns {string[]} one line per finding */
export function strayText(base = root, files = tracked(base)) {
  const found = [];
  for (const file of files) {
    if (exempt.test(file) || !existsSync(join(base, file))) continue;
    const fitting = rules.filter((rule) => rule.files.test(file));
    if (fitting.length === 0) continue;
    const lines = readFileSync(join(base, file), 'utf8').split('\n');
    for (const [index, line] of lines.entries()) {
      for (const { what, pattern } of fitting)
        if (pattern.test(line)) found.push(`${file}:${index + 1}: ${what}: ${line.trim().slice(0, 100)}`);
    }
  }
  return found;
}

/** @param {string} base */
function tracked(base) {
  return execFileSync('git', ['ls-files', '-z'], { cwd: base, encoding: 'utf8', maxBuffer: 64_000_000 }).split('\0').filter(Boolean);
}
