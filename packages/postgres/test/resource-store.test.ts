// Needs the server of TEST_POSTGRES_URL.
import { createPostgresResourceStore, type OwnPool, type Pool, type PostgresStoreOptions } from '@troupe/postgres';
import { stateCodes } from '@troupe/resource';
import { describeResourceStore } from '@troupe/testing';
import { createDatabase } from './support/database.ts';

const TTL_MS = 1_000;

/** The next COMMIT is done, and its answer lost on the way back. */
function losing(pool: OwnPool): { readonly pool: Pool; lose(): void } {
  let isLosing = false;
  const connect = async () => {
    const client = await pool.connect();
    return new Proxy(client, {
      get(target, name) {
        const value = Reflect.get(target, name) as unknown;
        if (name !== 'query') return typeof value === 'function' ? value.bind(target) : value;
        return async (text: string, values?: unknown[]) => {
          const result = await target.query(text, values);
          if (!isLosing || text !== 'COMMIT') return result;
          isLosing = false;
          throw new Error('Connection terminated unexpectedly');
        };
      },
    });
  };
  return { pool: { connect, query: (text, values) => pool.query(text, values) }, lose: () => void (isLosing = true) };
}

async function setup(tables: PostgresStoreOptions['tables'] = {}, ddl = '') {
  const database = await createDatabase();
  if (ddl !== '') await database.schema.query(ddl);
  const first = losing(database.pool);
  const make = (pool: Pool) =>
    createPostgresResourceStore({ pool, schema: database.schema.name, tables, tombstoneTtlMs: TTL_MS, pageSize: 40 });
  return {
    store: make(first.pool),
    other: make(database.newPool()),
    loseNextAck: first.lose,
    elapse: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
    close: async () => database[Symbol.asyncDispose](),
  };
}

const abilities = { otherClient: true, lostAck: true, tombstoneTtlMs: TTL_MS };

describeResourceStore(() => setup(), { name: 'in a table of ours', ...abilities });

const columns = `id varchar(200) PRIMARY KEY, name text NOT NULL DEFAULT 'theirs', state_name text NOT NULL, runtime_state varchar(150),
  backend_id varchar(255) NOT NULL DEFAULT '', failure jsonb, action varchar(50), action_details json, data json, touched timestamptz`;
const named = (table: string) => ({
  table,
  columns: {
    id: 'id',
    state: 'state_name',
    runtimeState: 'runtime_state',
    backendId: 'backend_id',
    error: 'failure',
    action: 'action',
    actionDetails: 'action_details',
    data: 'data',
    modified: 'touched',
  },
});
describeResourceStore(
  () =>
    setup(
      { volume: named('volumes'), k: named('ks'), 'k.k': named('kks') },
      ['volumes', 'ks', 'kks'].map((t) => `CREATE TABLE ${t} (${columns});`).join(''),
    ),
  { name: 'over tables of the user, states as names', ...abilities },
);

// the suite's own states beside the eight of the life-cycle
const states = { ...stateCodes, NEW: 20, BUSY: 21, ONE: 22, TWO: 23 };
describeResourceStore(
  () =>
    setup(
      {
        volume: {
          table: 'core_volume',
          columns: { id: 'uuid', state: 'state', error: { message: 'error_message', trace: 'error_traceback' } },
          states,
        },
      },
      `CREATE TABLE core_volume (pk serial PRIMARY KEY, uuid text UNIQUE NOT NULL, state smallint NOT NULL,
         error_message text NOT NULL DEFAULT '', error_traceback text NOT NULL DEFAULT '')`,
    ),
  { name: 'over a table of the user, states as numbers and few columns', ...abilities },
);
