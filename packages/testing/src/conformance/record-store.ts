/**
 * What every store of entity records must do: compare-and-set on the record's own revision, items apart from the root,
 * keys that never touch each other. The host builds on nothing else.
 */
import assert from 'node:assert/strict';
import type { RecordStore, RootRecord, StoredItem } from '@troupe/actor/internal';
import type { Address, Json } from '@troupe/protocol';
import { describe, suiteScope } from './runner.ts';

export interface RecordStoreFixture {
  readonly store: RecordStore;
  /** A second client of the same data. */
  readonly other?: RecordStore;
  /** Lets so much time pass. */
  elapse?(ms: number): Promise<void>;
  tombstone?(address: Address): Promise<Json | undefined>;
  close?(): Promise<void>;
}

export interface RecordStoreAbilities {
  readonly name: string;
  readonly otherClient?: boolean;
  /** Roots and items with a time to live expire; needs `elapse`. */
  readonly expiry?: boolean;
  /** Tombstones can be read; needs `tombstone`. */
  readonly tombstones?: boolean;
  /** Items in the test of a large record. Default 1500, more than one page. */
  readonly manyItems?: number;
}

const key = (name: string, kind = 'counter'): Address => ({ kind, key: name });

export function describeRecordStore(make: () => Promise<RecordStoreFixture>, abilities: RecordStoreAbilities): void {
  const { test, testIf } = suiteScope(make);

  describe(`the record store ${abilities.name}`, () => {
    test('has nothing under a key that was never committed', async ({ store }) => {
      assert.equal(await store.load(key('none')), undefined);
    });

    test('gives back the root that was committed, with its revision and the time of the commit', async ({ store }) => {
      const before = store.serverNow();
      const root = rootOf({ n: 1, text: '"\\ 漢 🎭\n' });
      const revision = await committed(store, key('a'), 0, root);
      const loaded = await store.load(key('a'));
      assert.deepEqual(loaded?.root, root);
      assert.equal(loaded.revision, revision);
      assert.deepEqual(loaded.items, []);
      assert.ok(Math.abs(loaded.storedAt - before) < 60_000, `stored at ${loaded.storedAt}, asked at ${before}`);
    });

    test('commits only on the last revision, tells that revision otherwise, and changes nothing', async ({ store }) => {
      const first = await committed(store, key('a'), 0, rootOf(1));
      assert.deepEqual(await store.commit(key('a'), 0, JSON.stringify(rootOf(2))), { ok: false, lastRevision: first });
      const second = await committed(store, key('a'), first, rootOf(2));
      assert.ok(second > first);
      assert.deepEqual(await store.commit(key('a'), first, JSON.stringify(rootOf(3))), { ok: false, lastRevision: second });
      assert.deepEqual((await store.load(key('a')))?.root, rootOf(2));
      assert.deepEqual(await store.commit(key('b'), first, JSON.stringify(rootOf(3))), { ok: false, lastRevision: 0 });
      assert.equal(await store.load(key('b')), undefined);
    });

    test('lets one of many commits through that were made of the same revision', async ({ store }) => {
      const revision = await committed(store, key('a'), 0, rootOf(0));
      const outcomes = await Promise.all(Array.from({ length: 10 }, (_, i) => store.commit(key('a'), revision, JSON.stringify(rootOf(i)))));
      assert.equal(outcomes.filter((outcome) => outcome.ok).length, 1);
    });

    test('says whether a revision is still the last one, of a record and of none', async ({ store }) => {
      assert.equal(await store.isCurrent(key('a'), 0), true);
      assert.equal(await store.isCurrent(key('a'), 7), false);
      const first = await committed(store, key('a'), 0, rootOf(1));
      assert.equal(await store.isCurrent(key('a'), first), true);
      assert.equal(await store.isCurrent(key('a'), 0), false);
      await committed(store, key('b'), 0, rootOf(1));
      await store.putItems(key('a'), [item('n1', 1)]);
      assert.equal(await store.isCurrent(key('a'), first), true);
      const second = await committed(store, key('a'), first, rootOf(2));
      assert.equal(await store.isCurrent(key('a'), first), false);
      assert.equal(await store.isCurrent(key('a'), second), true);
    });

    test('compares each key with itself: writes of others do not disturb', async ({ store }) => {
      const a = await committed(store, key('a'), 0, rootOf('a'));
      await committed(store, key('b'), 0, rootOf('b'));
      await store.putItems(key('a'), [item('n1', 1)]);
      await committed(store, key('a'), a, rootOf('a2', { n1: 1 }));
    });

    test('loads the items of a record with their names, nonces and bodies', async ({ store }) => {
      const items = [item('n1', 1), item('n1', 2, 'lease v/1.*>'), item('n2', 1, '', { deep: [null, 1.5, '漢'] })];
      await store.putItems(key('a'), items);
      await committed(store, key('a'), 0, rootOf(1, { n1: 2, n2: 1 }));
      assert.deepEqual(sorted((await store.load(key('a')))?.items), sorted(items));
    });

    test('loads items of uncommitted turns too: only the host can tell them apart', async ({ store }) => {
      const items = [item('n1', 1), item('n1', 2), item('n9', 7)];
      await store.putItems(key('a'), items);
      await committed(store, key('a'), 0, rootOf(1, { n1: 1 }));
      assert.deepEqual(sorted((await store.load(key('a')))?.items), sorted(items));
    });

    test('has no record where there are items only', async ({ store }) => {
      await store.putItems(key('a'), [item('n1', 1)]);
      assert.equal(await store.load(key('a')), undefined);
    });

    test('removes the items it is told to, and no others; removing twice is harmless', async ({ store }) => {
      await store.putItems(key('a'), [item('n1', 1), item('n1', 2), item('n1', 11)]);
      await committed(store, key('a'), 0, rootOf(1, { n1: 11 }));
      await store.removeItems(key('a'), [{ nonce: 'n1', n: 1 }]);
      await store.removeItems(key('a'), [{ nonce: 'n1', n: 1 }]);
      assert.deepEqual(sorted((await store.load(key('a')))?.items), [item('n1', 11), item('n1', 2)]);
    });

    test('puts nothing and removes nothing when it is given nothing', async ({ store }) => {
      await store.putItems(key('a'), []);
      await store.removeItems(key('a'), []);
      assert.equal(await store.load(key('a')), undefined);
    });

    test('keeps keys apart, whatever characters they hold and however they begin', async ({ store }) => {
      const names = ['a', 'a.b', 'a.i', 'a.i.n1.1', 'a b', '*', '>', '', '=', '=2E', 'ü漢', 'x'.repeat(128)];
      for (const kind of ['counter', 'count']) {
        for (const name of names) {
          await store.putItems(key(name, kind), [item('n1', 1, `item of ${kind} ${name}`)]);
          await committed(store, key(name, kind), 0, rootOf(`${kind} ${name}`, { n1: 1 }));
        }
      }
      for (const kind of ['counter', 'count']) {
        for (const name of names) {
          const loaded = await store.load(key(name, kind));
          assert.equal(loaded?.root.s, `${kind} ${name}`);
          assert.deepEqual(loaded.items, [item('n1', 1, `item of ${kind} ${name}`)]);
        }
      }
    });

    test('loads more items than one page holds', async ({ store }) => {
      const count = abilities.manyItems ?? 1_500;
      const items = Array.from({ length: count }, (_, i) => item('n1', i + 1, `lease-${i}`));
      await store.putItems(key('a'), items);
      await committed(store, key('a'), 0, rootOf(1, { n1: count }));
      const loaded = await store.load(key('a'));
      assert.equal(loaded?.items.length, count);
      assert.equal(new Set(loaded.items.map((one) => one.n)).size, count);
    });

    test('loads a record of which no item is left', async ({ store }) => {
      await committed(store, key('a'), 0, rootOf(1, { n1: 3 }));
      assert.deepEqual((await store.load(key('a')))?.items, []);
    });

    test('takes a root of nearly 64 KB', async ({ store }) => {
      const root = rootOf('x'.repeat(65_000));
      await committed(store, key('a'), 0, root);
      assert.deepEqual((await store.load(key('a')))?.root, root);
    });

    testIf(abilities.otherClient, 'shows one client what another has committed, and lets one of the two win', async ({ store, other }) => {
      const revision = await committed(store, key('a'), 0, rootOf(1));
      assert.equal((await other!.load(key('a')))?.revision, revision);
      const outcomes = await Promise.all([store, other!].map((client) => client.commit(key('a'), revision, JSON.stringify(rootOf(2)))));
      assert.equal(outcomes.filter((outcome) => outcome.ok).length, 1);
    });

    testIf(abilities.expiry, 'forgets an item whose time is over, and no other', async ({ store, elapse }) => {
      await store.putItems(key('a'), [item('n1', 1)]);
      await store.putItems(key('a'), [item('n1', 2)], 1_000);
      await committed(store, key('a'), 0, rootOf(1, { n1: 2 }));
      assert.equal((await store.load(key('a')))?.items.length, 2);
      await elapse!(2_500);
      assert.deepEqual(sorted((await store.load(key('a')))?.items), [item('n1', 1)]);
    });

    testIf(
      abilities.expiry,
      'forgets a root whose time is over, and never gives its revision to the next one',
      async ({ store, elapse }) => {
        const first = await committed(store, key('a'), 0, rootOf(1));
        const ended = await store.commit(key('a'), first, JSON.stringify(rootOf(2)), 1_000);
        assert.ok(ended.ok);
        assert.deepEqual((await store.load(key('a')))?.root, rootOf(2));
        await elapse!(2_500);
        assert.equal(await store.load(key('a')), undefined);
        // what expired may have left a marker, whose revision a refused commit tells
        const asked = await store.commit(key('a'), 0, JSON.stringify(rootOf(3)));
        const again = asked.ok ? asked.revision : await committed(store, key('a'), asked.lastRevision, rootOf(3));
        assert.ok(again > ended.revision);
      },
    );

    testIf(abilities.tombstones, 'keeps a tombstone beside the record, under the same key', async ({ store, tombstone }) => {
      await committed(store, key('a.b'), 0, rootOf(1));
      assert.equal(await tombstone!(key('a.b')), undefined);
      await store.putTombstone(key('a.b'), { id: 'a.b', outcome: 'succeeded' }, 60_000);
      assert.deepEqual(await tombstone!(key('a.b')), { id: 'a.b', outcome: 'succeeded' });
      assert.deepEqual((await store.load(key('a.b')))?.root, rootOf(1));
    });
  });
}

function rootOf(state: Json, nx: Record<string, number> = {}): RootRecord {
  return { v: 1, w: 'n1.1', s: state, fx: [], in: [{ stream: 'mail', sequence: 7 }], nx };
}

function item(nonce: string, n: number, name = `item ${n}`, body: Json = { n }): StoredItem {
  return { nonce, n, item: name, body };
}

function sorted(items: readonly StoredItem[] = []): StoredItem[] {
  return [...items].sort((a, b) => (`${a.nonce}.${a.n}` < `${b.nonce}.${b.n}` ? -1 : 1));
}

async function committed(store: RecordStore, address: Address, expected: number, root: RootRecord): Promise<number> {
  const outcome = await store.commit(address, expected, JSON.stringify(root));
  assert.ok(outcome.ok, `not committed: ${JSON.stringify(outcome)}`);
  return outcome.revision;
}
