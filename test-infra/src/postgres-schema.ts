/** A schema of its own for each test, on the PostgreSQL server of this run. */
import pg from 'pg';
import { trackLeak } from './leaks.ts';

export interface TestSchema extends AsyncDisposable {
  readonly name: string;
  /** Connections opened with it find the schema first on their search path. */
  readonly url: string;
  /** One statement, or several without values, as the superuser. */
  query(text: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** Drops the schema with everything in it. May be called twice. */
  drop(): Promise<void>;
}

let count = 0;

/** A spec file that uses it names TEST_POSTGRES_URL, so that it is skipped where no server can be had. */
export async function createSchema(url = process.env['TEST_POSTGRES_URL']): Promise<TestSchema> {
  if (!url) throw new Error('there is no PostgreSQL server: the spec file must name TEST_POSTGRES_URL');
  const name = `t${process.pid}_${count++}`;
  const own = new URL(url);
  own.searchParams.set('options', `-c search_path=${name}`);
  const query = async (text: string, values?: readonly unknown[]) => {
    const client = new pg.Client({ connectionString: own.href });
    client.on('error', () => undefined);
    await client.connect();
    try {
      // several statements give several results, of which the last one counts
      const result = [await client.query<Record<string, unknown>>(text, values === undefined ? undefined : [...values])].flat().at(-1);
      return result?.rows ?? [];
    } finally {
      await client.end();
    }
  };
  await query(`CREATE SCHEMA ${name}`);
  let isDropped = false;
  const drop = async () => {
    untrack();
    if (isDropped) return;
    isDropped = true;
    await query(`DROP SCHEMA IF EXISTS ${name} CASCADE`);
  };
  const untrack = trackLeak('PostgreSQL schema', drop);
  return { name, url: own.href, query, drop, [Symbol.asyncDispose]: drop };
}
