/**
 * What every store of resources must do, whatever it stores in. The rules themselves are held by the tests of `actor`;
 * here is what a store adds: that they hold between writers, over lost acknowledgements, and for every character.
 *
 *     describeResourceStore(async () => ({ store: createMyStore() }), { name: 'mine' });
 */
import assert from 'node:assert/strict';
import type { ResourceRecord, ResourceStore, ResourceWrite, WriteOutcome } from '@troupe/actor';
import type { ResourceRef } from '@troupe/protocol';
import { assertIncludes, describe, suiteScope } from './runner.ts';

export interface ResourceStoreFixture {
  readonly store: ResourceStore;
  /** A second client of the same data, as another process would have. */
  readonly other?: ResourceStore;
  /** The next write of `store` is done, and its acknowledgement lost. The store may recover from it or throw `unavailable`. */
  loseNextAck?(): void;
  /** Lets so much time pass. */
  elapse?(ms: number): Promise<void>;
  close?(): Promise<void>;
}

export interface ResourceStoreAbilities {
  readonly name: string;
  readonly otherClient?: boolean;
  readonly lostAck?: boolean;
  /** Tombstones of the fixture expire after so long. */
  readonly tombstoneTtlMs?: number;
}

const ODD_IDS = ['plain', 'with space', 'dot.dot', '*', '>', 'ünï 漢', '=20', '', 'a/b', 'line\nbreak', '$KV.x', 'x'.repeat(128)];

