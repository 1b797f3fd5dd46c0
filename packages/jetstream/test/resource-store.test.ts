import { jetstreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { expect } from 'chai';
import { connectNats, createKvResourceStore, createPublisher } from '@troupe/jetstream';
import { createSubjects } from '@troupe/protocol';
import { describeResourceStore } from '@troupe/testing';

let namespaces = 0;

/** A bucket of its own, on the server of this run. */
async function setup(options: { pageSize?: number; tombstoneTtlMs?: number } = {}) {
  const subjects = createSubjects(`res-${process.pid}-${namespaces++}`);
  const nc = await connectNats({ servers: process.env['TEST_NATS_URL']! });
  const bucket = await new Kvm(nc).create(subjects.buckets.resources, { history: 1, markerTTL: 1_000, allow_direct: true });
  const publisher = createPublisher(nc);
  await publisher.start();
  // the acknowledgement of a publish is lost on its way back: the store hears what a reconnect would make it hear
  let losing = false;
  const losingPublisher = new Proxy(publisher, {
    get(target, name) {
      if (name !== 'publish') return Reflect.get(target, name) as unknown;
      return async (...args: Parameters<typeof publisher.publish>) => {
        const lose = losing;
        losing = false;
        const ack = await target.publish(...args);
        return lose ? target.publish(...args) : ack;
      };
    },
  });
  const make = () => createKvResourceStore({ nc, publisher: losingPublisher, subjects, serverNow: () => Date.now(), ...options });
  return {
    nc,
    subjects,
    bucket,
    store: make(),
    other: make(),
    loseNextAck: () => {
      losing = true;
    },
    elapse: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
    async close() {
      await publisher.stop();
      const jsm = await jetstreamManager(nc);
      await jsm.streams.delete(`KV_${subjects.buckets.resources}`);
      await nc.close();
    },
  };
}

const abilities = { otherClient: true, lostAck: true, tombstoneTtlMs: 1_000 };
describeResourceStore(() => setup({ tombstoneTtlMs: 1_000 }), { name: 'in a KV bucket', ...abilities });
describeResourceStore(() => setup({ tombstoneTtlMs: 1_000, pageSize: 7 }), { name: 'in a KV bucket, listed in small pages', ...abilities });

describe('the bucket of resources', () => {
  const ref = { kind: 'volume', id: 'v.1' };
  const key = 'volume.v=2E1';
  const create = { op: 'create', ref, state: 'OK', set: { data: { a: 1 } } } as const;
  const take = { op: 'take', ref, operation: 'o-1', from: ['OK'], set: { state: 'BUSY' } } as const;

  it('holds records that any client of the bucket can read as JSON', async () => {
    await using s = await disposable();
    const outcome = await s.store.write(create, { turn: 1, effect: 'e-1' });
    const entry = await s.bucket.get(key);
    expect(entry?.json()).to.deep.include({ v: 1, kind: 'volume', id: 'v.1', state: 'OK', data: { a: 1 }, currentOperation: null });
    expect(outcome.ok && outcome.record?.revision).to.equal(entry?.revision);
    expect(entry?.json()).to.not.have.property('revision');
  });

  it('shows a removed resource as a removed key', async () => {
    await using s = await disposable();
    await s.store.write(create, { turn: 1, effect: 'e-1' });
    await s.store.write(take, { turn: 2, effect: 'e-2' });
    await s.store.write({ op: 'remove', ref, operation: 'o-1', epoch: 2 }, { turn: 3, effect: 'e-3' });
    expect((await s.bucket.get(key))?.operation).to.equal('DEL');
    const keys = [];
    for await (const one of await s.bucket.keys()) keys.push(one);
    expect(keys).to.deep.equal([]);
  });

  it('may hold what others have put there: it is read as far as it goes, and can be taken', async () => {
    await using s = await disposable();
    await s.bucket.put(key, JSON.stringify({ state: 'OK', data: { size: 4 }, backendId: 7, epoch: 'x' }));
    const record = await s.store.get(ref);
    expect(record).to.deep.include({ ...ref, state: 'OK', data: { size: 4 }, backendId: '', epoch: 0, currentOperation: null });
    expect(await s.store.write(take, { turn: 5, effect: 'e-1' })).to.deep.include({ ok: true, already: false, before: { state: 'OK' } });
  });

  it('has no resource under a key that holds no JSON object, was purged or deleted by others', async () => {
    await using s = await disposable();
    for (const text of ['', 'no json', '[1]', 'null', '"text"']) {
      await s.bucket.put(key, text);
      expect(await s.store.get(ref), JSON.stringify(text)).to.equal(undefined);
    }
    await s.bucket.put('stray', '{"state":"OK"}');
    await s.bucket.put('a.b.c', '{"state":"OK"}');
    await s.bucket.put('k.=zz', '{"state":"OK"}');
    const listed = [];
    for await (const record of s.store.list()) listed.push(record);
    expect(listed).to.deep.equal([]);
    await s.bucket.delete(key);
    expect(await s.store.write(take, { turn: 1, effect: 'e-1' })).to.deep.equal({ ok: false, reason: 'missing' });
    expect(await s.store.write(create, { turn: 1, effect: 'e-2' })).to.include({ ok: true, already: false });
  });

  it('tells `unavailable` when the server does not answer, for reads and for writes that are refused', async () => {
    await using s = await disposable();
    const { streams } = await jetstreamManager(s.nc);
    await streams.delete(`KV_${s.subjects.buckets.resources}`);
    const codes = await Promise.all([s.store.get(ref), s.store.write(take, { turn: 1, effect: 'e' })].map(codeOf));
    expect(codes).to.deep.equal(['unavailable', 'unavailable']);
    await new Kvm(s.nc).create(s.subjects.buckets.resources, { history: 1 });
  });
});

async function disposable() {
  const made = await setup();
  return Object.assign(made, { [Symbol.asyncDispose]: made.close });
}

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise;
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}
