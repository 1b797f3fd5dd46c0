import { expect } from 'chai';
import fc from 'fast-check';
import type { ResourceRecord, ResourceWrite, WriteOutcome } from '@troupe/actor';
import { decideWrite, isTombstone, REMEMBERED_WRITES, type StoredResource } from '@troupe/actor/internal';

const ref = { kind: 'volume', id: 'v-1' };

/** A resource, and writes with a turn and an effect of their own each, that can be asked for again later. */
function setup(first?: Partial<ResourceRecord>) {
  let stored: StoredResource | undefined;
  let revision = 0;
  let turns = 0;
  type Order = { readonly write: ResourceWrite; readonly turn: number; readonly effect: string };
  const ask = (order: Order): WriteOutcome => {
    const decision = decideWrite(stored, order.write, { turn: order.turn, effect: order.effect, now: 1 });
    if (decision.type === 'answer') return decision.outcome;
    revision += 1;
    stored = isTombstone(decision.next) ? decision.next : { ...decision.next, revision };
    return decision.outcomeAt(revision);
  };
  const order = (write: ResourceWrite, turn = ++turns): Order => ({
    write,
    turn,
    effect: `e-${turn}-${Math.abs(hash(JSON.stringify(write)))}`,
  });
  const s = {
    ask,
    order,
    write: (write: ResourceWrite): WriteOutcome => ask(order(write)),
    take: (operation: string, state = 'BUSY') => order({ op: 'take', ref, operation, from: ['OK'], set: { state, error: null } }),
    change: (operation: string, epoch: number, set = {}, more = {}) => order({ op: 'change', ref, operation, epoch, set, ...more }),
    get stored() {
      return stored;
    },
    get record(): ResourceRecord {
      if (stored === undefined || isTombstone(stored)) throw new Error('no record');
      return stored;
    },
  };
  if (first !== undefined) {
    s.write({ op: 'create', ref, state: 'OK', set: {} });
    stored = { ...s.record, ...first };
  }
  return s;
}
function hash(text: string): number {
  let out = 7;
  for (const char of text) out = (Math.imul(out, 31) + char.charCodeAt(0)) | 0;
  return out;
}
const refused = (outcome: WriteOutcome): string => (outcome.ok ? 'applied' : outcome.reason);

