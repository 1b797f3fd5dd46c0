// Needs the server of TEST_POSTGRES_URL.
import { expect } from 'chai';
import { createPostgresResourceStore, type TableMapping } from '@troupe/postgres';
import { isTroupeError } from '@troupe/protocol';
import { stateCodes } from '@troupe/resource';
import { createDatabase } from './support/database.ts';

const ddl = `CREATE TABLE volumes (id int PRIMARY KEY, name text NOT NULL DEFAULT 'theirs', state smallint NOT NULL DEFAULT 5,
    backend_id varchar(10), error_message text NOT NULL DEFAULT '', size_gb int, tags text[], writes int NOT NULL DEFAULT 0);
  CREATE TABLE attachments (volume int REFERENCES volumes (id));
  CREATE FUNCTION count_writes() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.writes := OLD.writes + 1; RETURN NEW; END';
  CREATE TRIGGER count_writes BEFORE UPDATE ON volumes FOR EACH ROW EXECUTE FUNCTION count_writes();`;

const mapping: TableMapping = {
  table: 'volumes',
  columns: {
    id: 'id',
    state: 'state',
    backendId: 'backend_id',
    error: { message: 'error_message' },
    data: { size: 'size_gb', tags: 'tags' },
  },
  states: stateCodes,
};

const ref = { kind: 'volume', id: '7' };
const take = (operation: string) =>
  ({ op: 'take', ref, operation, from: ['CREATION_SCHEDULED', 'OK'], set: { state: 'CREATING', error: null } }) as const;

async function setup() {
  const database = await createDatabase();
  await database.schema.query(ddl);
  const options = { pool: database.pool, schema: database.schema.name, tables: { volume: mapping }, lockTimeoutMs: 100 };
  const store = createPostgresResourceStore(options);
  let turn = 1;
  const write = (one: Parameters<typeof store.write>[0]) => store.write(one, { turn: turn++, effect: `e-${turn}` });
  const row = async () => (await database.schema.query('SELECT * FROM volumes WHERE id = 7'))[0];
  return Object.assign(database, { store, write, row, sql: database.schema.query });
}

