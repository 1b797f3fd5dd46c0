/** Brings a schema to the version that this package needs. The files in `sql/` are applied in order, each once, each in a transaction. */
import { readdirSync, readFileSync } from 'node:fs';
import { TroupeError } from '@troupe/protocol';
import { DEFAULT_SCHEMA, ownTables, quoted } from './names.ts';
import { inTransaction, type Pool, type Queryable } from './pool.ts';

export interface MigrateOptions {
  /** Where the tables and the function are made; it must exist. Default `public`. */
  readonly schema?: string;
}

interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

const FOLDER = new URL('../sql/', import.meta.url);
/** One number for all who migrate: two at once wait for each other. */
const LOCK = 7_202_411;

/** The migrations of this package, oldest first; for whoever runs them by other means, after a SET search_path. */
export function migrations(): readonly Migration[] {
  const files = readdirSync(FOLDER).filter((name) => /^\d{3}_\w+\.sql$/.test(name));
  return files.sort().map((name) => ({ version: Number(name.slice(0, 3)), name, sql: readFileSync(new URL(name, FOLDER), 'utf8') }));
}

/**
 * Applies what is missing and returns the names of what was applied. May be called by any number of processes at once, and
 * at every start. A schema that is newer than this package is left as it is. Throws `unavailable`, `not_permitted`.
 */
export async function migrate(pool: Pool, options: MigrateOptions = {}): Promise<readonly string[]> {
  const schema = options.schema ?? DEFAULT_SCHEMA;
  const { migration: table } = ownTables(schema);
  const begin = `SET LOCAL search_path = ${quoted(schema, 'schema')}, pg_temp; SELECT pg_advisory_xact_lock(${LOCK});`;
  return inTransaction(pool, begin, async (tx) => {
    await tx.query(
      `CREATE TABLE IF NOT EXISTS ${table} (version int PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`,
    );
    const current = await versionOf(tx, table);
    const missing = migrations().filter(({ version }) => version > current);
    for (const { version, name, sql } of missing) {
      await tx.query(sql);
      await tx.query(`INSERT INTO ${table} (version, name) VALUES ($1, $2)`, [version, name]);
    }
    return missing.map(({ name }) => name);
  });
}

/** Throws `topology_mismatch` when the schema is older than this package needs, or not there; `unavailable` when nobody answers. */
export async function verifySchema(pool: Pool, options: MigrateOptions = {}): Promise<void> {
  const { migration: table } = ownTables(options.schema);
  const version = await inTransaction(pool, '', (tx) => versionOf(tx, table));
  const needed = migrations().at(-1)!.version;
  if (version >= needed) return;
  throw new TroupeError('topology_mismatch', `the schema has version ${version}, this package needs ${needed}: call migrate()`, {
    data: { version, needed },
  });
}

async function versionOf(tx: Queryable, table: string): Promise<number> {
  const { rows } = await tx.query(`SELECT coalesce(max(version), 0) AS version FROM ${table}`);
  return Number(rows[0]!['version']);
}