describe('taking a resource', () => {
  it('raises the epoch, remembers how it rested, and reports both states', () => {
    const s = setup({ error: { code: 'internal', message: 'old' } });
    const outcome = s.ask(s.take('a'));
    expect(outcome).to.deep.include({ ok: true, already: false, before: { state: 'OK' }, after: { state: 'BUSY' } });
    expect(s.record).to.deep.include({ epoch: 2, currentOperation: 'a', error: null });
    expect(s.record.rested).to.deep.equal({ state: 'OK', error: { code: 'internal', message: 'old' } });
  });

  it('is refused while another operation owns it, with the record that says who', () => {
    const s = setup({});
    s.ask(s.take('a'));
    const outcome = s.ask(s.take('b'));
    expect(outcome).to.include({ ok: false, reason: 'conflict' });
    expect(!outcome.ok && outcome.record?.currentOperation).to.equal('a');
  });

  it('is refused for the owner before the state: who owns it is what the other side must hear', () => {
    const s = setup({ state: 'ELSEWHERE', currentOperation: 'a' });
    expect(refused(s.ask(s.take('b')))).to.equal('conflict');
  });

  it('is refused outside the states and runtime states it names', () => {
    const s = setup({ state: 'ELSEWHERE', runtimeState: 'idle' });
    expect(refused(s.ask(s.take('a')))).to.equal('state');
    const runtime = { op: 'take', ref, operation: 'a', from: ['ELSEWHERE'], runtime: ['busy'], set: {} } as const;
    expect(refused(s.write(runtime))).to.equal('state');
    expect(refused(s.write({ ...runtime, runtime: ['busy', 'idle'] }))).to.equal('applied');
  });

  it('twice by one operation is one take, whatever the effect', () => {
    const s = setup({});
    const take = s.take('a');
    s.ask(take);
    expect(s.ask(take)).to.deep.include({ ok: true, already: true, before: { state: 'OK' }, after: { state: 'BUSY' } });
    const other = s.ask(s.take('a'));
    expect(other).to.include({ ok: true, already: true });
    expect(other).to.not.have.property('before');
    expect(s.record.epoch).to.equal(2);
  });

  it('works for a take that was slow: ordered before the last write of the operation that has given the resource back', () => {
    const s = setup({});
    s.ask(s.take('a'));
    const slow = s.take('b');
    s.ask(s.change('a', 2, { state: 'OK' }, { finish: true }));
    expect(s.ask(slow)).to.include({ ok: true, already: false });
  });

  it('fails for the ghost of a take whose operation has ended', () => {
    const s = setup({});
    const ghost = s.take('a');
    s.ask(ghost);
    s.ask(s.change('a', 2, { state: 'OK' }, { finish: true }));
    expect(refused(s.ask(ghost))).to.equal('stale');
    expect(s.record.currentOperation).to.equal(null);
  });

  it('fails for such a ghost also when its write has long been forgotten', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 30 }), (later) => {
        const s = setup({});
        const ghost = s.take('a');
        s.ask(ghost);
        s.ask(s.change('a', 2, { state: 'OK' }, { finish: true }));
        for (let i = 0; i < later; i++) {
          s.ask(s.take(`later-${i}`));
          s.ask(s.change(`later-${i}`, 3 + i, { state: 'OK' }, { finish: true }));
        }
        expect(refused(s.ask(ghost))).to.equal('stale');
        expect(s.record.currentOperation).to.equal(null);
      }),
    );
  });

  it('with seize overrules owner and state, and leaves the overruled one stale', () => {
    const s = setup({});
    s.ask(s.take('a'));
    const outcome = s.write({ op: 'take', ref, operation: 'unlink', from: [], set: {}, seize: true });
    expect(outcome).to.include({ ok: true, already: false });
    expect(s.record).to.include({ currentOperation: 'unlink', epoch: 3 });
    expect(refused(s.ask(s.change('a', 2)))).to.equal('stale');
    expect(s.record.rested?.state).to.equal('OK');
  });

  it('is stale for the operation that was overruled before it heard that its take had worked', () => {
    const s = setup({});
    const take = s.take('a');
    s.ask(take);
    s.write({ op: 'take', ref, operation: 'unlink', from: [], set: {}, seize: true });
    expect(refused(s.ask(take))).to.equal('stale');
  });

  it('misses what does not exist or is gone', () => {
    const s = setup();
    expect(refused(s.ask(s.take('a')))).to.equal('missing');
    const t = setup({});
    t.ask(t.take('a'));
    t.write({ op: 'remove', ref, operation: 'a', epoch: 2 });
    expect(refused(t.ask(t.take('b')))).to.equal('missing');
  });
});
describe('changing a resource', () => {
  it('writes the fields of the change and no others, data key by key', () => {
    const s = setup({ data: { a: 1, b: 1 }, backendId: 'b-1', runtimeState: 'idle' });
    s.ask(s.take('a'));
    s.ask(s.change('a', 2, { data: { b: 2, c: 3 }, runtimeState: 'busy' }));
    expect(s.record).to.deep.include({ data: { a: 1, b: 2, c: 3 }, backendId: 'b-1', runtimeState: 'busy', state: 'BUSY' });
  });

  it('is legal in the states it names only', () => {
    const s = setup({});
    s.ask(s.take('a'));
    expect(refused(s.ask(s.change('a', 2, {}, { from: ['OK'] })))).to.equal('state');
    expect(refused(s.ask(s.change('a', 2, {}, { from: ['OK', 'BUSY'] })))).to.equal('applied');
  });

  it('is stale under an older epoch, after giving back, and for an older turn of the same epoch', () => {
    const s = setup({});
    s.ask(s.take('a'));
    const late = s.change('a', 2, { runtimeState: 'late' });
    s.ask(s.change('a', 2, { runtimeState: 'newer' }));
    expect(refused(s.ask(late))).to.equal('stale');
    expect(refused(s.ask(s.change('a', 1)))).to.equal('stale');
    s.ask(s.change('a', 2, { state: 'OK' }, { finish: true }));
    expect(refused(s.ask(s.change('a', 2)))).to.equal('stale');
    expect(s.record.runtimeState).to.equal('newer');
  });

  it('by an operation that does not own the resource is a conflict', () => {
    const s = setup({});
    s.ask(s.take('a'));
    expect(refused(s.ask(s.change('b', 2)))).to.equal('conflict');
    expect(refused(s.ask(s.change('a', 9)))).to.equal('conflict');
  });

  it('can raise the epoch in the same act', () => {
    const s = setup({});
    s.ask(s.take('a'));
    const raise = s.change('a', 2, { state: 'OK' }, { raise: true });
    s.ask(raise);
    expect(s.record.epoch).to.equal(3);
    expect(s.ask(raise)).to.include({ ok: true, already: true });
    expect(refused(s.ask(s.change('a', 2)))).to.equal('stale');
    expect(refused(s.ask(s.change('a', 3)))).to.equal('applied');
  });

  it('is recognised when asked for again, for every write of one turn', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), (writes) => {
        const s = setup({});
        s.ask(s.take('a'));
        const orders = Array.from({ length: writes }, (_, i) =>
          s.order({ op: 'change', ref, operation: 'a', epoch: 2, set: { data: { i } } }, 100),
        );
        for (const one of orders) expect(s.ask(one)).to.include({ ok: true, already: false });
        for (const one of orders) expect(s.ask(one)).to.include({ ok: true, already: true });
        expect(s.record.data).to.deep.equal({ i: writes - 1 });
      }),
    );
  });

  it('is recognised also when its successor has taken the resource before the first confirmation arrived', () => {
    const s = setup({});
    s.ask(s.take('a'));
    const last = s.change('a', 2, { state: 'OK' }, { finish: true });
    s.ask(last);
    s.ask(s.take('b'));
    const outcome = s.ask(last);
    expect(outcome).to.deep.include({ ok: true, already: true, before: { state: 'BUSY' }, after: { state: 'OK' } });
    expect(outcome.ok && outcome.record?.currentOperation).to.equal('b');
  });

  it('keeps the memory of a record short, however many turns write it', () => {
    const s = setup({});
    s.ask(s.take('a'));
    for (let i = 0; i < 100; i++) s.ask(s.change('a', 2, { data: { i } }));
    expect(s.record.fence.applied).to.have.length(REMEMBERED_WRITES);
    expect(s.record.fence.forgotten).to.equal(s.record.fence.applied[0]!.turn - 1);
  });
});

