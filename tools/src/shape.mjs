/**
 * `npm run shape`: what a user gets. Packs every package and app, checks each with publint and attw, installs all of them
 * into an empty folder, imports each by name, and runs the program of each README (its first ```js or ```ts block that is
 * marked `runnable`).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkNode, ensureBuilt, ensureInstalled, root } from './bootstrap.mjs';
import { readLayers } from './layers.mjs';

checkNode();
ensureInstalled();
ensureBuilt();

const folder = mkdtempSync(join(tmpdir(), 'troupe-shape-'));
let passed = 0;
let failed = 0;
const check = (what, command, args, cwd = root) => {
  const done = spawnSync(command, args, { cwd, encoding: 'utf8', timeout: 180_000, env: { ...process.env, NODE_OPTIONS: '' } });
  if (done.status === 0) passed++;
  else {
    failed++;
    console.error(`FAILED ${what}\n${done.stdout}\n${done.stderr}`.slice(0, 3_000));
  }
  return done.status === 0;
};

try {
  const packed = [];
  for (const { dir } of Object.values(readLayers())) {
    const manifest = JSON.parse(readFileSync(join(root, dir, 'package.json'), 'utf8'));
    if (manifest.private === true) continue;
    const done = spawnSync('npm', ['pack', '--json', '--pack-destination', folder, '--loglevel=error'], {
      cwd: join(root, dir),
      encoding: 'utf8',
    });
    if (done.status !== 0) throw new Error(`cannot pack ${dir}: ${done.stderr}`);
    // npm prints one object by index or by name, depending on its version
    const [info] = Object.values(JSON.parse(done.stdout));
    packed.push({
      dir,
      name: manifest.name,
      file: join(folder, info.filename),
      esm: manifest.exports !== undefined && dir !== 'tools/nats-server',
    });
  }
  for (const { name, file, esm } of packed) {
    check(`publint ${name}`, join(root, 'node_modules/.bin/publint'), ['run', file, '--strict', '--level', 'error']);
    if (esm) check(`attw ${name}`, join(root, 'node_modules/.bin/attw'), [file, '--profile', 'esm-only', '--quiet']);
  }
  const empty = join(folder, 'empty');
  spawnSync('mkdir', ['-p', empty]);
  writeFileSync(join(empty, 'package.json'), '{ "name": "somebody", "private": true, "type": "module" }');
  const files = packed.map(({ file }) => file);
  if (
    check(
      'install the packed files into an empty folder',
      'npm',
      ['install', '--no-audit', '--no-fund', '--loglevel=error', ...files],
      empty,
    )
  ) {
    for (const { name, dir } of packed) {
      check(`import ${name}`, process.execPath, ['--input-type=module', '-e', `await import(${JSON.stringify(name)})`], empty);
      const program = readmeProgram(join(root, dir, 'README.md'));
      if (program === undefined) continue;
      writeFileSync(join(empty, 'program.mjs'), program);
      check(`the program in the README of ${name}`, process.execPath, ['program.mjs'], empty);
    }
    console.log(`packed and installed: ${readdirSync(folder).filter((f) => f.endsWith('.tgz')).length} packages`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed, 0 skipped`);
process.exitCode = failed > 0 ? 1 : 0;

/** @param {string} readme */
function readmeProgram(readme) {
  if (!existsSync(readme)) return undefined;
  return /```(?:js|ts) runnable\n([\s\S]*?)```/.exec(readFileSync(readme, 'utf8'))?.[1];
}
