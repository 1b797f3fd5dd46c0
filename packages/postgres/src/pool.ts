/** What is needed of a connection pool; that of `pg` is one. The driver itself is known in this file alone. */
import pg from 'pg';
import { isLost, unavailableOr } from './pg-errors.ts';

export interface QueryResult {
  readonly rows: readonly Record<string, unknown>[];
  readonly rowCount?: number | null;
}

/** Whoever can run a statement: a client inside of your transaction, or a pool. */
export interface Queryable {
  query(text: string, values?: unknown[]): Promise<QueryResult>;
}

export interface PoolClient extends Queryable {
  /** With an error the connection is thrown away. */
  release(error?: Error | boolean): void;
  on(event: 'error' | 'end', listener: (error?: Error) => void): unknown;
  on(event: 'notification', listener: (message: { readonly channel: string; readonly payload?: string | undefined }) => void): unknown;
}

export interface Pool extends Queryable {
  connect(): Promise<PoolClient>;
}

export interface OwnPool extends Pool {
  end(): Promise<void>;
}

export interface PoolOptions {
  /** `postgres://user:password@host:port/database`. What it lacks comes from PGHOST, PGUSER, PGPASSWORD and the like. */
  readonly connectionString?: string;
  /** Connections at once. Default 10. */
  readonly max?: number;
  /** Shown in `pg_stat_activity`. Default `troupe`. */
  readonly applicationName?: string;
  /** A statement without an answer for so long counts as failed, and its connection as broken. Default 30000. */
  readonly queryTimeoutMs?: number;
}

/** How long to wait for a connection, a free one or a new one; without a limit it is for ever when a server drops packets. */
const CONNECT_MS = 15_000;

/** A pool of `pg`, for programs that have none yet. Connections are made when they are needed. End it when all that uses it has stopped. */
export function createPool(options: PoolOptions = {}): OwnPool {
  const pool = new pg.Pool({
    ...(options.connectionString === undefined ? {} : { connectionString: options.connectionString }),
    max: options.max ?? 10,
    application_name: options.applicationName ?? 'troupe',
    connectionTimeoutMillis: CONNECT_MS,
    // a peer that vanished without a word
    query_timeout: options.queryTimeoutMs ?? 30_000,
    keepAlive: true,
  });
  // an idle connection that breaks is replaced; without a listener it would end the process
  pool.on('error', () => undefined);
  return pool as unknown as OwnPool;
}

/** The server's clock, epoch milliseconds. */
const NOW = 'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now';

/**
 * Runs `body` in a transaction of its own: committed when it resolves, rolled back when it rejects. `begin` is text put
 * after BEGIN. What the server or the network did wrong comes out as `unavailable`, the rest as it was thrown.
 */
export async function inTransaction<T>(pool: Pool, begin: string, body: (tx: Queryable, now: number) => Promise<T>): Promise<T> {
  const client = await connect(pool);
  let broken: Error | undefined;
  const onError = (error?: Error): void => {
    broken = error ?? new Error('the connection ended');
  };
  client.on('error', onError);
  try {
    // several statements in one round trip give several results
    const results = (await client.query(`BEGIN; ${begin} ${NOW}`)) as unknown as QueryResult[];
    const now = Math.round(Number(results.at(-1)!.rows[0]!['now']));
    const result = await body(client, now);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    const known = unavailableOr(broken ?? error);
    // without an answer nobody knows where the connection stands; the server rolls back when it ends
    if (broken === undefined && isLost(error)) onError(error as Error);
    if (broken === undefined) await client.query('ROLLBACK').catch(onError);
    throw known;
  } finally {
    (client as unknown as { off(event: string, listener: unknown): void }).off('error', onError);
    client.release(broken);
  }
}

async function connect(pool: Pool): Promise<PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw unavailableOr(error);
  }
}