describe('giving a resource back', () => {
  it('clears the owner and how it rested, and keeps the epoch', () => {
    const s = setup({});
    s.ask(s.take('a'));
    s.ask(s.change('a', 2, { state: 'OK', action: '' }, { finish: true }));
    expect(s.record).to.deep.include({ currentOperation: null, rested: null, epoch: 2, state: 'OK' });
  });

  it('by restore puts state and error back and clears the action', () => {
    const error = { code: 'internal', message: 'old' };
    const s = setup({ error, action: '' });
    s.write({
      op: 'take',
      ref,
      operation: 'a',
      from: ['OK'],
      set: { state: 'BUSY', error: null, action: 'Resize', actionDetails: { to: 2 } },
    });
    expect(s.write({ op: 'restore', ref, operation: 'a', epoch: 2 })).to.deep.include({
      before: { state: 'BUSY' },
      after: { state: 'OK' },
    });
    expect(s.record).to.deep.include({ state: 'OK', error, action: '', actionDetails: null, currentOperation: null, rested: null });
  });

  it('cannot restore what was never taken', () => {
    const s = setup();
    s.write({ op: 'create', ref, state: 'NEW', set: {}, operation: 'a' });
    expect(refused(s.write({ op: 'restore', ref, operation: 'a', epoch: 1 }))).to.equal('state');
  });
});

describe('creating a resource', () => {
  it('is refused where one exists, except for the effect that made it', () => {
    const s = setup();
    const create = s.order({ op: 'create', ref, state: 'NEW', set: { data: { a: 1 } } });
    expect(s.ask(create)).to.deep.include({ ok: true, already: false, after: { state: 'NEW' } });
    expect(s.ask(create)).to.include({ ok: true, already: true });
    expect(refused(s.write({ op: 'create', ref, state: 'NEW', set: {} }))).to.equal('exists');
  });

  it('again after a removal goes on with the epochs, so that nothing ordered for the old one fits the new one', () => {
    const s = setup({});
    s.ask(s.take('a'));
    const late = s.change('a', 2);
    s.write({ op: 'remove', ref, operation: 'a', epoch: 2 });
    s.write({ op: 'create', ref, state: 'NEW', set: {}, operation: 'a' });
    expect(s.record.epoch).to.equal(3);
    expect(refused(s.ask(late))).to.equal('stale');
  });

  it('by the ghost of what was removed brings nothing back', () => {
    const s = setup();
    const ghost = s.order({ op: 'create', ref, state: 'NEW', set: {}, operation: 'a' });
    s.ask(ghost);
    s.write({ op: 'remove', ref, operation: 'a', epoch: 1 });
    s.ask(ghost);
    expect(isTombstone(s.stored!)).to.equal(true);
    const t = setup();
    const old = t.order({ op: 'create', ref, state: 'NEW', set: {}, operation: 'a' });
    t.ask(old);
    for (let i = 0; i < 20; i++) t.ask(t.change('a', 1, { data: { i } }));
    t.write({ op: 'remove', ref, operation: 'a', epoch: 1 });
    expect(refused(t.ask(old))).to.equal('stale');
  });
});

