// Needs the server of TEST_POSTGRES_URL.
import { expect } from 'chai';
import { createPostgresResourceStore, createPool, migrate, migrations, verifySchema } from '@troupe/postgres';
import { createSchema, startPostgres } from '@troupe/test-infra';
import { createDatabase } from './support/database.ts';

const ref = { kind: 'volume', id: 'v' };
const create = { op: 'create', ref, state: 'OK', set: {} } as const;

async function setup() {
  const database = await createDatabase();
  const storeOf = (pool: typeof database.pool) => createPostgresResourceStore({ pool, schema: database.schema.name });
  return Object.assign(database, { store: storeOf(database.pool), other: storeOf(database.newPool()) });
}

const codeOf = (promise: Promise<unknown>): Promise<unknown> => promise.then(String, (error: { code?: unknown }) => error.code);

describe('the store in PostgreSQL', () => {
  it('gives a resource to one of two writers at a time, and loses no write of either', async function () {
    this.timeout(20_000);
    await using s = await setup();
    await s.store.write(create, { turn: 1, effect: 'made' });
    let owners = 0;
    let taken = 0;
    const writer = async (store: typeof s.store, name: string) => {
      for (let i = 0; i < 60; i++) {
        const operation = `${name}-${i}`;
        const one = { op: 'take', ref, operation, from: ['OK'], set: { state: 'BUSY' } } as const;
        const outcome = await store.write(one, { turn: 10 + i, effect: `take-${operation}` });
        if (!outcome.ok) continue;
        expect(++owners, 'owners at once').to.equal(1);
        taken++;
        const { epoch } = outcome.record!;
        const set = { state: 'OK', data: { [operation]: epoch } };
        owners--;
        const ended = await store.write(
          { op: 'change', ref, operation, epoch, set, finish: true },
          { turn: 11 + i, effect: `end-${operation}` },
        );
        expect(ended.ok).to.equal(true);
      }
    };
    await Promise.all([writer(s.store, 'a'), writer(s.other, 'b')]);
    const record = (await s.store.get(ref))!;
    expect(record).to.include({ state: 'OK', currentOperation: null, epoch: taken + 1 });
    expect(Object.keys(record.data)).to.have.length(taken);
    expect(new Set(Object.keys(record.data).map((name) => name[0]))).to.deep.equal(new Set(['a', 'b']));
  });

  it('writes the transition event in the transaction of the write: once, and not at all when it is rolled back', async () => {
    await using s = await setup();
    await s.store.write(create, { turn: 1, effect: 'made' });
    await s.store.write(create, { turn: 1, effect: 'made' });
    await s.schema.query(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END';
      CREATE TRIGGER refuse BEFORE INSERT ON troupe_event FOR EACH ROW EXECUTE FUNCTION refuse()`);
    const take = { op: 'take', ref, operation: 'o', from: ['OK'], set: { state: 'BUSY' }, event: 'updateScheduled' } as const;
    expect(await codeOf(s.store.write(take, { turn: 2, effect: 'taken' }))).to.equal('P0001');
    expect(await s.store.get(ref)).to.include({ state: 'OK', currentOperation: null });
    await s.schema.query('DROP TRIGGER refuse ON troupe_event');
    await s.store.write(take, { turn: 2, effect: 'taken' });
    const events = await s.schema.query(`SELECT id, topic, body->>'to' AS state FROM troupe_event ORDER BY seq`);
    expect(events).to.deep.equal([
      { id: 'made.event', topic: 'resource.volume.v.created', state: 'OK' },
      { id: 'taken.event', topic: 'resource.volume.v.updateScheduled', state: 'BUSY' },
    ]);
  });

  it('takes a row that plain SQL has inserted, also where one was removed before', async () => {
    await using s = await setup();
    const insert = "INSERT INTO troupe_resource (kind, id, data) VALUES ('volume', 'v', '{\"size\": 4}')";
    const take = { op: 'take', ref, from: ['CREATION_SCHEDULED'], set: {} } as const;
    await s.schema.query(insert);
    expect(await s.store.write({ ...take, operation: 'a' }, { turn: 1, effect: 'e-1' })).to.include({ ok: true });
    await s.store.write({ op: 'remove', ref, operation: 'a', epoch: 1 }, { turn: 2, effect: 'e-2' });
    await s.schema.query(insert);
    expect(await s.store.get(ref)).to.deep.include({ state: 'CREATION_SCHEDULED', data: { size: 4 }, epoch: 2 });
    // the ghost of the first take is remembered
    expect(await s.store.write({ ...take, operation: 'a' }, { turn: 1, effect: 'e-1' })).to.include({ ok: false, reason: 'stale' });
    expect(await s.store.write({ ...take, operation: 'b' }, { turn: 3, effect: 'e-3' })).to.include({ ok: true });
  });

  it('is unavailable while the server is down, and goes on when it is back', async function () {
    this.timeout(30_000);
    await using server = await startPostgres();
    await using database = await createDatabase(server.url);
    const store = createPostgresResourceStore({ pool: database.pool, schema: database.schema.name });
    await store.write(create, { turn: 1, effect: 'made' });
    await server.kill();
    expect(await Promise.all([store.get(ref), store.write(create, { turn: 1, effect: 'made' })].map(codeOf))).to.deep.equal([
      'unavailable',
      'unavailable',
    ]);
    await server.restart();
    expect(await store.write(create, { turn: 1, effect: 'made' })).to.include({ ok: true, already: true });
  });
});

describe('the schema', () => {
  it('is migrated once, by however many at once, and told when it is missing', async () => {
    await using schema = await createSchema();
    const pool = createPool({ connectionString: schema.url });
    const options = { schema: schema.name };
    expect(await codeOf(verifySchema(pool, options))).to.equal('topology_mismatch');
    const store = createPostgresResourceStore({ pool, ...options });
    expect(await codeOf(store.get(ref))).to.equal('topology_mismatch');
    const applied = await Promise.all([migrate(pool, options), migrate(pool, options), migrate(pool, options)]);
    expect(applied.flat()).to.deep.equal(migrations().map(({ name }) => name));
    expect(await migrate(pool, options)).to.deep.equal([]);
    await verifySchema(pool, options);
    expect(await codeOf(migrate(pool, { schema: 'no such schema' }))).to.equal('topology_mismatch');
    await pool.end();
  });
});
