/**
 * `npm run shape`: what a user gets. Packs every package, checks each with publint and attw, installs all of them into an empty folder outside of the
 * repository, imports both doors of each, type-checks a consumer, and runs the programs of each README: its blocks that are marked `js runnable`.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureNatsServer, root, setUp } from './bootstrap.mjs';
import { closingLine } from './counts.mjs';
import { readLayers } from './layers.mjs';
import { runPart } from './parts.mjs';

const LIMIT_MS = 240_000;

setUp();
await ensureNatsServer(); // programs of READMEs may bring one up
const folder = mkdtempSync(join(tmpdir(), 'troupe-shape-'));
const counts = { passed: 0, failed: 0, skipped: 0 };

/** @param {string} what @param {string} command @param {readonly string[]} args */
const check = async (what, command, args, cwd = root) => {
  const { code, output } = await runPart(command, args, {
    cwd,
    limitMs: LIMIT_MS,
    isHeld: true,
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  counts[code === 0 ? 'passed' : 'failed']++;
  console.log(code === 0 ? `ok ${what}` : `FAILED ${what}\n${output.slice(-4_000)}`);
  return code === 0 ? output : undefined;
};
/** @param {string} name */
const bin = (name) => join(root, 'node_modules', '.bin', name);

try {
  const packed = [];
  for (const { dir } of Object.values(readLayers())) {
    const manifest = JSON.parse(readFileSync(join(root, dir, 'package.json'), 'utf8'));
    if (manifest.private === true) continue;
    const output = await check(
      `pack ${manifest.name}`,
      'npm',
      ['pack', '--json', '--pack-destination', folder, '--loglevel=error'],
      join(root, dir),
    );
    if (output === undefined) continue;
    // npm 11 prints a list, npm 12 an object by name
    const [info] = Object.values(JSON.parse(output));
    packed.push({
      dir,
      name: manifest.name,
      file: join(folder, info.filename),
      doors: Object.keys(manifest.exports).filter((door) => !door.endsWith('.json')),
    });
  }
  for (const { name, file } of packed) {
    await check(`publint ${name}`, bin('publint'), ['run', file, '--strict', '--level', 'error']);
    await check(`attw ${name}`, bin('attw'), [file, '--profile', 'esm-only', '--quiet']);
  }

  const empty = join(folder, 'empty');
  mkdirSync(empty);
  writeFileSync(join(empty, 'package.json'), '{ "name": "somebody", "private": true, "type": "module" }');
  const files = packed.map(({ file }) => file);
  const install = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error', ...files];
  if (await check('install the packed files into an empty folder', 'npm', install, empty)) {
    const doors = packed.flatMap(({ name, doors }) => doors.map((door) => name + door.slice(1)));
    for (const door of doors) {
      await check(`import ${door}`, process.execPath, ['--input-type=module', '-e', `await import(${JSON.stringify(door)})`], empty);
    }
    await checkTypes(empty, doors);
    for (const { name, dir } of packed) await runReadme(name, join(root, dir, 'README.md'), empty);
    await runReadme('troupe', join(root, 'README.md'), empty);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(closingLine(counts));
process.exitCode = counts.failed > 0 ? 1 : 0;

/**
 * A consumer with the strictest settings sees the types of every door. `skipLibCheck` stays on: the declarations of the NATS client need a newer lib.
 * @param {string} cwd @param {readonly string[]} doors
 */
async function checkTypes(cwd, doors) {
  const lines = doors.map((door, index) => `import * as door${index} from '${door}';`);
  writeFileSync(
    join(cwd, 'consumer.ts'),
    `${lines.join('\n')}\nexport const all = [${doors.map((_, index) => `door${index}`).join(', ')}];\n`,
  );
  for (const [module, moduleResolution] of [
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ]) {
    const options = { module, moduleResolution, target: 'es2023', strict: true, noEmit: true, skipLibCheck: true, types: ['node'] };
    const compilerOptions = { ...options, exactOptionalPropertyTypes: true, typeRoots: [join(root, 'node_modules', '@types')] };
    writeFileSync(join(cwd, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }));
    await check(`types of every door under ${moduleResolution}`, bin('tsc'), ['-p', '.'], cwd);
  }
}

/** @param {string} name @param {string} readme @param {string} cwd */
async function runReadme(name, readme, cwd) {
  if (!existsSync(readme)) return;
  const programs = [...readFileSync(readme, 'utf8').matchAll(/```(?:js|ts) runnable\n([\s\S]*?)```/g)];
  for (const [i, [, program = '']] of programs.entries()) {
    writeFileSync(join(cwd, 'program.mjs'), program);
    await check(`program ${i + 1} in the README of ${name}`, process.execPath, ['program.mjs'], cwd);
  }
}
