import type { EventMessage, ResourceRef, WireError } from '@troupe/protocol';
import {
  type Followed,
  followEvent,
  lifeCycleStates,
  newParent,
  type OrderRecord,
  parentMove,
  type ParentRecord,
  type Parents,
  type ResourceTransition,
  transitions,
} from '@troupe/resource';
import { expect } from 'chai';
import fc from 'fast-check';

const ref = { kind: 'vm', id: 'v1' };
const error: WireError = { code: 'no_room', message: 'no' };
const all = [null, ...lifeCycleStates, 'STRANGE'] as const;
const pairs = all.flatMap((from) => all.map((to) => ({ from, to })));
let count = 0;

function eventOf(transition: Partial<ResourceTransition> & { from: string | null; to: string | null }, more: object = {}): EventMessage {
  const { operation = 'op-1', ...rest } = { event: 'changed', ...transition, ...more } as { operation?: string | null };
  const topic = ['resource', ref.kind, ref.id, 'changed'];
  return { v: 1, id: `e-${count++}`, topic, at: 1, body: { resource: ref, operation, ...rest } as never };
}

/** A parent in memory, of the one resource. */
function setup(parent: Partial<ParentRecord> = {}, order?: OrderRecord) {
  const kept = {
    parent: { ...newParent, ...parent } as ParentRecord,
    orders: new Map<string | null, OrderRecord>(order === undefined ? [] : [['op-1', order]]),
    row: undefined as { state: string; error: WireError | null } | undefined,
    unknown: [] as string[],
    saves: 0,
  };
  const parents: Parents = {
    load: async (resource: ResourceRef, operation) => {
      const found = kept.orders.get(operation);
      return resource.id === ref.id ? { parent: kept.parent, ...(found === undefined ? {} : { order: found }) } : undefined;
    },
    save: async (_resource, operation, next) => {
      kept.saves++;
      kept.parent = next.parent;
      if (next.order !== undefined) kept.orders.set(operation, next.order);
    },
    row: async () => kept.row,
    unknown: async (_resource, { from, to }) => void kept.unknown.push(`${from} ${to}`),
  };
  return { kept, follow: (event: EventMessage): Promise<Followed> => followEvent(parents, event) };
}

describe('S103 the move of a parent', () => {
  it('C15 is known for every pair that the life-cycle can make, and for no other but an import', () => {
    const legal = new Set(['null OK']);
    for (const { from, to = null } of Object.values(transitions)) {
      const sources: readonly (string | null)[] = from.length === 0 ? [null] : from;
      for (const one of sources) if (one !== to || one === 'ERRED') legal.add(`${one} ${to}`);
    }
    const known = pairs.filter(({ from, to }) => parentMove({ from, to, event: 'x' }) !== undefined).map(({ from, to }) => `${from} ${to}`);
    expect(known.toSorted()).to.deep.equal([...legal].toSorted());
  });

  for (const [what, from, to, name, parent, order] of [
    ['a creation', 'CREATING', 'OK', 'created', 'ok', 'done'],
    ['a creation with nothing to do', 'CREATION_SCHEDULED', 'OK', 'created', 'ok', 'done'],
    ['a creation that failed', 'CREATING', 'ERRED', 'creationFailed', 'erred', 'erred'],
    ['a creation that failed before it began', 'CREATION_SCHEDULED', 'ERRED', 'creationFailed', 'erred', 'erred'],
    ['an update', 'UPDATING', 'OK', 'updated', 'ok', 'done'],
    ['an update that failed', 'UPDATING', 'ERRED', 'updateFailed', 'erred', 'erred'],
    ['an update that failed before it began', 'UPDATE_SCHEDULED', 'ERRED', 'updateFailed', 'erred', 'erred'],
    ['a deletion that failed: the parent is OK again', 'DELETING', 'ERRED', 'deletionFailed', 'ok', 'erred'],
    ['a deletion that failed before it began', 'DELETION_SCHEDULED', 'ERRED', 'deletionFailed', 'ok', 'erred'],
    ['a resource that broke on the backend', 'OK', 'ERRED', 'broken', 'erred', undefined],
    ['one that is well again', 'ERRED', 'OK', 'recovered', 'ok', undefined],
    ['one that was removed', 'DELETING', null, 'terminated', 'terminated', 'done'],
  ] as const) {
    it(`is ${name} for ${what}`, () => {
      const move = parentMove({ from, to, event: 'x', error });
      expect(move).to.deep.equal({ name, parent, ...(order === undefined ? {} : { order }), ...(to === 'ERRED' ? { error } : {}) });
    });
  }

  it('terminates the parent of what is known to be missing on the backend, and of nothing else that a pull has found', () => {
    const missing = { code: 'missing_on_backend', message: 'no' };
    for (const from of ['OK', 'ERRED'])
      expect(parentMove({ from, to: 'ERRED', event: 'becameErred', error: missing })).to.include({ name: 'missing', parent: 'terminated' });
    // a create that finds its machine gone has failed; its parent was never there
    expect(parentMove({ from: 'CREATING', to: 'ERRED', event: 'x', error: missing })).to.include({
      name: 'creationFailed',
      parent: 'erred',
    });
    for (const code of ['step_timeout', 'worker_lost', 'not_found'])
      expect(parentMove({ from: 'OK', to: 'ERRED', event: 'becameErred', error: { code, message: '' } })).to.include({ parent: 'erred' });
  });

  it('cancels the order of what was withdrawn or cancelled, and lets it go on where it is retried', () => {
    expect(parentMove({ from: 'DELETION_SCHEDULED', to: 'OK', event: 'withdrawn' })).to.include({ parent: 'ok', order: 'cancelled' });
    expect(parentMove({ from: 'UPDATE_SCHEDULED', to: 'ERRED', event: 'withdrawn' })).to.include({ parent: 'erred', order: 'cancelled' });
    const cancelled = { code: 'cancelled', message: '' };
    expect(parentMove({ from: 'UPDATING', to: 'ERRED', event: 'x', error: cancelled })).to.include({ parent: 'erred', order: 'cancelled' });
    expect(parentMove({ from: 'ERRED', to: 'CREATING', event: 'retried' })).to.include({ parent: 'creating', order: 'executing' });
  });
});