export function describeResourceStore(make: () => Promise<ResourceStoreFixture>, abilities: ResourceStoreAbilities): void {
  const { test, testIf } = suiteScope(make);

  describe(`the resource store ${abilities.name}`, () => {
    test('has nothing under a reference that nobody created', async ({ store }) => {
      assert.equal(await store.get(ref('none')), undefined);
      assert.deepEqual(await all(store), []);
    });

    test('gives back what was created, with its own revision', async ({ store }) => {
      const w = writer(store);
      const set = { data: { sizeGb: 4, tags: ['a', { b: null }] }, runtimeState: 'new', backendId: 'b-1' };
      const outcome = await w.write({ op: 'create', ref: ref('v'), state: 'NEW', set });
      const record = await store.get(ref('v'));
      assert.deepEqual(record, recordOf(outcome));
      assertIncludes(record, { ...ref('v'), state: 'NEW', currentOperation: null, error: null, rested: null, ...set });
      assert.ok(record !== undefined && record.revision > 0 && record.modified > 0);
    });

    test('gives every write a higher revision, also across a removal', async ({ store }) => {
      const w = writer(store);
      const revisions: number[] = [];
      const see = (outcome: WriteOutcome): void => void revisions.push(recordOf(outcome).revision);
      see(await w.create('v'));
      see(await w.take('v', 'a'));
      see(await w.change('v', 'a', { runtimeState: 'x' }));
      await w.remove('v', 'a');
      see(await w.create('v'));
      assert.deepEqual(
        revisions,
        [...revisions].sort((a, b) => a - b),
      );
      assert.equal(new Set(revisions).size, revisions.length);
    });

    test('takes, changes and gives back', async ({ store }) => {
      const w = writer(store);
      await w.create('v');
      const taken = await w.take('v', 'a', { state: 'BUSY', error: null });
      assertIncludes(taken, { ok: true, already: false, before: { state: 'OK' }, after: { state: 'BUSY' } });
      assertIncludes(await store.get(ref('v')), { currentOperation: 'a', rested: { state: 'OK', error: null } });
      await w.change('v', 'a', { data: { a: 1 } });
      await w.change('v', 'a', { state: 'OK', data: { b: 2 }, action: '' }, { finish: true });
      assertIncludes(await store.get(ref('v')), { state: 'OK', currentOperation: null, rested: null, data: { a: 1, b: 2 } });
    });

    test('keeps a promise: nobody but whom it is promised to may take it, until that one takes it or waives it', async ({ store }) => {
      const w = writer(store);
      await w.create('v');
      await w.take('v', 'a', { state: 'BUSY' });
      await w.change('v', 'a', { state: 'OK' }, { finish: true, promise: 'b' });
      assertIncludes(await w.take('v', 'c', { state: 'BUSY' }), { ok: false, reason: 'conflict' });
      assertIncludes((await store.get(ref('v')))!.fence, { promised: 'b' });
      assertIncludes(await w.take('v', 'b', { state: 'BUSY' }), { ok: true, already: false });
      assert.equal((await store.get(ref('v')))!.fence.promised, undefined);
      await w.change('v', 'b', { state: 'OK' }, { finish: true, promise: 'c', epoch: 3 });
      // somebody else's promise is not theirs to give up
      assertIncludes(await w.waive('v', 'b'), { ok: true, already: true });
      assertIncludes(await w.waive('v', 'c', 'd'), { ok: true, already: false });
      assertIncludes(await w.take('v', 'c', { state: 'BUSY' }), { ok: false, reason: 'conflict' });
      assertIncludes(await w.waive('v', 'd'), { ok: true, already: false });
      assertIncludes(await w.take('v', 'c', { state: 'BUSY' }), { ok: true });
    });

    test('refuses with the reason and the record, and changes nothing', async ({ store }) => {
      const w = writer(store);
      assert.deepEqual(await w.take('v', 'a'), { ok: false, reason: 'missing' });
      await w.create('v');
      assertIncludes(await w.create('v'), { ok: false, reason: 'exists' });
      const late = w.order({ op: 'change', ref: ref('v'), operation: 'a', epoch: 2, set: {} });
      await w.take('v', 'a');
      const record = await store.get(ref('v'));
      assert.deepEqual(await w.take('v', 'b'), { ok: false, reason: 'conflict', record });
      assertIncludes(await w.ask(late), { ok: false, reason: 'stale' });
      assertIncludes(await w.change('v', 'a', {}, { from: ['ELSEWHERE'] }), { ok: false, reason: 'state' });
      assert.deepEqual(await store.get(ref('v')), record);
    });

    test('applies the finding of a pull only to what rests as the pull saw it, and makes no revision of what says nothing new', async ({
      store,
    }) => {
      const w = writer(store);
      const { revision } = recordOf(await w.create('v'));
      const find = (seen: number, set: object): Promise<WriteOutcome> =>
        w.write({ op: 'patch', ref: ref('v'), revision: seen, from: ['OK', 'ERRED'], set, event: 'becameErred' });
      assertIncludes(await find(revision, { runtimeState: '', error: null }), { ok: true, already: true });
      assert.equal((await store.get(ref('v')))!.revision, revision);
      const error = { code: 'missing_on_backend', message: 'no' };
      const found = await find(revision, { state: 'ERRED', error });
      assertIncludes(found, { ok: true, already: false, before: { state: 'OK' }, after: { state: 'ERRED' } });
      assertIncludes(await store.get(ref('v')), { state: 'ERRED', error, currentOperation: null });
      assertIncludes(await find(revision, { state: 'OK', error: null }), { ok: false, reason: 'stale' });
      const last = recordOf(found).revision;
      await w.write({ op: 'take', ref: ref('v'), operation: 'a', from: ['ERRED'], set: {} });
      assertIncludes(await find(last, { state: 'OK', error: null }), { ok: false, reason: 'conflict' });
      assertIncludes(await store.get(ref('v')), { currentOperation: 'a', error });
    });

    test('does each effect once: asked for again, both writes of one turn are answered `already`', async ({ store }) => {
      const w = writer(store);
      await w.create('v');
      await w.take('v', 'a');
      const turn = w.nextTurn();
      const first = w.order({ op: 'change', ref: ref('v'), operation: 'a', epoch: 2, set: { state: 'ONE' } }, turn);
      const second = w.order({ op: 'change', ref: ref('v'), operation: 'a', epoch: 2, set: { state: 'TWO' } }, turn);
      await w.ask(first);
      await w.ask(second);
      const record = await store.get(ref('v'));
      assert.deepEqual(await w.ask(first), { ok: true, already: true, record, before: { state: 'BUSY' }, after: { state: 'ONE' } });
      assert.deepEqual(await w.ask(second), { ok: true, already: true, record, before: { state: 'ONE' }, after: { state: 'TWO' } });
      assert.deepEqual(await store.get(ref('v')), record);
    });

    test('keeps errors, details and data as they are, whatever they hold', async ({ store }) => {
      const w = writer(store);
      await w.create('v');
      const error = {
        code: 'step_failed',
        message: '"quotes"\n\u0000 漢 🎭',
        data: { deep: [[[1]]] },
        cause: { code: 'internal', message: '' },
      };
      await w.take('v', 'a', { error, actionDetails: { old: null, new: [1, 'two'] }, action: 'Résize' });
      assertIncludes(await store.get(ref('v')), { error, action: 'Résize', actionDetails: { old: null, new: [1, 'two'] } });
    });

    test('removes: nothing is left to read, and its remover hears so again', async ({ store }) => {
      const w = writer(store);
      await w.create('v');
      await w.take('v', 'a');
      const remove = w.order({ op: 'remove', ref: ref('v'), operation: 'a', epoch: 2 });
      assert.deepEqual(await w.ask(remove), { ok: true, already: false, before: { state: 'BUSY' } });
      assert.equal(await store.get(ref('v')), undefined);
      assert.deepEqual(await all(store), []);
      assert.deepEqual(await w.ask(remove), { ok: true, already: true, before: { state: 'BUSY' } });
      assert.deepEqual(await w.remove('v', 'a', 2), { ok: true, already: true });
      assert.deepEqual(await w.remove('v', 'b', 2), { ok: false, reason: 'missing' });
      assert.deepEqual(await w.take('v', 'b'), { ok: false, reason: 'missing' });
    });

    test('lets a removed resource be made again, under a higher epoch', async ({ store }) => {
      const w = writer(store);
      await w.create('v');
      await w.take('v', 'a');
      await w.remove('v', 'a', 2);
      const again = recordOf(await w.create('v'));
      assert.equal(again.epoch, 3);
      assert.deepEqual(await store.get(ref('v')), again);
    });

    test('keeps references apart, whatever characters they hold', async ({ store }) => {
      const w = writer(store);
      for (const kind of ['k', 'k.k']) for (const id of ODD_IDS) await w.create(id, { data: { kind, id } }, kind);
      for (const kind of ['k', 'k.k']) {
        for (const id of ODD_IDS) assert.deepEqual((await store.get({ kind, id }))?.data, { kind, id }, JSON.stringify(id));
      }
      const listed = await all(store, 'k.k');
      assert.deepEqual(listed.map((record) => record.id).sort(), [...ODD_IDS].sort());
      assert.ok(listed.every((record) => record.kind === 'k.k'));
      assert.equal((await all(store)).length, 2 * ODD_IDS.length);
    });

    test('lists every resource once, as it is now, also when they are many', async ({ store }) => {
      const w = writer(store);
      const ids = Array.from({ length: 150 }, (_, i) => `v-${i}`);
      await Promise.all(ids.map((id) => w.create(id)));
      await w.take('v-7', 'a');
      await w.take('v-9', 'a');
      await w.remove('v-9', 'a', 2);
      const listed = await all(store, 'volume');
      assert.deepEqual(listed.map((record) => record.id).sort(), ids.filter((id) => id !== 'v-9').sort());
      assert.equal(listed.find((record) => record.id === 'v-7')?.currentOperation, 'a');
      assert.deepEqual(await all(store, 'other'), []);
    });

    test('gives a resource to one of many who ask at once', async ({ store }) => {
      const w = writer(store);
      await w.create('v');
      const outcomes = await Promise.all(Array.from({ length: 10 }, (_, i) => w.take('v', `o-${i}`)));
      assert.equal(outcomes.filter((outcome) => outcome.ok).length, 1);
      assert.ok(outcomes.every((outcome) => outcome.ok || outcome.reason === 'conflict'));
      assert.equal((await store.get(ref('v')))?.epoch, 2);
    });

    test('loses no write of many at once', async ({ store }) => {
      const w = writer(store);
      await w.create('v');
      await w.take('v', 'a');
      const turn = w.nextTurn();
      const writes = Array.from({ length: 10 }, (_, i) =>
        w.ask(w.order({ op: 'change', ref: ref('v'), operation: 'a', epoch: 2, set: { data: { [`k${i}`]: i } } }, turn)),
      );
      assert.ok((await Promise.all(writes)).every((outcome) => outcome.ok));
      assert.equal(Object.keys((await store.get(ref('v')))!.data).length, 10);
    });

    testIf(abilities.otherClient, 'shows one client what another has written, and fences them by one set of rules', async (fixture) => {
      const w = writer(fixture.store);
      const other = writer(fixture.other!, 1_000);
      await w.create('v');
      assert.equal((await fixture.store.get(ref('v')))?.currentOperation, null);
      await other.take('v', 'b');
      assert.equal((await fixture.store.get(ref('v')))?.currentOperation, 'b');
      assertIncludes(await w.take('v', 'a'), { ok: false, reason: 'conflict' });
      const all10 = [w, other].flatMap((client) => Array.from({ length: 5 }, (_, i) => client.create(`both-${i}`)));
      const outcomes = await Promise.all(all10);
      assert.equal(outcomes.filter((outcome) => outcome.ok).length, 5);
    });

    testIf(abilities.lostAck, 'does a write once whose acknowledgement was lost', async (fixture) => {
      const w = writer(fixture.store);
      await w.create('v');
      await w.take('v', 'a');
      const write = w.order({ op: 'change', ref: ref('v'), operation: 'a', epoch: 2, set: { runtimeState: 'once' }, raise: true });
      fixture.loseNextAck!();
      const outcome = await w.ask(write).catch((error: { code?: string }) => {
        assert.equal(error.code, 'unavailable');
        return w.ask(write);
      });
      assertIncludes(outcome, { ok: true, already: true });
      // applied twice, the epoch would be 4
      assertIncludes(await fixture.store.get(ref('v')), { epoch: 3, runtimeState: 'once' });
    });

    testIf(abilities.tombstoneTtlMs !== undefined, 'forgets a removal when its time is over', async (fixture) => {
      const w = writer(fixture.store);
      await w.create('v');
      await w.take('v', 'a');
      await w.remove('v', 'a', 2);
      await fixture.elapse!(abilities.tombstoneTtlMs! + 500);
      assert.deepEqual(await w.remove('v', 'a', 2), { ok: false, reason: 'missing' });
      assertIncludes(await w.create('v'), { ok: true, already: false });
      assert.equal((await fixture.store.get(ref('v')))?.id, 'v');
    });
  });
}

