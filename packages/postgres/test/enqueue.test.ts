// Needs the server of TEST_POSTGRES_URL.
import { expect } from 'chai';
import { enqueue } from '@troupe/postgres';
import { isTroupeError, parseCommand } from '@troupe/protocol';
import { until } from '@troupe/test-infra';
import { setupOutbox } from './support/outbox.ts';

const volume = { kind: 'volume', id: 'v-1' };

describe('a command in the outbox', () => {
  it('leaves as what the front door reads, from TypeScript and from SQL alike', async () => {
    await using s = await setupOutbox();
    await s.relay();
    const request = {
      executor: { name: 'volume.create' },
      resource: volume,
      input: { size: 4 },
      options: { class: 'heavy' },
      context: { user: 'ü', tenant: 't' },
    } as const;
    const first = await s.inTransaction((send) => send(request));
    const sql = `SELECT troupe_enqueue('volume.create', '{"kind": "volume", "id": "v-2"}', '{"size": 4}', '{}') AS id`;
    const second = (await s.schema.query(sql))[0]!['id'] as string;
    const third = (await s.schema.query("SELECT troupe_enqueue('report') AS id"))[0]!['id'] as string;
    await until('three commands', () => s.publisher.commands.length === 3);
    const commands = s.publisher.commands.map(({ body }) => parseCommand(new TextEncoder().encode(body)));
    const shown = commands.map(
      ({ createdAt, ...rest }) => (expect(Math.abs(Date.parse(createdAt) - Date.now())).to.be.below(60_000), rest),
    );
    expect(shown).to.have.deep.members([
      { v: 1, id: first, executor: 'volume.create', resource: volume, input: { size: 4 }, options: { class: 'heavy' } },
      { v: 1, id: second, executor: 'volume.create', resource: { kind: 'volume', id: 'v-2' }, input: { size: 4 }, options: {} },
      { v: 1, id: third, executor: 'report', input: null },
    ]);
    expect(s.publisher.commands.find(({ id }) => id === first)!.context).to.deep.equal({ user: 'ü', tenant: 't' });
    await until('an empty outbox', async () => (await s.waiting()) === 0);
  });

  it('is read when it is called: what is changed in it later is not sent', async () => {
    await using s = await setupOutbox();
    await s.inTransaction(async (send) => {
      const request = { executor: 'x', input: { n: 0 } };
      const calls = [];
      for (const n of [1, 2, 3]) {
        request.input.n = n;
        calls.push(send(request));
      }
      request.input.n = 9;
      await Promise.all(calls);
    });
    await s.relay();
    await until('three commands', () => s.publisher.commands.length === 3);
    expect(s.publisher.inputs()).to.have.deep.members([{ n: 1 }, { n: 2 }, { n: 3 }]);
  });

  it('asked for twice under one id waits once, and is refused if it differs', async () => {
    await using s = await setupOutbox();
    const request = { executor: 'x', id: 'mine', resource: volume, input: { n: 1 } };
    for (let i = 0; i < 2; i++) expect(await s.inTransaction((send) => send(request))).to.equal('mine');
    expect(await s.waiting()).to.equal(1);
    const other = await s.inTransaction((send) => send({ ...request, input: { n: 2 } })).catch((error: unknown) => error);
    expect(isTroupeError(other) && `${other.code} ${other.field}`).to.equal('id_reused id');
  });

  it('is refused inside of the transaction when no front door would take it', async () => {
    await using s = await setupOutbox();
    const ask = async (request: object): Promise<unknown> => {
      const error: unknown = await s.inTransaction((send) => send({ executor: 'x', ...request })).catch((cause: unknown) => cause);
      return isTroupeError(error) ? `${error.code} ${error.field}` : error;
    };
    const wrong: [object, string][] = [
      [{ executor: '' }, 'invalid_options executor'],
      [{ executor: 'x'.repeat(129) }, 'invalid_options executor'],
      [{ id: '' }, 'invalid_options id'],
      [{ resource: { kind: 'volume' } }, 'invalid_options resource'],
      [{ resource: { kind: 'volume', id: 7 } }, 'invalid_options resource'],
      [{ resources: [volume, { kind: 'volume', id: '' }] }, 'invalid_options resource'],
      [{ resource: volume, resources: [] }, 'invalid_options resources'],
      [{ options: { froce: true } }, 'invalid_options options.froce'],
      [{ options: { force: 'yes' } }, 'invalid_options options.force'],
      [{ options: { class: 'fast' } }, 'invalid_options options.class'],
      [{ context: ['user'] }, 'invalid_options context'],
      [{ input: 1n }, 'invalid_options input'],
      [{ input: { text: 'a\0' } }, 'invalid_options undefined'],
      [{ input: 'x'.repeat(900_001) }, 'too_large input'],
    ];
    for (const [request, expected] of wrong) expect(await ask(request), JSON.stringify(expected)).to.equal(expected);
    expect(await s.waiting()).to.equal(0);
  });

  it('needs no right to the tables, and the right to call the function', async () => {
    await using s = await setupOutbox();
    const role = `shop_${s.schema.name}`;
    const call = "SELECT troupe_enqueue('x')";
    const asShop = (sql: string) =>
      s.schema.query(`SET ROLE ${role}; ${sql}`).then(
        () => 'done',
        (error: Error) => error.message,
      );
    await s.schema.query(`CREATE ROLE ${role}; GRANT USAGE ON SCHEMA ${s.schema.name} TO ${role}`);
    try {
      expect(await asShop(call)).to.match(/permission denied for function/);
      await s.schema.query(`GRANT EXECUTE ON FUNCTION troupe_enqueue TO ${role}`);
      expect(await asShop(call)).to.equal('done');
      expect(await asShop('SELECT * FROM troupe_outbox')).to.match(/permission denied for table/);
    } finally {
      await s.schema.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
    expect(await s.waiting()).to.equal(1);
  });

  it('says that the migration is missing where it is', async () => {
    await using s = await setupOutbox();
    const error: unknown = await enqueue(s.pool, { executor: 'x' }, { schema: 'nowhere' }).catch((cause: unknown) => cause);
    expect(isTroupeError(error) && error.code).to.equal('topology_mismatch');
  });
});
