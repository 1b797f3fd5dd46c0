/**
 * Resources in PostgreSQL. What a write does is decided by the rules in `actor`; here is only what makes the decision hold:
 * the row is locked, the rules are asked, and row and transition event are written in one transaction. The rules recognise
 * a write by its effect id, so a commit whose answer got lost ends as `already`.
 */
import type { ResourceRecord, ResourceStore, WriteOutcome } from '@troupe/actor';
import { decideWrite, isTombstone, resourceEvents, type StoredResource } from '@troupe/actor/internal';
import { type ResourceRef, TroupeError } from '@troupe/protocol';
import { ownTables } from './names.ts';
import { isConstraint, isNoValue, unavailableOr } from './pg-errors.ts';
import { inTransaction, type Pool, type Queryable } from './pool.ts';
import { type Loaded, mappedTable, ownTable, type ResourceTable } from './resource-tables.ts';
import { mappingOf, type TableMapping } from './table-mapping.ts';
import { decodeText, encodeText, encodeValue } from './text-codec.ts';

export interface PostgresStoreOptions {
  readonly pool: Pool;
  /** Where `migrate` made our tables. Default `public`. */
  readonly schema?: string;
  /** Kinds that lie in tables of yours. The others lie in `troupe_resource`. */
  readonly tables?: Readonly<Record<string, TableMapping>>;
  /** How long a removed resource answers its remover. Default 30 days, as long as the tombstones of operations. */
  readonly tombstoneTtlMs?: number;
  /** How long a row of `troupe_event` is kept. Default 7 days. */
  readonly eventTtlMs?: number;
  /** How long a write waits for a row that a transaction of yours has locked, before it is `unavailable` and tried again. Default 2000. */
  readonly lockTimeoutMs?: number;
  /** Records per request of a listing. Default 500. */
  readonly pageSize?: number;
}

const DAY_MS = 86_400_000;
/** A resource has one writer at a time; whoever loses so often in a row is fighting a bug. */
const ATTEMPTS = 32;
/** Every so many writes something that is over its time is deleted: no process of its own is needed for it. */
const PRUNE_EVERY = 200;
const PRUNE_ROWS = 1_000;

export function createPostgresResourceStore(options: PostgresStoreOptions): ResourceStore {
  const { pool } = options;
  const names = ownTables(options.schema);
  const own = ownTable(names);
  const mapped = new Map(Object.entries(options.tables ?? {}).map(([kind, one]) => [kind, mappedTable(names, mappingOf(kind, one))]));
  const tableOf = (ref: ResourceRef): ResourceTable => mapped.get(ref.kind) ?? own;
  const tombstoneTtlMs = options.tombstoneTtlMs ?? 30 * DAY_MS;
  const eventTtlMs = options.eventTtlMs ?? 7 * DAY_MS;
  const begin = `SET LOCAL lock_timeout = ${Math.max(1, Math.round(options.lockTimeoutMs ?? 2_000))};`;
  let writes = 0;

  const isOver = (stored: StoredResource | undefined, now: number): boolean =>
    stored !== undefined && isTombstone(stored) && stored.modified + tombstoneTtlMs <= now;

  const attempt = (write: Parameters<ResourceStore['write']>[0], fence: Parameters<ResourceStore['write']>[1]) =>
    inTransaction(pool, begin, async (tx, now): Promise<WriteOutcome | undefined> => {
      const table = tableOf(write.ref);
      const found = await load(table, tx, write.ref);
      if (found === undefined) return { ok: false, reason: 'missing' };
      const stored = isOver(found.stored, now) ? undefined : found.stored;
      const decision = decideWrite(stored, write, { ...fence, now });
      if (decision.type === 'answer') return decision.outcome;
      const revision = await table.save(tx, found, decision.next);
      if (revision === undefined) return undefined;
      const outcome = decision.outcomeAt(revision);
      for (const { id, topic, body } of resourceEvents(write, outcome, fence.effect)) {
        const sql = `INSERT INTO ${names.event} (id, topic, body, at) VALUES ($1, $2, $3, to_timestamp($4::float8 / 1000)) ON CONFLICT DO NOTHING`;
        await tx.query(sql, [encodeText(id), topic.map(encodeText).join('.'), encodeValue(body), now]);
      }
      if (++writes % PRUNE_EVERY === 0) await prune(tx, now);
      return outcome;
    });

  /** Undefined for an id that cannot stand in the column of a mapped table. */
  const load = async (table: ResourceTable, tx: Queryable, ref: ResourceRef): Promise<Loaded | undefined> => {
    try {
      return await table.load(tx, ref);
    } catch (error) {
      if (isNoValue(error)) return undefined;
      throw error;
    }
  };

  /** Rows that somebody else prunes or writes just now are left for the next time. */
  const prune = async (tx: Queryable, now: number): Promise<void> => {
    const old = (table: string, time: string): string =>
      `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table} WHERE ${time} < to_timestamp($1::float8 / 1000) LIMIT ${PRUNE_ROWS} FOR UPDATE SKIP LOCKED))`;
    await tx.query(old(names.event, 'at'), [now - eventTtlMs]);
    await tx.query(old(names.resource, 'removed_by IS NOT NULL AND modified'), [now - tombstoneTtlMs]);
  };

  return {
    async get(ref) {
      try {
        const stored = await tableOf(ref).read(pool, ref);
        return stored === undefined || isTombstone(stored) ? undefined : stored;
      } catch (error) {
        if (isNoValue(error)) return undefined;
        throw unavailableOr(error);
      }
    },

    async write(write, fence) {
      for (let i = 0; i < ATTEMPTS; i++) {
        try {
          const outcome = await attempt(write, fence);
          if (outcome !== undefined) return outcome;
        } catch (error) {
          // your table forbids it: a constraint, or a text too long for its column. Asked again it would forbid it again
          if (isConstraint(error)) return { ok: false, reason: 'state', ...record(await this.get(write.ref)) };
          throw error;
        }
      }
      const name = `${write.ref.kind}/${write.ref.id}`;
      throw new TroupeError('unavailable', `${name} changed under every one of ${ATTEMPTS} attempts to write it`, { retryable: true });
    },

    /** In the order of kinds and ids. What is inserted or removed during a listing may come or not. */
    async *list(kind) {
      const kinds = kind === undefined ? await allKinds() : [kind];
      const limit = options.pageSize ?? 500;
      for (const one of kinds) {
        const table = mapped.get(one) ?? own;
        let last: string | undefined;
        do {
          const page = await table.page(pool, one, last, limit).catch((error: unknown) => {
            throw unavailableOr(error);
          });
          for (const stored of page.records) if (!isTombstone(stored)) yield stored;
          last = page.last;
        } while (last !== undefined);
      }
    },
  };

  async function allKinds(): Promise<string[]> {
    const { rows } = await pool.query(`SELECT DISTINCT kind FROM ${names.resource} WHERE removed_by IS NULL`).catch((error: unknown) => {
      throw unavailableOr(error);
    });
    return [...new Set([...rows.map((row) => decodeText(row['kind'] as string)), ...mapped.keys()])].sort();
  }
}

function record(found: ResourceRecord | undefined): { record?: ResourceRecord } {
  return found === undefined ? {} : { record: found };
}