describe('removing a resource', () => {
  it('leaves a tombstone that answers its remover, and nobody else', () => {
    const s = setup({});
    s.ask(s.take('a'));
    const remove = s.order({ op: 'remove', ref, operation: 'a', epoch: 2 });
    expect(s.ask(remove)).to.deep.equal({ ok: true, already: false, before: { state: 'BUSY' } });
    expect(s.ask(remove)).to.deep.equal({ ok: true, already: true, before: { state: 'BUSY' } });
    expect(s.write({ op: 'remove', ref, operation: 'a', epoch: 2 })).to.deep.equal({ ok: true, already: true });
    expect(refused(s.write({ op: 'remove', ref, operation: 'b', epoch: 2 }))).to.equal('missing');
    expect(refused(s.ask(s.change('a', 2)))).to.equal('missing');
  });

  it('needs ownership and the current epoch', () => {
    const s = setup({});
    expect(refused(s.write({ op: 'remove', ref, operation: 'a', epoch: 1 }))).to.equal('stale');
    s.ask(s.take('a'));
    expect(refused(s.write({ op: 'remove', ref, operation: 'a', epoch: 1 }))).to.equal('stale');
    expect(refused(s.write({ op: 'remove', ref, operation: 'b', epoch: 2 }))).to.equal('conflict');
  });

  it('after a change of the same turn recognises both when they are asked for again', () => {
    const s = setup({});
    s.ask(s.take('a'));
    const change = s.order({ op: 'change', ref, operation: 'a', epoch: 2, set: { state: 'GOING' } }, 50);
    const remove = s.order({ op: 'remove', ref, operation: 'a', epoch: 2 }, 50);
    s.ask(change);
    s.ask(remove);
    expect(s.ask(change)).to.deep.include({ ok: true, already: true, before: { state: 'BUSY' }, after: { state: 'GOING' } });
    expect(s.ask(remove)).to.include({ ok: true, already: true });
  });
});

describe('what a pull found', () => {
  it('is applied to a resting resource that has not changed since', () => {
    const s = setup({});
    const { revision } = s.record;
    expect(refused(s.write({ op: 'patch', ref, revision: revision + 1, set: {} }))).to.equal('stale');
    expect(refused(s.write({ op: 'patch', ref, revision, from: ['BUSY'], set: {} }))).to.equal('state');
    expect(refused(s.write({ op: 'patch', ref, revision, from: ['OK'], set: { runtimeState: 'seen' } }))).to.equal('applied');
    expect(s.record).to.include({ runtimeState: 'seen', epoch: 1 });
  });

  it('never touches one that is owned', () => {
    const s = setup({});
    s.ask(s.take('a'));
    expect(refused(s.write({ op: 'patch', ref, revision: s.record.revision, set: {} }))).to.equal('conflict');
  });
});

describe('any mixture of operations whose writes come late, twice and out of order', () => {
  it('never has a resource written by one that does not own it, and never moves an epoch back', () => {
    const action = fc.record({
      operation: fc.constantFrom('a', 'b', 'c'),
      what: fc.constantFrom('take', 'change', 'finish', 'raise', 'remove', 'create'),
      delay: fc.nat(3),
      twice: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const s = setup({});
        const epochs = new Map<string, number>();
        const waiting: { at: number; order: ReturnType<typeof s.order>; operation: string }[] = [];
        const deliver = (now: number): void => {
          for (const one of waiting.filter((w) => w.at <= now)) {
            const before = s.stored!;
            const outcome = s.ask(one.order);
            const after = s.stored!;
            if (outcome.ok && !outcome.already) {
              if (one.order.write.op === 'take') epochs.set(one.operation, outcome.record!.epoch);
              if (one.order.write.op === 'change' || one.order.write.op === 'remove') {
                expect(isTombstone(before) ? undefined : before.currentOperation).to.equal(one.operation);
              }
            } else expect(after).to.equal(before);
            expect(after.fence.epoch).to.be.at.least(before.fence.epoch);
          }
          waiting.splice(0, waiting.length, ...waiting.filter((w) => w.at > now));
        };
        for (const [i, { operation, what, delay, twice }] of actions.entries()) {
          const epoch = epochs.get(operation) ?? 0;
          const owned = { ref, operation, epoch };
          const write: ResourceWrite =
            what === 'take'
              ? { op: 'take', ref, operation, from: ['OK', 'BUSY'], set: { state: 'BUSY' } }
              : what === 'create'
                ? { op: 'create', ref, state: 'OK', set: {} }
                : what === 'remove'
                  ? { op: 'remove', ...owned }
                  : { op: 'change', ...owned, set: { data: { i } }, ...(what === 'change' ? {} : { [what]: true }) };
          const order = s.order(write);
          waiting.push({ at: i + delay, order, operation });
          if (twice) waiting.push({ at: i + delay + 5, order, operation });
          deliver(i);
        }
        deliver(Number.POSITIVE_INFINITY);
      }),
      { numRuns: 500 },
    );
  });
});
