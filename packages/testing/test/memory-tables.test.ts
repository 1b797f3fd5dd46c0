import { expect } from 'chai';
import type { RootRecord } from '@troupe/actor/internal';
import type { StoredResource } from '@troupe/actor/internal';
import { isTroupeError } from '@troupe/protocol';
import { createMemoryBroker } from '@troupe/testing';

const a = { kind: 'counter', key: 'a.b' };
const rootOf = (s: unknown): RootRecord => ({ v: 1, w: 'n.1', s: s as never, fx: [], in: [], nx: {} });

async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}

describe('records in memory, as a test sees them', () => {
  function setup() {
    const broker = createMemoryBroker();
    return { broker, records: broker.process('p').records, table: broker.records };
  }

  it('are there by their address, with root, items and tombstone', async () => {
    const { records, table } = setup();
    await records.putItems(a, [{ nonce: 'n', n: 1, item: 'x', body: { deep: [1] } }]);
    await records.commit(a, 0, JSON.stringify(rootOf({ n: 1 })));
    await records.putTombstone(a, 'gone', 1_000);
    expect(table.addresses()).to.deep.equal([a]);
    expect(table.root(a)?.s).to.deep.equal({ n: 1 });
    expect(table.items(a)).to.deep.equal([{ nonce: 'n', n: 1, item: 'x', body: { deep: [1] } }]);
    expect(table.tombstone(a)).to.equal('gone');
  });

  it('are gone when their time is over, each by its own', async () => {
    const { broker, records, table } = setup();
    await records.commit(a, 0, JSON.stringify(rootOf(1)), 1_000);
    await records.putTombstone(a, 'gone', 3_000);
    await broker.clock.tick(1_000);
    expect([table.root(a), table.addresses(), table.tombstone(a)]).to.deep.equal([undefined, [], 'gone']);
    await broker.clock.tick(2_000);
    expect(table.tombstone(a)).to.equal(undefined);
  });

  it('count what is written, so that a test can hold the cost of a turn', async () => {
    const { records, table } = setup();
    const text = JSON.stringify(rootOf('é'));
    await records.commit(a, 0, text);
    expect(table.bytesWritten).to.equal(Buffer.byteLength(text));
    await records.commit(a, 0, text);
    expect(table.bytesWritten).to.equal(Buffer.byteLength(text));
    await records.putItems(a, [{ nonce: 'n', n: 1, item: 'x', body: 1 }]);
    expect(table.bytesWritten).to.be.greaterThan(Buffer.byteLength(text));
  });

  it('refuse a root of more than 64 KB, and count that as a defect', async () => {
    const { broker, records } = setup();
    const error = await failure(records.commit(a, 0, JSON.stringify(rootOf('x'.repeat(66_000)))));
    expect(isTroupeError(error) && error.code).to.equal('too_large');
    expect(broker.defects).to.deep.equal([error]);
  });

  it('cannot be changed by whoever has loaded them', async () => {
    const { records, table } = setup();
    await records.putItems(a, [{ nonce: 'n', n: 1, item: 'x', body: { list: [1] } }]);
    await records.commit(a, 0, JSON.stringify(rootOf({ list: [1] })));
    const loaded = await records.load(a);
    (loaded!.items[0]!.body as { list: number[] }).list.push(2);
    (loaded!.root.s as unknown as { list: number[] }).list.push(2);
    expect(table.items(a)[0]?.body).to.deep.equal({ list: [1] });
    expect(table.root(a)?.s).to.deep.equal({ list: [1] });
  });
});

describe('resources in memory, as a test sees them', () => {
  const ref = { kind: 'volume', id: 'v' };

  function setup() {
    const writes: [string | undefined, string][] = [];
    const stateOf = (one: StoredResource): string => ('removedBy' in one ? 'gone' : one.state);
    const broker = createMemoryBroker({
      onResourceWrite: (before, after) => writes.push([before === undefined ? undefined : stateOf(before), stateOf(after)]),
    });
    return { broker, store: broker.process('p').resources, table: broker.resources, writes };
  }

  it('are put as a test needs them, resting in OK unless it says otherwise', () => {
    const { table } = setup();
    expect(table.put(ref, {})).to.deep.include({ ...ref, state: 'OK', currentOperation: null, epoch: 0, data: {} });
    expect(table.put(ref, { state: 'ERRED', data: { size: 1 } })).to.deep.include({ state: 'ERRED', data: { size: 1 } });
    expect(table.records()).to.have.length(1);
    expect(table.record({ kind: 'volume', id: 'other' })).to.equal(undefined);
  });

  it('tell every write that changed something, with what was there before', async () => {
    const { store, table, writes } = setup();
    table.put(ref, {});
    await store.write({ op: 'take', ref, operation: 'o', from: ['OK'], set: { state: 'BUSY' } }, { turn: 1, effect: 'e1' });
    await store.write({ op: 'take', ref, operation: 'p', from: ['OK'], set: {} }, { turn: 2, effect: 'e2' });
    await store.write({ op: 'remove', ref, operation: 'o', epoch: 1 }, { turn: 3, effect: 'e3' });
    await store.write({ op: 'remove', ref, operation: 'o', epoch: 1 }, { turn: 3, effect: 'e3' });
    await store.write({ op: 'create', ref, state: 'NEW', set: {} }, { turn: 4, effect: 'e4' });
    expect(writes).to.deep.equal([
      [undefined, 'OK'],
      ['OK', 'BUSY'],
      ['BUSY', 'gone'],
      ['gone', 'NEW'],
    ]);
  });

  it('refuse a write that no wire could carry, and count it as a defect', async () => {
    const { broker, store } = setup();
    const write = { op: 'create', ref, state: 'NEW', set: { data: { at: new Date(0) } } } as never;
    expect(String(await failure(store.write(write, { turn: 1, effect: 'e' })))).to.include('a Date does not survive JSON');
    expect(broker.defects).to.have.length(1);
  });
});