describe('S103 a follower', () => {
  for (const { from, to } of pairs) {
    it(`C15 follows ${from ?? 'nothing'} → ${to ?? 'removed'} once, however often it is told`, async () => {
      const s = setup({ followed: from, state: 'ok' });
      s.kept.row = to === null ? undefined : { state: to, error: null };
      const event = eventOf({ from, to, error });
      const move = parentMove({ from, to, event: 'changed', error });
      const first = await s.follow(event);
      const { parent, orders } = structuredClone(s.kept);
      expect(await s.follow(event)).to.deep.equal({ how: 'ignored' });
      expect({ parent: s.kept.parent, orders: s.kept.orders, saves: s.kept.saves }).to.deep.equal({ parent, orders, saves: 1 });
      if (move === undefined) {
        expect(first).to.deep.equal({ how: 'unknown' });
        expect(s.kept.unknown).to.deep.equal([`${from} ${to}`]);
        expect(orders.size).to.equal(0);
      } else {
        expect(first).to.deep.equal({ how: 'moved', move });
        expect(parent.state).to.equal(move.parent);
        expect(orders.get('op-1')?.state).to.equal(move.order);
        expect(s.kept.unknown).to.deep.equal([]);
      }
    });
  }

  it('takes the word of the row where it is elsewhere by now, and of the event for its order', async () => {
    const s = setup({ followed: 'CREATING', state: 'creating' });
    s.kept.row = { state: 'OK', error: null };
    // the end of the create is told late: the parent hears of the update first
    expect(await s.follow(eventOf({ from: 'UPDATE_SCHEDULED', to: 'UPDATING' }, { operation: 'op-2' }))).to.include({ how: 'resynced' });
    expect(s.kept.parent).to.include({ state: 'ok', followed: 'OK' });
    expect(await s.follow(eventOf({ from: 'UPDATING', to: 'OK' }, { operation: 'op-2' }))).to.include({ how: 'moved' });
    expect(await s.follow(eventOf({ from: 'CREATING', to: 'OK' }))).to.include({ how: 'moved' });
    expect(await s.follow(eventOf({ from: 'OK', to: 'UPDATE_SCHEDULED' }, { operation: 'op-2' }))).to.include({ how: 'resynced' });
    expect([...s.kept.orders].map(([id, { state }]) => `${id} ${state}`)).to.deep.equal(['op-2 done', 'op-1 done']);
    expect(s.kept.parent).to.include({ state: 'ok', followed: 'OK' });
  });

  it('copies the error of what failed, and forgets it when it is well again', async () => {
    const s = setup({ followed: 'UPDATING', state: 'updating' });
    s.kept.row = { state: 'ERRED', error };
    await s.follow(eventOf({ from: 'UPDATING', to: 'ERRED', error }));
    expect(s.kept.parent).to.deep.include({ state: 'erred', error });
    expect(s.kept.orders.get('op-1')).to.deep.equal({ state: 'erred', error });
    s.kept.row = { state: 'OK', error: null };
    await s.follow(eventOf({ from: 'ERRED', to: 'OK' }, { operation: null }));
    expect(s.kept.parent).to.deep.include({ state: 'ok', error: null });
  });

  it('does not revive what has ended, and ignores what is none of its business', async () => {
    const s = setup({ followed: 'ERRED', state: 'terminated' });
    expect(await s.follow(eventOf({ from: 'ERRED', to: 'OK' }))).to.deep.equal({ how: 'ignored' });
    expect(s.kept.parent.state).to.equal('terminated');
    for (const event of [
      { ...eventOf({ from: 'OK', to: 'ERRED' }), topic: ['operation', 'x'] },
      { ...eventOf({ from: 'OK', to: 'ERRED' }), body: null },
      { ...eventOf({ from: 'OK', to: 'ERRED' }), body: { resource: ref, event: 7 } },
      eventOf({ from: 'OK', to: 'ERRED' }, { resource: { kind: 'vm', id: 'other' } }),
    ])
      expect(await s.follow(event as EventMessage)).to.deep.equal({ how: 'ignored' });
  });

  it('ends where the row is, whatever order and however often the events of a whole life come', async () => {
    const life = [
      'CREATION_SCHEDULED',
      'CREATING',
      'OK',
      'UPDATE_SCHEDULED',
      'UPDATING',
      'ERRED',
      'OK',
      'ERRED',
      'UPDATE_SCHEDULED',
      'UPDATING',
      'OK',
    ];
    const events = life.map((to, i) => eventOf({ from: life[i - 1] ?? null, to }, { operation: `op-${Math.floor(i / 3)}` }));
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([...events, ...events], { minLength: 22 }), async (told) => {
        const s = setup();
        s.kept.row = { state: 'OK', error: null };
        for (const event of told) await s.follow(event);
        expect(s.kept.parent).to.include({ state: 'ok', followed: 'OK' });
        expect(s.kept.unknown).to.deep.equal([]);
      }),
      { numRuns: 200 },
    );
  });
});
