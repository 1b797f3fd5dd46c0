/** The writes as they leave: what a store is given, field by field. What is not to be changed must not be there. */
import { expect } from 'chai';
import fc from 'fast-check';
import {
  acceptWrite,
  endWrite,
  families,
  familyNames,
  findingWrite,
  insertWrite,
  lifeCycleStates,
  patchWrite,
  restoreWrite,
  seizeWrite,
  transitionNamed,
  transitions,
  transitionWrite,
} from '@troupe/resource';

const ref = { kind: 'volume', id: 'v' };
const hold = { ref, operation: 'o', epoch: 3 };
const error = { code: 'step_failed', message: 'no' };

describe('an insert', () => {
  it('makes a record in the initial state, with its data and nothing else', () => {
    expect(insertWrite(ref, { size: 1 })).to.deep.equal({
      op: 'create',
      ref,
      state: 'CREATION_SCHEDULED',
      set: { data: { size: 1 } },
      event: 'creationScheduled',
    });
  });

  it('names an owner and a backend id only if it is given them', () => {
    const write = insertWrite(ref, {}, { operation: 'o', backendId: 'b' });
    expect(write).to.deep.include({ operation: 'o', set: { data: {}, backendId: 'b' } });
  });
});

describe('an accept', () => {
  it('of a Create takes the resource and changes no state', () => {
    expect(acceptWrite('create', { ref, operation: 'o' })).to.deep.equal({
      op: 'take',
      ref,
      operation: 'o',
      from: ['CREATION_SCHEDULED'],
      set: { error: null },
    });
  });

  it('of an Update, an Action and a Delete fires the transition of its family and tells it', () => {
    for (const family of ['update', 'action', 'delete'] as const) {
      const fired = transitionNamed(families[family].accept!);
      const write = acceptWrite(family, { ref, operation: 'o' });
      expect(write, family).to.deep.equal({
        op: 'take',
        ref,
        operation: 'o',
        from: ['OK', 'ERRED'],
        set: { state: fired.to, error: null },
        event: fired.event,
      });
    }
  });

  it('may be stricter than its family, in states and in runtime states', () => {
    const write = acceptWrite('update', { ref, operation: 'o', from: ['OK'], runtime: ['available'] });
    expect(write).to.deep.include({ from: ['OK'], runtime: ['available'] });
  });

  it('clears the error in every family, and nothing else that it was not told to', () => {
    for (const family of familyNames) {
      const { set } = acceptWrite(family, { ref, operation: 'o' }) as { set: object };
      expect(
        Object.keys(set).filter((name) => name !== 'state'),
        family,
      ).to.deep.equal(['error']);
    }
  });
});

describe('a transition', () => {
  it('is legal from the states of its table and from its own target', () => {
    for (const [name, { from, to }] of Object.entries(transitions)) {
      if (to === undefined || from.length === 0) continue;
      const write = transitionWrite(name as keyof typeof transitions, hold) as { from: readonly string[] };
      expect(new Set(write.from), name).to.deep.equal(new Set([...from, to]));
      expect(write.from.length, name).to.equal(new Set(write.from).size);
    }
  });

  it('carries runtime state and patch in the same write; the handler knows better than the plan', () => {
    const write = transitionWrite('beginCreating', hold, {
      runtimeState: 'planned',
      patch: { runtimeState: 'found', backendId: 'b', data: { a: 1 } },
    });
    expect(write).to.deep.include({ set: { state: 'CREATING', runtimeState: 'found', backendId: 'b', data: { a: 1 } } });
  });

  it('called `remove` is a removal', () => {
    expect(transitionWrite('remove', hold)).to.deep.equal({ op: 'remove', ...hold, event: 'deleted' });
  });

  it('names what a hold names, and no more of whatever holds it', () => {
    const crowded = { ...hold, state: 'OK', other: 1 };
    expect(transitionWrite('beginUpdating', crowded)).to.not.have.any.keys('state', 'other');
  });
});

describe('a patch', () => {
  it('holds the fields it is given, without state, guard and event', () => {
    expect(patchWrite(hold, { patch: { data: { a: 1 } } })).to.deep.equal({ op: 'change', ...hold, set: { data: { a: 1 } } });
    expect(patchWrite(hold, {})).to.deep.equal({ op: 'change', ...hold, set: {} });
  });
});

