// Needs the servers of TEST_NATS_URL and TEST_POSTGRES_URL.
import { once } from 'node:events';
import { expect } from 'chai';
import { installProbe } from '@troupe/actor';
import { startPostgres, startProxy, until } from '@troupe/test-infra';
import { type Installation, startInstallation } from './support.ts';

const volume = (id: string) => ({ kind: 'volume', id });
const insert = (id: string) => `INSERT INTO volumes (id) VALUES ('${id}')`;

/** An operation through the same outbox and relay that ends later: what had not started before it, it could have. */
async function laterOperation(s: Installation): Promise<void> {
  const { tx, commit } = await s.begin();
  const id = await s.send(tx, { executor: 'report', input: { what: 'later' } });
  await commit();
  expect(await s.ended(id)).to.include({ outcome: 'succeeded' });
}

async function createVolume(s: Installation, id: string): Promise<string> {
  const { tx, commit } = await s.begin();
  await tx.query(insert(id));
  const operation = await s.send(tx, { executor: 'volume.create', resource: volume(id), input: { make: id } });
  await commit();
  return operation;
}

describe('G24, C8: nothing runs before its transaction commits or after it rolls back', () => {
  it('a transaction that commits after a while starts nothing before, and one operation then', async () => {
    await using s = await startInstallation();
    await s.relay({ sweepMs: 10 });
    const { tx, commit } = await s.begin();
    await tx.query(insert('v1'));
    const id = await s.send(tx, { executor: 'volume.create', resource: volume('v1'), input: { make: 'v1' } });
    for (let i = 0; i < 3; i++) await laterOperation(s);
    expect(await s.client.operation(id)).to.equal(undefined);
    expect(s.commands.filter((command) => command.id === id)).to.deep.equal([]);
    await commit();
    expect(await s.ended(id)).to.include({ outcome: 'succeeded' });
    expect(await s.volume('v1')).to.include({ state: 3, error_message: '' });
    expect(s.runsOf('v1')).to.equal(1);
  }).timeout(30_000);

  it('a rollback starts nothing, ever', async () => {
    await using s = await startInstallation();
    await s.relay({ sweepMs: 10 });
    const { tx, rollback } = await s.begin();
    await tx.query(insert('v1'));
    const id = await s.send(tx, { executor: 'volume.create', resource: volume('v1'), input: { make: 'v1' } });
    await rollback();
    for (let i = 0; i < 3; i++) await laterOperation(s);
    expect(await s.client.operation(id)).to.equal(undefined);
    expect(s.commands.filter((command) => command.id === id)).to.deep.equal([]);
    expect(await s.waiting()).to.equal(0);
    expect(await s.volume('v1')).to.equal(undefined);
  }).timeout(30_000);

  it('a loop that submits n rows in one transaction gives n operations, each with its own input', async () => {
    await using s = await startInstallation();
    await s.relay();
    const { tx, commit } = await s.begin();
    const ids: string[] = [];
    const input = { make: '' };
    for (let n = 0; n < 20; n++) {
      await tx.query(insert(`v${n}`));
      // one object for all of them: what is sent is what it was when it was sent
      input.make = `v${n}`;
      ids.push(await s.send(tx, { executor: 'volume.create', resource: volume(`v${n}`), input }));
    }
    await commit();
    for (const [n, id] of ids.entries()) {
      expect(await s.ended(id), `v${n}`).to.include({ outcome: 'succeeded' });
      expect(s.runsOf(`v${n}`), `v${n}`).to.equal(1);
    }
    expect(new Set(ids).size).to.equal(20);
  }).timeout(30_000);

  it('a loop that submits n rows for one resource is told to the front door in the order of the rows', async () => {
    await using s = await startInstallation();
    const { tx, commit } = await s.begin();
    await tx.query(insert('v1'));
    for (let n = 0; n < 40; n++) await s.send(tx, { executor: 'volume.create', resource: volume('v1'), input: { order: n } });
    await commit();
    await s.relay();
    await until('all of them', () => s.commands.length === 40);
    expect(s.commands.map(({ input }) => (input as { order: number }).order)).to.deep.equal(Array.from({ length: 40 }, (_, n) => n));
  }).timeout(30_000);
});

describe('C8: n rows for one resource', () => {
  it('that queue behind each other are n operations, which run in the order of the rows, through two relays', async () => {
    await using s = await startInstallation();
    await s.schema.query("INSERT INTO volumes (id, state) VALUES ('v1', 3)");
    const ids: string[] = [];
    const isFirst = (input: unknown) => (input as { order: number }).order === 0;
    // the first one lasts until all the others stand behind it
    const areQueued = () => ids.length === 24 && ids.slice(1).every((id) => s.answers(id).includes('queued'));
    s.hooks.beforeRun = (input) => (isFirst(input) ? until('23 in the queue', areQueued, 40_000) : undefined);
    await Promise.all([s.relay({ sweepMs: 10 }), s.relay({ sweepMs: 10 })]);
    const stamp = { executor: 'volume.stamp', resource: volume('v1'), options: { onConflict: 'queue' } } as const;
    // one transaction with a loop, and some that follow each other
    for (const rows of [20, 1, 1, 1, 1]) {
      const { tx, commit } = await s.begin();
      for (let n = 0; n < rows; n++) ids.push(await s.send(tx, { ...stamp, input: { order: ids.length } }));
      await commit();
    }
    for (const [n, id] of ids.entries()) expect(await s.ended(id), `row ${n}`).to.include({ outcome: 'succeeded' });
    expect(s.runs).to.deep.equal(ids.map((_, order) => ({ order })));
    expect(await s.volume('v1')).to.include({ state: 3 });
  }).timeout(60_000);
});

