/** A migrated schema of its own for a test, with pools that end with it. */
import { createPool, migrate, type OwnPool } from '@troupe/postgres';
import { createSchema, type TestSchema } from '@troupe/test-infra';

export interface TestDatabase extends AsyncDisposable {
  readonly schema: TestSchema;
  readonly pool: OwnPool;
  /** One more, as another process would have. */
  newPool(): OwnPool;
}

export async function createDatabase(url?: string): Promise<TestDatabase> {
  const schema = await createSchema(url);
  const pools: OwnPool[] = [];
  const newPool = (): OwnPool => {
    const pool = createPool({ connectionString: schema.url });
    pools.push(pool);
    return pool;
  };
  const pool = newPool();
  const end = async () => {
    await Promise.all(pools.map((one) => one.end()));
    await schema.drop();
  };
  try {
    await migrate(pool, { schema: schema.name });
  } catch (error) {
    await end();
    throw error;
  }
  return { schema, pool, newPool, [Symbol.asyncDispose]: end };
}