describe('an end', () => {
  it('gives the resource back and clears the action, whatever the family and outcome', () => {
    for (const family of familyNames) {
      for (const outcome of ['succeeded', 'failed', 'cancelled'] as const) {
        const write = endWrite(family, outcome, hold, { state: 'UPDATING', ...(outcome === 'succeeded' ? {} : { error }) });
        if (write.op === 'remove') expect([family, outcome]).to.deep.equal(['delete', 'succeeded']);
        else expect(write, `${family} ${outcome}`).to.deep.include({ op: 'change', finish: true });
        if (write.op === 'change') expect(write.set, `${family} ${outcome}`).to.include({ action: '', actionDetails: null });
      }
    }
  });

  it('raises the epoch of a cancelled operation and of no other', () => {
    expect(endWrite('update', 'cancelled', hold, { state: 'UPDATING', error })).to.have.property('raise', true);
    for (const outcome of ['succeeded', 'failed'] as const)
      expect(endWrite('update', outcome, hold, { state: 'UPDATING', error })).to.not.have.property('raise');
  });

  it('writes the error where it leads to ERRED, and never with a success', () => {
    expect(endWrite('update', 'failed', hold, { state: 'UPDATING', error })).to.deep.nested.include({ 'set.error': error });
    expect(endWrite('update', 'succeeded', hold, { state: 'UPDATING', error })).to.not.have.nested.property('set.error');
  });

  it('is told by the event of its family', () => {
    const event = (family: 'create' | 'update' | 'action' | 'delete', outcome: 'succeeded' | 'failed'): unknown =>
      endWrite(family, outcome, hold, { state: 'UPDATING', error }).event;
    expect([event('create', 'succeeded'), event('update', 'succeeded'), event('action', 'succeeded')]).to.deep.equal([
      'creationSucceeded',
      'updateSucceeded',
      'actionSucceeded',
    ]);
    expect([event('create', 'failed'), event('update', 'failed'), event('action', 'failed'), event('delete', 'failed')]).to.deep.equal([
      'creationFailed',
      'updateFailed',
      'actionFailed',
      'deletionFailed',
    ]);
  });

  it('of a cancel that has no event of its own is told by its transition', () => {
    expect(endWrite('create', 'cancelled', hold, { state: 'CREATING', error }).event).to.equal('becameErred');
  });

  it('keeps the runtime state unless it is given one', () => {
    expect(endWrite('update', 'succeeded', hold, { state: 'UPDATING' })).to.not.have.nested.property('set.runtimeState');
    expect(endWrite('update', 'succeeded', hold, { state: 'UPDATING', runtimeState: 'ready' })).to.have.nested.property(
      'set.runtimeState',
      'ready',
    );
  });

  it('is always a legal write from the state that was seen last, in families that have an end', () => {
    const states = fc.constantFrom(...lifeCycleStates);
    fc.assert(
      fc.property(
        states,
        fc.constantFrom('failed', 'cancelled'),
        fc.constantFrom('create', 'update', 'action', 'free'),
        (state, outcome, family) => {
          const write = endWrite(family, outcome, hold, { state, error });
          if (write.op === 'change' && write.from !== undefined) expect(write.from).to.include(state);
        },
      ),
    );
  });
});

describe('the other writes', () => {
  it('restore what was, seize from whoever owns it', () => {
    expect(restoreWrite(hold)).to.deep.equal({ op: 'restore', ...hold, event: 'withdrawn' });
    expect(seizeWrite(ref, 'o')).to.deep.equal({ op: 'take', ref, operation: 'o', from: [], set: {}, seize: true });
  });

  it('tell what a pull has found, bound to the revision it saw', () => {
    expect(findingWrite('erred', { ref, revision: 9 }, { error })).to.deep.equal({
      op: 'patch',
      ref,
      revision: 9,
      from: lifeCycleStates,
      set: { state: 'ERRED', error },
      event: 'becameErred',
    });
    expect(findingWrite('recovered', { ref, revision: 9 }, { error })).to.deep.include({
      from: ['ERRED'],
      set: { state: 'OK', error: null },
    });
    expect(findingWrite('seen', { ref, revision: 9 }, { runtimeState: 'x' })).to.deep.equal({
      op: 'patch',
      ref,
      revision: 9,
      set: { runtimeState: 'x' },
    });
  });
});