function ref(id: string, kind = 'volume'): ResourceRef {
  return { kind, id };
}

/** Writes with a turn and an effect id of their own, as a host numbers them. */
function writer(store: ResourceStore, firstTurn = 1) {
  let turn = firstTurn;
  let effects = 0;
  type Order = { readonly write: ResourceWrite; readonly fence: { readonly turn: number; readonly effect: string } };
  const order = (write: ResourceWrite, at = turn++): Order => ({
    write,
    fence: { turn: at, effect: `operation/o@n${firstTurn}.${effects++}` },
  });
  const ask = ({ write, fence }: Order): Promise<WriteOutcome> => store.write(write, fence);
  const write = (one: ResourceWrite): Promise<WriteOutcome> => ask(order(one));
  return {
    order,
    ask,
    write,
    nextTurn: () => turn++,
    create: (id: string, set = {}, kind = 'volume') => write({ op: 'create', ref: ref(id, kind), state: 'OK', set }),
    take: (id: string, operation: string, set = {}) =>
      write({ op: 'take', ref: ref(id), operation, from: ['OK'], set: { state: 'BUSY', ...set } }),
    change: (id: string, operation: string, set = {}, more = {}) =>
      write({ op: 'change', ref: ref(id), operation, epoch: 2, set, ...more }),
    waive: (id: string, operation: string, promise?: string) =>
      write({ op: 'waive', ref: ref(id), operation, ...(promise === undefined ? {} : { promise }) }),
    remove: (id: string, operation: string, epoch = 2) => write({ op: 'remove', ref: ref(id), operation, epoch }),
  };
}

function recordOf(outcome: WriteOutcome): ResourceRecord {
  assert.ok(outcome.ok && outcome.record !== undefined, JSON.stringify(outcome));
  return outcome.record;
}

async function all(store: ResourceStore, kind?: string): Promise<ResourceRecord[]> {
  const out: ResourceRecord[] = [];
  for await (const record of store.list(kind)) out.push(record);
  return out;
}
