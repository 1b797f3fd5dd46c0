/** Where the resources of a kind lie: in our table, or in one of yours with the rest in ours. Loads under a lock, saves, lists. */
import type { ResourceRecord } from '@troupe/actor';
import { isTombstone, type StoredResource, untouched } from '@troupe/actor/internal';
import type { ResourceRef } from '@troupe/protocol';
import { type OwnTables, quoted } from './names.ts';
import type { Queryable } from './pool.ts';
import { decodeRow, encodeRow, keyOf, type Row, selectList } from './resource-row.ts';
import type { Cells, Mapping } from './table-mapping.ts';
import { decodeText, encodeText } from './text-codec.ts';

export interface Loaded {
  readonly stored: StoredResource | undefined;
  /** Whether our table has a row, be it one whose time is over. */
  readonly hasRow: boolean;
  /** Of your row, where there is one. */
  readonly cells?: Cells;
}

export interface ResourceTable {
  read(db: Queryable, ref: ResourceRef): Promise<StoredResource | undefined>;
  /** Locks what there is: nobody else writes it before the transaction ends. */
  load(tx: Queryable, ref: ResourceRef): Promise<Loaded>;
  /** The revision of what was saved, or undefined when somebody else has made the row since it was loaded. */
  save(tx: Queryable, loaded: Loaded, next: StoredResource): Promise<number | undefined>;
  /** A page after `last`, in the order of ids. */
  page(
    db: Queryable,
    kind: string,
    last: string | undefined,
    limit: number,
  ): Promise<{ records: StoredResource[]; last: string | undefined }>;
}

export function ownTable({ resource, revision }: OwnTables): ResourceTable {
  const select = `SELECT ${selectList('r')} FROM ${resource} r`;
  const one = async (db: Queryable, ref: ResourceRef, lock: string): Promise<StoredResource | undefined> => {
    const { rows } = await db.query(`${select} WHERE r.kind = $1 AND r.id = $2 ${lock}`, keyOf(ref));
    return rows[0] === undefined ? undefined : decodeRow(rows[0]);
  };
  return {
    read: (db, ref) => one(db, ref, ''),
    async load(tx, ref) {
      const stored = await one(tx, ref, 'FOR NO KEY UPDATE');
      return { stored, hasRow: stored !== undefined };
    },
    async save(tx, { hasRow }, next) {
      const { columns, values } = encodeRow(next);
      const holders = columns.map((_, i) => `$${i + 1}`).join(', ');
      const sql = hasRow
        ? `UPDATE ${resource} SET (${columns.join(', ')}, revision) = (${holders}, nextval(${revision})) WHERE kind = $1 AND id = $2`
        : `INSERT INTO ${resource} (${columns.join(', ')}, revision) VALUES (${holders}, nextval(${revision})) ON CONFLICT DO NOTHING`;
      const { rows } = await tx.query(`${sql} RETURNING revision::float8 AS revision`, values);
      return rows[0] === undefined ? undefined : Number(rows[0]['revision']);
    },
    async page(db, kind, last, limit) {
      const after = last === undefined ? '' : 'AND r.id > $3';
      const values = [encodeText(kind), limit, ...(last === undefined ? [] : [last])];
      const { rows } = await db.query(`${select} WHERE r.kind = $1 AND r.removed_by IS NULL ${after} ORDER BY r.id LIMIT $2`, values);
      return { records: rows.map(decodeRow), last: rows.length < limit ? undefined : (rows.at(-1)!['id'] as string) };
    },
  };
}

