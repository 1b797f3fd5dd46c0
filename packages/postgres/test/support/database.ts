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
  await migrate(pool, { schema: schema.name });
  return {
    schema,
    pool,
    newPool,
    async [Symbol.asyncDispose]() {
      await Promise.all(pools.map((one) => one.end()));
      await schema.drop();
    },
  };
}