describe('G24: exactly one run after a crash in between', () => {
  for (const [point, what] of [
    ['relay.claimed', 'between commit and publish'],
    ['relay.published', 'between publish and delete'],
    ['relay.deleted', 'after the delete'],
  ] as const) {
    it(`a relay that is killed ${what} is followed by another one, and the operation runs once`, async () => {
      await using s = await startInstallation();
      const doomed = await s.relayProcess(point);
      const died = once(doomed, 'exit');
      const id = await createVolume(s, 'v1');
      expect((await died)[1], 'how the relay ended').to.equal('SIGKILL');
      expect(await s.waiting()).to.equal(point === 'relay.deleted' ? 0 : 1);
      // what the server remembers of the first publish is forgotten: the record must judge
      if (point === 'relay.published') await s.forgetWindow(id);
      await s.relayProcess();
      expect(await s.ended(id)).to.include({ outcome: 'succeeded' });
      await until('an empty outbox', async () => (await s.waiting()) === 0);
      if (point === 'relay.published') await until('the second answer', () => s.answers(id).includes('duplicate'));
      await laterOperation(s);
      expect(s.runsOf('v1')).to.equal(1);
      expect(await s.volume('v1')).to.include({ state: 3 });
    }).timeout(40_000);
  }

  it('a database that is killed between publish and delete is started again, and the operation runs once', async () => {
    await using server = await startPostgres();
    await using s = await startInstallation({ database: server.url });
    let kills: Promise<void> | undefined;
    installProbe((name) => {
      if (name === 'relay.published') kills ??= server.kill();
      return kills;
    });
    try {
      const id = await createVolume(s, 'v1');
      await s.relay({ sweepMs: 10 });
      await until('the death of the database', () => kills !== undefined);
      await kills;
      await s.forgetWindow(id);
      await server.restart();
      expect(await s.ended(id)).to.include({ outcome: 'succeeded' });
      await until('the second answer', () => s.answers(id).includes('duplicate'), 20_000);
      await until('an empty outbox', async () => (await s.waiting()) === 0);
      expect(s.runsOf('v1')).to.equal(1);
      expect(await s.volume('v1')).to.include({ state: 3 });
    } finally {
      installProbe(undefined);
    }
  }).timeout(60_000);

  it('a row that is published again two days later starts nothing: the record of the operation answers', async () => {
    await using s = await startInstallation();
    const { tx, commit } = await s.begin();
    await tx.query(insert('v1'));
    const id = await s.send(tx, { executor: 'volume.create', resource: volume('v1'), input: { make: 'v1' } });
    await tx.query("UPDATE troupe_outbox SET created_at = created_at - interval '2 days'");
    await commit();
    await s.schema.query('CREATE TABLE backup AS SELECT * FROM troupe_outbox');
    await s.relay({ sweepMs: 10 });
    expect(await s.ended(id)).to.include({ outcome: 'succeeded' });
    await until('an empty outbox', async () => (await s.waiting()) === 0);
    await s.forgetWindow(id);
    // somebody restores the table
    await s.schema.query('INSERT INTO troupe_outbox OVERRIDING SYSTEM VALUE SELECT * FROM backup');
    await until('the second answer', () => s.answers(id).includes('duplicate'));
    await until('an empty outbox', async () => (await s.waiting()) === 0);
    await laterOperation(s);
    expect(s.runsOf('v1')).to.equal(1);
  }).timeout(30_000);

  it('three relays at once start each row once, and keep the order of a resource', async () => {
    await using s = await startInstallation();
    await Promise.all([s.relay({ sweepMs: 10, maxResources: 4 }), s.relay({ sweepMs: 10, maxResources: 4 }), s.relayProcess()]);
    const ids: string[] = [];
    for (let n = 0; n < 30; n++) ids.push(await createVolume(s, `v${n}`));
    const { tx, commit } = await s.begin();
    for (let n = 0; n < 30; n++) await s.send(tx, { executor: 'report', input: { make: `r${n}` } });
    for (let n = 0; n < 30; n++) await s.send(tx, { executor: 'volume.create', resource: volume('v0'), input: { order: n } });
    await commit();
    for (const id of ids) expect(await s.ended(id)).to.include({ outcome: 'succeeded' });
    await until('all reports', () => s.runs.length >= 60, 20_000);
    await until('an empty outbox', async () => (await s.waiting()) === 0);
    for (let n = 0; n < 30; n++) expect([s.runsOf(`v${n}`), s.runsOf(`r${n}`)], `${n}`).to.deep.equal([1, 1]);
    const orders = s.commands.map(({ input }) => (input as { order?: number }).order).filter((order) => order !== undefined);
    expect(orders).to.deep.equal([...orders].sort((a, b) => a - b));
    expect(new Set(orders).size).to.equal(30);
  }).timeout(60_000);

  it('an outage of the message server between commit and publish delays the operation, and no more', async () => {
    await using s = await startInstallation();
    await using proxy = await startProxy(process.env['TEST_NATS_URL']!);
    await s.relay({ sweepMs: 10, connection: { servers: proxy.url, reconnectWaitMs: 50 } });
    expect(await s.ended(await createVolume(s, 'v0'))).to.include({ outcome: 'succeeded' });
    proxy.cut();
    const id = await createVolume(s, 'v1');
    expect(await s.client.operation(id)).to.equal(undefined);
    proxy.resume();
    expect(await s.ended(id)).to.include({ outcome: 'succeeded' });
    expect(s.runsOf('v1')).to.equal(1);
  }).timeout(40_000);
});
