/**
 * The outbox as relays see it. A relay claims *heads*: rows before which nothing waits for any of their resources, locked in
 * its transaction. Whoever holds the head of a resource holds all that waits behind it; nobody else can have it before the
 * head is gone, so order holds among any number of relays. A relay that dies lets go when its connection does.
 */
import { type Command, encodeJson, type Json, type WireError } from '@troupe/protocol';
import type { Queryable } from './pool.ts';
import { encodeValue } from './text-codec.ts';

export interface OutboxRow {
  readonly seq: string;
  /** Rows of one line leave one after the other; different lines side by side. */
  readonly line: string;
  readonly command: OutboxCommand;
}

/** A command that is ready to leave. */
export interface OutboxCommand {
  /** Id of the operation. */
  readonly id: string;
  readonly executor: string;
  /** A `Command` as JSON: the same text however often the row is published. */
  readonly body: string;
  readonly context: Readonly<Record<string, string>>;
}

export interface Claim {
  /** Resources at once. */
  readonly lines: number;
  /** Rows at once. */
  readonly rows: number;
}

export async function claim(tx: Queryable, outbox: string, { lines, rows: limit }: Claim): Promise<OutboxRow[]> {
  const time = `to_char(o.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
  const sql = `
    WITH heads AS MATERIALIZED (
      SELECT o.seq, o.keys FROM ${outbox} o
      WHERE o.refused_at IS NULL
        AND NOT EXISTS (SELECT FROM ${outbox} e WHERE e.refused_at IS NULL AND e.seq < o.seq AND e.keys && o.keys)
      ORDER BY o.seq LIMIT $1
      FOR UPDATE OF o SKIP LOCKED
    )
    SELECT o.seq::text AS seq, h.seq::text AS line, o.id, o.executor, o.resource, o.input, o.options, o.context, ${time} AS created_at
    FROM heads h JOIN ${outbox} o ON o.keys = h.keys AND o.seq >= h.seq AND o.refused_at IS NULL
    WHERE NOT EXISTS (
      SELECT FROM ${outbox} e WHERE e.refused_at IS NULL AND e.seq < o.seq AND e.seq > h.seq AND e.keys && o.keys AND e.keys <> o.keys
    )
    ORDER BY o.seq LIMIT $2`;
  const { rows } = await tx.query(sql, [lines, limit]);
  return rows.map((row) => ({ seq: row['seq'] as string, line: row['line'] as string, command: commandOf(row) }));
}

function commandOf(row: Record<string, unknown>): OutboxCommand {
  const { id, executor } = row as { id: string; executor: string };
  const resource = row['resource'];
  const command = {
    v: 1,
    id,
    executor,
    ...(resource === null ? {} : Array.isArray(resource) ? { resources: resource } : { resource }),
    input: row['input'] as Json,
    ...(row['options'] === null ? {} : { options: row['options'] }),
    // when it was wished for: the front door judges by it what is too old to tell whether it ran
    createdAt: row['created_at'] as string,
  } as Command;
  return { id, executor, body: encodeJson(command as unknown as Json), context: (row['context'] ?? {}) as Record<string, string> };
}

export async function removeRows(tx: Queryable, outbox: string, seqs: readonly string[]): Promise<void> {
  if (seqs.length > 0) await tx.query(`DELETE FROM ${outbox} WHERE seq = ANY ($1::bigint[])`, [seqs]);
}

/** The row stays, with the reason; what waits behind it goes on. */
export async function refuseRow(tx: Queryable, outbox: string, seq: string, error: WireError): Promise<void> {
  await tx.query(`UPDATE ${outbox} SET refused_at = clock_timestamp(), refusal = $2 WHERE seq = $1`, [seq, encodeValue(error)]);
}
