/** `npm run wire`: writes the JSON Schemas and the AsyncAPI document of the wire from `protocol`. A test holds the files against the code. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, setUp } from './bootstrap.mjs';

setUp();
const { wireFiles } = await import(join(root, 'packages', 'protocol', 'dist', 'internal.js'));
const folder = join(root, 'packages', 'protocol', 'wire');
const files = wireFiles();
mkdirSync(folder, { recursive: true });
for (const name of readdirSync(folder)) if (!(name in files)) rmSync(join(folder, name));
for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
console.log(`${Object.keys(files).length} files in packages/protocol/wire`);