describe('a store over a table of the user', () => {
  it('takes what plain SQL has inserted, and writes states by their numbers', async () => {
    await using s = await setup();
    await s.sql("INSERT INTO volumes (id, size_gb, tags) VALUES (7, 40, '{a,b}')");
    expect(await s.store.get(ref)).to.deep.include({
      state: 'CREATION_SCHEDULED',
      backendId: '',
      epoch: 0,
      data: { size: 40, tags: ['a', 'b'] },
    });
    expect(await s.write(take('o-1'))).to.deep.include({ ok: true, before: { state: 'CREATION_SCHEDULED' } });
    expect(await s.row()).to.include({ state: stateCodes.CREATING, name: 'theirs' });
    const set = { state: 'ERRED', backendId: 'b-1', error: { code: 'step_failed', message: 'no host' }, data: { size: 41, pool: 'ssd' } };
    await s.write({ op: 'change', ref, operation: 'o-1', epoch: 1, set, finish: true });
    expect(await s.row()).to.deep.include({ state: 4, backend_id: 'b-1', error_message: 'no host', size_gb: 41, tags: ['a', 'b'] });
    expect(await s.store.get(ref)).to.deep.include({ ...set, data: { size: 41, tags: ['a', 'b'], pool: 'ssd' }, currentOperation: null });
  });

  it('touches no row whose columns stay as they are', async () => {
    await using s = await setup();
    await s.sql('INSERT INTO volumes (id) VALUES (7)');
    await s.write(take('o-1'));
    await s.write({ op: 'change', ref, operation: 'o-1', epoch: 1, set: { runtimeState: 'creating', data: { pool: 'ssd' } } });
    expect(await s.row()).to.include({ writes: 1 });
    expect(await s.store.get(ref)).to.deep.include({ runtimeState: 'creating', data: { pool: 'ssd' } });
  });

  it('believes the row where somebody has written it past the store', async () => {
    await using s = await setup();
    await s.sql('INSERT INTO volumes (id, state) VALUES (7, 3)');
    await s.sql("UPDATE volumes SET state = 4, error_message = 'by hand'");
    expect(await s.store.get(ref)).to.deep.include({ state: 'ERRED', error: { code: 'step_failed', message: 'by hand' } });
    expect(await s.write(take('o-1'))).to.include({ ok: false, reason: 'state' });
  });

  it('gives a row under one name only, and none under a name that its column cannot hold', async () => {
    await using s = await setup();
    await s.sql('INSERT INTO volumes (id) VALUES (7)');
    for (const id of ['007', ' 7', 'seven', '99999999999999']) {
      expect(await s.store.get({ kind: 'volume', id }), id).to.equal(undefined);
      expect(await s.write({ ...take('o-1'), ref: { kind: 'volume', id } }), id).to.deep.equal({ ok: false, reason: 'missing' });
    }
    expect(await s.store.get(ref)).to.include({ id: '7' });
  });

  it('goes on with the epochs of a row that was removed, or deleted past the store, and inserted again', async () => {
    await using s = await setup();
    const late = { op: 'change', ref, operation: 'o-3', epoch: 3, set: {} } as const;
    const ends = [
      () => s.write({ op: 'remove', ref, operation: 'o-1', epoch: 1 }),
      async () => {
        await s.sql('DELETE FROM volumes');
        expect(await s.write(late)).to.deep.equal({ ok: false, reason: 'missing' });
      },
      () => s.sql('DELETE FROM volumes'),
    ];
    for (const [i, end] of ends.entries()) {
      await s.sql('INSERT INTO volumes (id) VALUES (7)');
      const epoch = 1 + 2 * i;
      const outcome = await s.write(take(`o-${epoch}`));
      expect(outcome.ok && outcome.record?.epoch).to.equal(epoch);
      await end();
      expect(await s.store.get(ref)).to.equal(undefined);
    }
  });

  it('refuses what a constraint of the table forbids, and changes nothing', async () => {
    await using s = await setup();
    await s.sql('INSERT INTO volumes (id) VALUES (7); INSERT INTO attachments VALUES (7)');
    await s.write(take('o-1'));
    const before = await s.store.get(ref);
    expect(await s.write({ op: 'remove', ref, operation: 'o-1', epoch: 1 })).to.deep.equal({ ok: false, reason: 'state', record: before });
    const tooLong = { backendId: 'x'.repeat(11) };
    expect(await s.write({ op: 'change', ref, operation: 'o-1', epoch: 1, set: tooLong })).to.include({ ok: false, reason: 'state' });
    expect(await s.store.get(ref)).to.deep.equal(before);
  });

  it('is unavailable for a moment while a transaction of the user holds the row, and writes after it', async () => {
    await using s = await setup();
    await s.sql('INSERT INTO volumes (id) VALUES (7)');
    const client = await s.pool.connect();
    await client.query('BEGIN');
    await client.query("UPDATE volumes SET name = 'held' WHERE id = 7");
    const error: unknown = await s.write(take('o-1')).catch((cause: unknown) => cause);
    expect(isTroupeError(error) && [error.code, error.retryable]).to.deep.equal(['unavailable', true]);
    await client.query('COMMIT');
    client.release();
    expect(await s.write(take('o-1'))).to.include({ ok: true });
    expect(await s.row()).to.include({ name: 'held', state: 6 });
  });

  it('makes and lists rows with ids of any type', async () => {
    await using s = await setup();
    for (const id of ['10', '9', '100']) {
      await s.write({ op: 'create', ref: { kind: 'volume', id }, state: 'OK', set: { data: { size: Number(id) } } });
    }
    await s.write({ op: 'create', ref: { kind: 'other', id: 'o' }, state: 'OK', set: {} });
    const listed = [];
    for await (const one of s.store.list()) listed.push(`${one.kind}/${one.id} ${JSON.stringify(one.data)}`);
    expect(listed).to.deep.equal(['other/o {}', 'volume/9 {"size":9}', 'volume/10 {"size":10}', 'volume/100 {"size":100}']);
  });

  it('refuses a mapping that cannot be right', () => {
    const wrong = (one: Partial<TableMapping>): unknown => {
      try {
        const tables = { volume: { ...mapping, ...one } };
        return createPostgresResourceStore({ pool: undefined as never, tables });
      } catch (error) {
        return isTroupeError(error) ? `${error.code} ${error.field}` : error;
      }
    };
    expect(wrong({ table: 'a.b.c' })).to.equal('invalid_options tables.volume.table');
    expect(wrong({ columns: { id: 'id', state: 'id' } })).to.equal('invalid_options tables.volume.columns');
    expect(wrong({ states: { OK: 3, ERRED: 3 } })).to.equal('invalid_options tables.volume.states');
  });
});