export function mappedTable(own: OwnTables, mapping: Mapping): ResourceTable {
  const beside = ownTable(own);
  const { table, id } = mapping;
  const columns = mapping.columns.map((name) => quoted(name, 'columns'));
  const cells = `jsonb_build_object(${mapping.columns.map((name, i) => `'${name.replaceAll("'", "''")}', u.${columns[i]}`).join(', ')})`;
  const joined = `SELECT ${selectList('r')}, u.${id}::text AS own_id, ${cells} AS cells FROM ${table} u
    LEFT JOIN ${own.resource} r ON r.kind = $1 AND r.id = u.${id}::text`;

  const cellsOf = async (tx: Queryable, ref: ResourceRef): Promise<Cells | undefined> => {
    const sql = `SELECT u.${id}::text AS own_id, ${cells} AS cells FROM ${table} u WHERE u.${id} = $1 FOR NO KEY UPDATE`;
    const { rows } = await tx.query(sql, [encodeText(ref.id)]);
    return rows[0] !== undefined && isNamed(rows[0], ref) ? (rows[0]['cells'] as Cells) : undefined;
  };

  return {
    async read(db, ref) {
      const { rows } = await db.query(`${joined} WHERE u.${id} = $2`, keyOf(ref));
      if (rows[0] === undefined || !isNamed(rows[0], ref)) return undefined;
      return mapping.read(rows[0]['cells'] as Cells, besideOf(rows[0], ref));
    },
    async load(tx, ref) {
      const found = await cellsOf(tx, ref);
      const { stored, hasRow } = await beside.load(tx, ref);
      if (found !== undefined) {
        const live = stored === undefined ? untouched(ref) : isTombstone(stored) ? reborn(stored) : stored;
        return { stored: mapping.read(found, live), hasRow, cells: found };
      }
      if (stored === undefined || isTombstone(stored)) return { stored, hasRow };
      // your row was deleted past us: whoever owned it hears `missing`, and does not own what may be inserted again
      const { kind, fence, modified } = stored;
      const gone: StoredResource = { kind, id: ref.id, removedBy: '', fence, modified };
      await beside.save(tx, { stored, hasRow }, gone);
      return { stored: gone, hasRow };
    },
    async save(tx, loaded, next) {
      const revision = await beside.save(tx, loaded, next);
      if (revision === undefined) return undefined;
      if (isTombstone(next)) {
        if (loaded.cells !== undefined) await tx.query(`DELETE FROM ${table} WHERE ${id} = $1`, [encodeText(next.id)]);
        return revision;
      }
      const wanted = mapping.write(next);
      // only what changes is written: other columns, and triggers that look at them, are yours
      const changed = Object.keys(wanted).filter((name) => !same(wanted[name], loaded.cells?.[name]));
      if (changed.length === 0 && loaded.cells !== undefined) return revision;
      const names = changed.map((name) => quoted(name, 'columns'));
      const values = [encodeText(next.id), JSON.stringify(Object.fromEntries(changed.map((name) => [name, wanted[name]])))];
      // the database turns JSON into whatever type a column has
      const typed = `jsonb_populate_record(NULL::${table}, $2::jsonb) p`;
      const sql =
        loaded.cells === undefined
          ? `INSERT INTO ${table} (${[id, ...names].join(', ')}) SELECT $1, ${names.map((name) => `p.${name}`).join(', ')} FROM ${typed}`
          : `UPDATE ${table} u SET ${names.map((name) => `${name} = p.${name}`).join(', ')} FROM ${typed} WHERE u.${id} = $1`;
      await tx.query(sql, values);
      return revision;
    },
    async page(db, kind, last, limit) {
      const after = last === undefined ? '' : `WHERE u.${id} > $3`;
      const values = [encodeText(kind), limit, ...(last === undefined ? [] : [last])];
      const { rows } = await db.query(`${joined} ${after} ORDER BY u.${id} LIMIT $2`, values);
      const records = rows.map((row) => {
        const ref = { kind, id: decodeText(row['own_id'] as string) };
        return mapping.read(row['cells'] as Cells, besideOf(row, ref));
      });
      return { records, last: rows.length < limit ? undefined : (rows.at(-1)!['own_id'] as string) };
    },
  };
}

/** `7` and `007` find one row by number; only one of them is its name, or it could be owned twice. */
function isNamed(row: Row, ref: ResourceRef): boolean {
  return decodeText(row['own_id'] as string) === ref.id;
}

function besideOf(row: Row, ref: ResourceRef): ResourceRecord {
  if (row['kind'] === null) return untouched(ref);
  const stored = decodeRow(row);
  return isTombstone(stored) ? reborn(stored) : stored;
}

/** A row of yours that was inserted again where one was removed goes on where that one stopped. */
function reborn({ kind, id, fence }: Extract<StoredResource, { removedBy: string }>): ResourceRecord {
  return { ...untouched({ kind, id }), epoch: fence.epoch + 1, fence };
}

function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const keys = Object.keys(a);
  if (Array.isArray(a) !== Array.isArray(b) || keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]));
}
