// Needs the server of TEST_POSTGRES_URL.
import { expect } from 'chai';
import { createRelay, type OutboxCommand } from '@troupe/postgres';
import { TroupeError } from '@troupe/protocol';
import { startPostgres, startProxy, until } from '@troupe/test-infra';
import { stressService } from '@troupe/testing';
import { createDatabase } from './support/database.ts';
import { createRecorder, setupOutbox } from './support/outbox.ts';

const ref = (id: string) => ({ kind: 'volume', id });

describe('a relay', () => {
  it('is woken by the commit: it does not wait for its sweep', async () => {
    await using s = await setupOutbox();
    await s.relay({ sweepMs: 3_600_000 });
    for (let n = 0; n < 5; n++) {
      await s.inTransaction((send) => send({ executor: 'x', input: n }));
      await until(`command ${n}`, () => s.publisher.commands.length === n + 1);
    }
  });

  it('sweeps what nobody notified it of', async () => {
    await using s = await setupOutbox();
    await s.relay({ sweepMs: 50 });
    await s.schema.query('ALTER TABLE troupe_outbox DISABLE TRIGGER troupe_outbox_notify');
    await s.inTransaction((send) => send({ executor: 'x' }));
    await until('the command', () => s.publisher.commands.length === 1);
  });

  it('lets commands of one resource leave in the order of their rows, and others not wait for them', async () => {
    await using s = await setupOutbox();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    s.publisher.before = ({ body }: OutboxCommand) => (body.includes('"slow"') ? held : undefined);
    await s.inTransaction(async (send) => {
      for (const n of [1, 2, 3]) await send({ executor: 'x', resource: ref('slow'), input: `slow ${n}` });
      for (const n of [1, 2, 3]) await send({ executor: 'x', resource: ref('fast'), input: `fast ${n}` });
      await send({ executor: 'x', input: 'alone' });
    });
    await s.relay();
    await until('the others', () => s.publisher.commands.length === 4);
    expect(s.publisher.inputs().filter((input) => input !== 'alone')).to.deep.equal(['fast 1', 'fast 2', 'fast 3']);
    release();
    await until('all', () => s.publisher.commands.length === 7);
    expect(s.publisher.inputs().slice(4)).to.deep.equal(['slow 1', 'slow 2', 'slow 3']);
  });

  it('keeps the order of a command for several resources with the commands for each of them', async () => {
    await using s = await setupOutbox();
    s.publisher.before = ({ body }: OutboxCommand) => {
      // the first command of one resource takes its time, so that whoever does not wait for it is seen
      return body.includes('"a1"') ? until('c1', () => s.publisher.inputs().includes('c1')) : undefined;
    };
    await s.inTransaction(async (send) => {
      await send({ executor: 'x', resource: ref('a'), input: 'a1' });
      await send({ executor: 'x', resources: [ref('b'), ref('a')], input: 'both' });
      await send({ executor: 'x', resource: ref('b'), input: 'b2' });
      await send({ executor: 'x', resource: ref('a'), input: 'a2' });
      await send({ executor: 'x', resource: ref('c'), input: 'c1' });
    });
    await s.relay();
    await until('all', () => s.publisher.commands.length === 5);
    expect(s.publisher.inputs().slice(0, 3)).to.deep.equal(['c1', 'a1', 'both']);
    expect(s.publisher.inputs().slice(3)).to.have.members(['a2', 'b2']);
  });

  it('shares the outbox with others: each row leaves once, order holds per resource', async function () {
    this.timeout(30_000);
    await using s = await setupOutbox();
    const relays = [0, 1, 2].map(() => createRecorder());
    const order: unknown[] = [];
    for (const recorder of relays) {
      recorder.before = async ({ body }) => {
        const { input } = JSON.parse(body) as { input: unknown };
        // a publish takes a round trip: others get their turn
        await s.pool.query('SELECT 1');
        order.push(input);
      };
      await s.relay({ publisher: recorder, maxResources: 3, maxPerResource: 3, sweepMs: 20 });
    }
    for (let batch = 0; batch < 10; batch++) {
      await s.inTransaction(async (send) => {
        for (let n = 0; n < 20; n++) await send({ executor: 'x', resource: ref(`r${n % 5}`), input: [n % 5, batch * 20 + n] });
      });
    }
    await until('an empty outbox', async () => (await s.waiting()) === 0, 20_000);
    expect(order).to.have.length(200);
    for (let resource = 0; resource < 5; resource++) {
      const own = (order as [number, number][]).filter(([r]) => r === resource).map(([, n]) => n);
      expect(own).to.deep.equal([...own].sort((a, b) => a - b));
      expect(new Set(own).size).to.equal(40);
    }
    expect(relays.filter(({ commands }) => commands.length > 0).length, 'relays that took part').to.be.above(1);
  });

  it('goes past what another one holds, to the last page, without waiting for its sweep', async () => {
    await using s = await setupOutbox();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const slow = createRecorder();
    let holds = 0;
    slow.before = () => (holds++, held);
    await s.inTransaction(async (send) => {
      for (let n = 0; n < 10; n++) await send({ executor: 'x', resource: ref(`r${n}`), input: n });
    });
    await s.relay({ publisher: slow, maxResources: 3 });
    await until('three claims', () => holds === 3);
    await s.relay({ maxResources: 3, sweepMs: 3_600_000 });
    await until('the others', () => s.publisher.commands.length === 7);
    expect(s.publisher.inputs()).to.have.members([3, 4, 5, 6, 7, 8, 9]);
    release();
    await until('all', () => slow.commands.length === 3);
  });

  it('keeps what the publisher cannot take now, and what waits behind it', async () => {
    await using s = await setupOutbox();
    let isDown = true;
    s.publisher.before = () => {
      if (isDown) throw new TroupeError('overloaded', 'full', { retryable: true });
    };
    await s.inTransaction(async (send) => {
      for (const n of [1, 2]) await send({ executor: 'x', resource: ref('a'), input: n });
    });
    await s.relay();
    await until('two attempts', () => s.events.filter(({ type }) => type === 'unavailable').length === 2);
    expect(await s.waiting()).to.equal(2);
    isDown = false;
    await until('both', () => s.publisher.commands.length === 2);
    expect(s.publisher.inputs()).to.deep.equal([1, 2]);
  });

  it('lays aside what no server will ever take, with the reason, and goes on with what waits behind it', async () => {
    await using s = await setupOutbox();
    let limit = 10;
    s.publisher.before = ({ body }: OutboxCommand) => {
      if (body.length > limit && body.includes('large')) throw new TroupeError('too_large', 'over the limit');
    };
    await s.inTransaction(async (send) => {
      for (const input of ['one', 'large', 'three']) await send({ executor: 'x', resource: ref('a'), input });
    });
    await s.relay();
    await until('two', () => s.publisher.commands.length === 2);
    expect(s.publisher.inputs()).to.deep.equal(['one', 'three']);
    await until('one left', async () => (await s.waiting()) === 1);
    const [row] = await s.schema.query('SELECT refused_at, refusal FROM troupe_outbox');
    expect(row!['refused_at']).to.be.instanceOf(Date);
    expect(row!['refusal']).to.include({ code: 'too_large' });
    limit = 1_000;
    await s.schema.query('UPDATE troupe_outbox SET refused_at = NULL');
    await s.inTransaction((send) => send({ executor: 'x', resource: ref('b'), input: 'wakes' }));
    await until('all', () => s.publisher.commands.length === 4);
    expect(s.publisher.inputs()).to.include('large');
  });

  it('that stands still with a claim loses it: another one publishes what it held', async function () {
    this.timeout(20_000);
    await using s = await setupOutbox();
    await s.inTransaction((send) => send({ executor: 'x', resource: ref('a'), input: 1 }));
    const frozen = createRecorder();
    let thaw = (): void => undefined;
    let isStill = false;
    frozen.before = () => ((isStill = true), new Promise<void>((resolve) => (thaw = resolve)));
    await s.relay({ publisher: frozen, claimLimitMs: 300 });
    await until('a claim', () => isStill);
    await s.relay({ sweepMs: 20 });
    await until('the other one', () => s.publisher.commands.length === 1);
    await until('an empty outbox', async () => (await s.waiting()) === 0);
    thaw();
    // published by both: the operation's record judges the second one
    await until('the thawed one', () => frozen.commands.length === 1);
    await s.inTransaction((send) => send({ executor: 'x', resource: ref('a'), input: 2 }));
    await until('more work', () => s.publisher.commands.length + frozen.commands.length >= 3 || (thaw(), false));
  });

  it('comes back when the database has died and is there again, also when the network goes silent', async function () {
    this.timeout(60_000);
    await using server = await startPostgres();
    await using proxy = await startProxy(server.url);
    await using s = await setupOutbox(server.url);
    const through = new URL(s.schema.url);
    through.port = String(proxy.port);
    const { createPool } = await import('@troupe/postgres');
    const pool = createPool({ connectionString: through.href, queryTimeoutMs: 300 });
    const relay = await s.relay({ pool, sweepMs: 100 });
    let n = 0;
    const passes = async (what: string) => {
      await s.inTransaction((send) => send({ executor: 'x', input: ++n }));
      await until(what, () => s.publisher.inputs().includes(n), 20_000);
    };
    await passes('at first');
    await server.kill();
    await until('noticed', () => s.events.some(({ type }) => type === 'unavailable'), 20_000);
    await server.restart();
    await passes('after the death of the server');
    proxy.disconnect();
    await passes('after a reset of the connections');
    s.events.length = 0;
    proxy.stall();
    await until('silence noticed', () => s.events.some(({ type }) => type === 'unavailable'), 20_000);
    proxy.disconnect();
    proxy.resume();
    await passes('after the silence');
    await relay.stop();
    await pool.end();
  });
});

async function makeService(schema?: string) {
  const database = await createDatabase();
  let held = 0;
  const pool: typeof database.pool = {
    ...database.pool,
    query: (text, values) => database.pool.query(text, values),
    end: () => database.pool.end(),
    async connect() {
      const client = await database.pool.connect();
      held++;
      const release = client.release.bind(client);
      client.release = (error) => {
        held--;
        client.release = release;
        release(error);
      };
      return client;
    },
  };
  return {
    service: createRelay({ pool, publisher: createRecorder(), schema: schema ?? database.schema.name }),
    isGone: () => held === 0,
    close: async () => database[Symbol.asyncDispose](),
  };
}

stressService(() => makeService(), { name: 'a relay', makeFailing: () => makeService('no_such_schema') });
