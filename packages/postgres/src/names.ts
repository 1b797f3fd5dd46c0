/** Names of tables and columns in SQL text. */
import { TroupeError } from '@troupe/protocol';

/** A name as an SQL identifier, whatever it holds. Throws `invalid_options`. */
export function quoted(name: string, field: string): string {
  if (typeof name !== 'string' || name === '' || name.includes('\0')) {
    throw new TroupeError('invalid_options', `${field} must be the name of a thing in PostgreSQL`, { field });
  }
  return `"${name.replaceAll('"', '""')}"`;
}

/** `table` or `schema.table`. A name that itself holds a dot cannot be given. */
export function quotedTable(name: string, field: string): string {
  const parts = typeof name === 'string' ? name.split('.') : [];
  if (parts.length === 0 || parts.length > 2) {
    throw new TroupeError('invalid_options', `${field} must be the name of a table, or schema.table`, { field });
  }
  return parts.map((part) => quoted(part, field)).join('.');
}

export interface OwnTables {
  readonly resource: string;
  readonly event: string;
  readonly revision: string;
  readonly outbox: string;
  readonly migration: string;
}

export const DEFAULT_SCHEMA = 'public';

/** Our own tables, with their schema: they are found whatever the search path of a connection is. */
export function ownTables(schema: string = DEFAULT_SCHEMA): OwnTables {
  const prefix = `${quoted(schema, 'schema')}.troupe_`;
  return {
    resource: `${prefix}resource`,
    event: `${prefix}event`,
    revision: `'${`${prefix}revision`.replaceAll("'", "''")}'::regclass`,
    outbox: `${prefix}outbox`,
    migration: `${prefix}migration`,
  };
}
