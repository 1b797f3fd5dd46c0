import { jetstreamManager } from '@nats-io/jetstream';
import { connectNats, createKvResourceStore, createPublisher } from '@troupe/jetstream';
import { createRecordStore } from '@troupe/jetstream/internal';
import type { ResourceWrite } from '@troupe/actor';
import { createSubjects, encodeJson } from '@troupe/protocol';
import { needsNats, startNatsServer, until } from '@troupe/test-infra';
import { expect } from 'chai';

const address = { kind: 'throttle', key: 'cloud' };
const item = (n: number) => ({ nonce: 'n1', n, item: `l:${n}`, body: n });
const root = { v: 1, w: 'n1.1', s: {}, fx: [], in: [], nx: { n1: 20 } };

/** A server of its own, with STATE as it is in an installation. */
async function setup() {
  const server = await startNatsServer();
  const subjects = createSubjects('removed');
  const nc = await connectNats({ servers: server.url });
  const publisher = createPublisher(nc);
  await publisher.start();
  const jsm = await jetstreamManager(nc);
  const name = subjects.streams.state;
  await jsm.streams.add({ name, subjects: ['removed.>'], max_msgs_per_subject: 1, allow_msg_ttl: true, allow_direct: true });
  const count = async (stream: string): Promise<number> => (await jsm.streams.info(stream)).state.messages;
  return {
    server,
    nc,
    publisher,
    subjects,
    jsm,
    store: createRecordStore({ nc, publisher, subjects, serverNow: () => 0 }),
    expired: (left: number, stream = name) => until('what has ended has expired', async () => (await count(stream)) === left, 30_000),
    async [Symbol.asyncDispose]() {
      await publisher.stop();
      await nc.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

describe('items that were removed', () => {
  before(needsNats);

  it('stay away when the server is killed and starts again, also when what replaced them has expired', async () => {
    await using s = await setup();
    const all = Array.from({ length: 20 }, (_none, n) => item(n + 1));
    await s.store.putItems(address, all);
    await s.store.commit(address, 0, encodeJson(root));
    await s.store.removeItems(
      address,
      all.filter(({ n }) => n > 5),
    );
    await s.expired(6);
    await s.server.kill();
    await s.server.restart();
    const loaded = await until('it can be read again', () => s.store.load(address).catch(() => undefined), 60_000);
    expect(loaded?.items.map(({ n }) => n).sort((a, b) => a - b)).to.deep.equal([1, 2, 3, 4, 5]);
  }).timeout(120_000);
});

describe('what has ended and expired', () => {
  before(needsNats);

  it('never comes back as it was before its end when the server is killed: a record, a resource', async () => {
    await using s = await setup();
    const ended = { ...root, w: 'n1.2' };
    const stays = { kind: 'throttle', key: 'stays' };
    await s.store.commit(stays, 0, encodeJson(root));
    const first = await s.store.commit(address, 0, encodeJson(root));
    const last = await s.store.commit(address, first.ok ? first.revision : 0, encodeJson(ended), 1_000);
    const loadedRevision = (await s.store.load(address))?.revision;
    expect(last).to.deep.equal({ ok: true, revision: loadedRevision });
    const bucket = s.subjects.buckets.resources;
    await s.jsm.streams.add({
      name: `KV_${bucket}`,
      subjects: [`$KV.${bucket}.>`],
      max_msgs_per_subject: 1,
      allow_msg_ttl: true,
      allow_direct: true,
    });
    const resources = createKvResourceStore({ ...s, serverNow: () => 0, tombstoneTtlMs: 1_000 });
    const ref = { kind: 'disk', id: 'd1' };
    const writes: ResourceWrite[] = [
      { op: 'create', ref, state: 'OK', set: {} },
      { op: 'take', ref, operation: 'a', from: ['OK'], set: { state: 'DELETING' } },
      { op: 'remove', ref, operation: 'a', epoch: 2 },
    ];
    for (const [i, write] of writes.entries())
      expect(await resources.write(write, { turn: i + 1, effect: `e${i}` }), write.op).to.include({ ok: true });
    await s.expired(1);
    await s.expired(0, `KV_${bucket}`);
    await s.server.kill();
    await s.server.restart();
    const found = await until('it can be read again', () => s.store.load(stays).catch(() => undefined), 60_000);
    expect(found?.root.w).to.equal('n1.1');
    expect((await s.store.load(address))?.root.w).to.be.oneOf([undefined, 'n1.2']);
    expect(await resources.get(ref)).to.equal(undefined);
  }).timeout(120_000);
});
