// needs TEST_NATS_URL
import { createClient } from '@troupe/client';
import type { EventMessage } from '@troupe/protocol';
import { startNatsServer, startProxy, until } from '@troupe/test-infra';
import { expect } from 'chai';
import { write, writeNote } from './apps/notes.ts';
import { install } from './installed.ts';
import { natsUrl } from './terminal.ts';

const users = `accounts { APP { jetstream: enabled, users: [
  { user: admin, password: admin }
  { user: producer, password: producer, permissions: { publish: { allow: ["*.command.>"] }, subscribe: { allow: ["_INBOX_producer.>"] } } }
] } }`;
const producer = { user: 'producer', pass: 'producer', inboxPrefix: '_INBOX_producer' };

describe('a client of real roles', () => {
  it('sends by definition, and the end has the output', async () => {
    await using at = await install();
    await using client = createClient(natsUrl(), { ns: at.ns });
    const operation = await client.execute({ executor: writeNote, input: { text: 'hello' } });
    expect(operation.answer.answer).to.equal('accepted');
    expect(await operation.ended()).to.deep.equal({ outcome: 'succeeded', output: { note: 'written' } });
    expect(await client.follow(operation.id).ended()).to.deep.equal({ outcome: 'succeeded', output: { note: 'written' } });
  });

  it('sends a hundred at once and hears all ends', async () => {
    await using at = await install();
    await using client = createClient(natsUrl(), { ns: at.ns });
    const ends = await Promise.all(
      Array.from({ length: 100 }, async (_, i) =>
        (await client.execute({ executor: writeNote, input: { text: i % 10 === 0 ? 'bad' : 'good' } })).ended(),
      ),
    );
    expect(ends.filter(({ outcome }) => outcome === 'succeeded')).to.have.lengthOf(90);
    expect(ends.filter(({ outcome }) => outcome === 'failed')).to.have.lengthOf(10);
    expect(await client.operations({ outcome: 'failed' })).to.have.lengthOf(10);
  }).timeout(20_000);

  it('watches operations from their accept to their end', async () => {
    await using at = await install();
    await using client = createClient(natsUrl(), { ns: at.ns });
    const feed = await client.watch({ topics: [['operation', 'note.write']] });
    const { id } = await client.execute({ executor: writeNote, input: { text: 'hello' } });
    const seen: EventMessage[] = [];
    for await (const event of feed) {
      seen.push(event);
      if (event.topic.at(-1) === 'ended') break;
    }
    expect(seen.map(({ topic }) => topic.slice(2)))
      .to.deep.include([id, 'accepted'])
      .and.deep.include([id, 'ended']);
    expect(seen.at(-1)!.body).to.include({ outcome: 'succeeded' });
  });

  it('cancels what waits, pauses a limit and lets go again', async () => {
    await using at = await install();
    await using client = createClient(natsUrl(), { ns: at.ns });
    await client.setLimit({ scope: 'paper', kind: 'sheet', limit: 0 });
    const operation = await client.execute({ executor: 'note.hold' });
    await until('it is paused', async () =>
      (await client.explain(operation.id)).waits.some(({ sentence }) => sentence.includes('paused by a limit of 0')),
    );
    expect(await client.throttle('paper')).to.deep.equal([{ path: 'paper', kind: 'sheet', limit: 0, used: 0, waiting: 1 }]);
    await client.setLimit({ scope: 'paper', kind: 'sheet', limit: null });
    await until('it holds its token', async () => (await client.explain(operation.id)).holds.length === 1);
    const end = operation.ended();
    await client.cancel(operation.id, { reason: 'enough' });
    expect(await end).to.include({ outcome: 'cancelled' });
    await until('the token is back', async () => (await client.throttle('paper'))!.every(({ used }) => used === 0));
  });

  it('sends a task alone, and reads its result, good or bad', async () => {
    await using at = await install();
    await using client = createClient(natsUrl(), { ns: at.ns });
    const good = await client.sendTask(write, { text: 'hello' });
    expect((await good.ended()).outcome).to.deep.include({ kind: 'succeeded', output: { length: 5 } });
    expect((await client.result(good.id))!.outcome.kind).to.equal('succeeded');
    const bad = await client.sendTask(write, { text: 'bad' });
    const { outcome } = await bad.ended();
    expect(outcome).to.include({ kind: 'failed' });
    expect(outcome).to.have.nested.property('error.message', 'no such note');
  });
});

describe('a client with the rights of a producer alone, of real roles', () => {
  it('runs an operation to its end', async () => {
    await using server = await startNatsServer({ config: users });
    await using at = await install({ servers: server.url, user: 'admin', pass: 'admin' });
    await using client = createClient({ servers: server.url, ...producer }, { ns: at.ns });
    const operation = await client.execute({ executor: writeNote, input: { text: 'hello' } });
    expect(await operation.ended()).to.deep.equal({ outcome: 'succeeded', output: { note: 'written' } });
  });

  it('learns the whole end that was told while it was away', async () => {
    await using server = await startNatsServer({ config: users });
    await using at = await install({ servers: server.url, user: 'admin', pass: 'admin' });
    await using proxy = await startProxy(server.url);
    await using client = createClient({ servers: proxy.url, reconnectWaitMs: 20, ...producer }, { ns: at.ns, checkEvery: '10m' });
    await using admin = createClient({ servers: server.url, user: 'admin', pass: 'admin' }, { ns: at.ns });
    const operation = await client.execute({ executor: 'note.hold' });
    const end = operation.ended();
    proxy.cut();
    await admin.cancel(operation.id, { reason: 'enough' });
    expect(await admin.follow(operation.id).ended()).to.include({ outcome: 'cancelled' });
    proxy.resume();
    const told = await end;
    expect(told.outcome).to.equal('cancelled');
    expect(told.error).to.include({ code: 'cancelled' });
    expect(await admin.operations()).to.have.lengthOf(1);
  });
});
