/**
 * Programs of tests as one file each. Started from its sources a role takes three quarters of a second of a processor, most of it to find and
 * compile five hundred modules; as one file a tenth. The tests start some hundred of them.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Esbuild {
  buildSync(options: Readonly<Record<string, unknown>>): unknown;
}

const made = new Map<string, string>();
let folder: string | undefined;

/** The file to run instead of `program`; made once per process, and removed at its end. */
export function bundleOf(program: URL): string {
  const source = fileURLToPath(program);
  const known = made.get(source);
  if (known !== undefined) return known;
  if (folder === undefined) {
    const own = mkdtempSync(join(tmpdir(), 'troupe-bundle-'));
    process.once('exit', () => rmSync(own, { recursive: true, force: true }));
    folder = own;
  }
  const outfile = join(folder, `${made.size}.mjs`);
  // the one that tsx compiles these sources with anyway
  const require = createRequire(import.meta.url);
  const { buildSync } = createRequire(require.resolve('tsx/package.json'))('esbuild') as Esbuild;
  buildSync({
    entryPoints: [source],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['@troupe/source'],
    sourcemap: 'inline',
    logLevel: 'error',
    // what is CommonJS in node_modules asks for it
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  made.set(source, outfile);
  return outfile;
}
