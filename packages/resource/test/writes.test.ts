import { expect } from 'chai';
import fc from 'fast-check';
import type { ResourceRecord, ResourceWrite, WriteOutcome } from '@troupe/actor';
import { decideWrite, isTombstone, resourceEvents, type StoredResource } from '@troupe/actor/internal';
import { isTroupeError, type WireError } from '@troupe/protocol';
import {
  acceptWrite,
  endWrite,
  families,
  familyNames,
  type FamilyName,
  findingWrite,
  type Hold,
  insertWrite,
  isResting,
  lifeCycleStates,
  patchWrite,
  restoreWrite,
  seizeWrite,
  transitionNamed,
  transitionWrite,
} from '@troupe/resource';

const ref = { kind: 'volume', id: 'v-1' };
const failure: WireError = { code: 'step_failed', message: 'no space' };

/** One resource under the rules that every store follows. */
function setup() {
  let stored: StoredResource | undefined;
  let turn = 0;
  const events: string[] = [];
  const write = (order: ResourceWrite): WriteOutcome => {
    turn += 1;
    const effect = `operation/o@n.${turn}`;
    const decision = decideWrite(stored, order, { turn, effect, now: 1_000 + turn });
    if (decision.type === 'answer') return decision.outcome;
    stored = isTombstone(decision.next) ? decision.next : { ...decision.next, revision: turn };
    const outcome = decision.outcomeAt(turn);
    events.push(...resourceEvents(order, outcome, effect).map((event) => event.topic.at(-1)!));
    return outcome;
  };
  return {
    events,
    write,
    get gone() {
      return stored !== undefined && isTombstone(stored);
    },
    get record() {
      if (stored === undefined || isTombstone(stored)) throw new Error('no record');
      return stored;
    },
    put(state: string, more: Partial<ResourceRecord> = {}) {
      write({ op: 'create', ref, state, set: {} });
      stored = { ...(stored as ResourceRecord), ...more };
      events.length = 0;
    },
    accept(family: FamilyName, operation = 'o-1'): Hold {
      const outcome = write(acceptWrite(family, { ref, operation }));
      if (!outcome.ok || outcome.record === undefined) throw new Error(`not accepted: ${JSON.stringify(outcome)}`);
      return { ref, operation, epoch: outcome.record.epoch };
    },
  };
}

describe('the writes of a Create', () => {
  it('insert, take, begin, end', () => {
    const s = setup();
    s.write(insertWrite(ref, { sizeGb: 4 }));
    expect(s.record).to.include({ state: 'CREATION_SCHEDULED', currentOperation: null, backendId: '' });
    const hold = s.accept('create');
    expect(s.record).to.include({ state: 'CREATION_SCHEDULED', currentOperation: 'o-1' });
    s.write(transitionWrite('beginCreating', hold, { runtimeState: 'creating' }));
    expect(s.record).to.include({ state: 'CREATING', runtimeState: 'creating' });
    s.write(patchWrite(hold, { patch: { backendId: 'b-1', data: { zone: 'z' } } }));
    s.write(endWrite('create', 'succeeded', hold, { state: 'CREATING', runtimeState: 'available' }));
    expect(s.record).to.deep.include({ state: 'OK', runtimeState: 'available', currentOperation: null, data: { sizeGb: 4, zone: 'z' } });
    expect(s.events).to.deep.equal(['creationScheduled', 'creationStarted', 'creationSucceeded']);
  });

  it('meet an owner on a second submit although accept changes no state', () => {
    const s = setup();
    s.write(insertWrite(ref, {}));
    s.accept('create', 'o-1');
    expect(s.write(acceptWrite('create', { ref, operation: 'o-2' }))).to.include({ ok: false, reason: 'conflict' });
  });

  it('can belong to the operation that makes the record', () => {
    const s = setup();
    s.write(insertWrite(ref, {}, { operation: 'parent.1', backendId: 'b-9' }));
    expect(s.record).to.include({ currentOperation: 'parent.1', backendId: 'b-9' });
    expect(s.accept('create', 'parent.1').epoch).to.equal(s.record.epoch);
  });

  it('change nothing at a second step that names the same transition', () => {
    const s = setup();
    s.write(insertWrite(ref, {}));
    const hold = s.accept('create');
    s.write(transitionWrite('beginCreating', hold));
    expect(s.write(transitionWrite('beginCreating', hold))).to.deep.include({ ok: true, after: { state: 'CREATING' } });
    expect(s.events.filter((event) => event === 'creationStarted')).to.have.length(1);
  });
});

describe('the writes of an Action', () => {
  it('show its name and details while it runs, and clear both at either end', () => {
    for (const outcome of ['succeeded', 'failed'] as const) {
      const s = setup();
      s.put('OK');
      const details = { message: 'resize', old: 1, new: 2 };
      s.write(acceptWrite('action', { ref, operation: 'o-1', action: 'Resize', actionDetails: details }));
      expect(s.record).to.deep.include({ state: 'UPDATE_SCHEDULED', action: 'Resize', actionDetails: details });
      const hold = { ref, operation: 'o-1', epoch: s.record.epoch };
      s.write(transitionWrite('beginUpdating', hold));
      s.write(endWrite('action', outcome, hold, { state: 'UPDATING', ...(outcome === 'failed' ? { error: failure } : {}) }));
      expect(s.record).to.deep.include({
        state: outcome === 'failed' ? 'ERRED' : 'OK',
        action: '',
        actionDetails: null,
        currentOperation: null,
      });
      expect(s.events.at(-1)).to.equal(outcome === 'failed' ? 'actionFailed' : 'actionSucceeded');
    }
  });

  it('are accepted in the runtime states of the executor only', () => {
    const s = setup();
    s.put('OK', { runtimeState: 'in-use' });
    const refused = s.write(acceptWrite('action', { ref, operation: 'o-1', runtime: ['available'] }));
    expect(refused).to.include({ ok: false, reason: 'state' });
    expect(s.write(acceptWrite('action', { ref, operation: 'o-1', runtime: ['available', 'in-use'] })).ok).to.equal(true);
  });

  it('refuse a name of more than 50 characters', () => {
    const build = (): unknown => acceptWrite('action', { ref, operation: 'o-1', action: 'x'.repeat(51) });
    expect(build)
      .to.throw()
      .that.satisfies((error: unknown) => isTroupeError(error) && error.field === 'accept.action');
    expect(acceptWrite('action', { ref, operation: 'o-1', action: 'x'.repeat(50) })).to.have.property('op', 'take');
  });
});

describe('the writes of a Delete', () => {
  it('schedule, begin, remove', () => {
    const s = setup();
    s.put('OK');
    const hold = s.accept('delete');
    s.write(transitionWrite('beginDeleting', hold));
    expect(s.record.state).to.equal('DELETING');
    s.write(endWrite('delete', 'succeeded', hold, { state: 'DELETING' }));
    expect(s.gone).to.equal(true);
    expect(s.events).to.deep.equal(['deletionScheduled', 'deletionStarted', 'deleted']);
  });

  it('keep the row of a failed one, with its error, and remove that of a failed forced one', () => {
    for (const forced of [false, true]) {
      const s = setup();
      s.put('ERRED');
      const hold = s.accept('delete');
      s.write(endWrite('delete', 'failed', hold, { state: 'DELETION_SCHEDULED', error: failure, forced }));
      if (forced) expect(s.gone).to.equal(true);
      else expect(s.record).to.deep.include({ state: 'ERRED', error: failure });
      expect(s.events.at(-1)).to.equal(forced ? 'deleted' : 'deletionFailed');
    }
  });

  it('do not remove the row of a cancelled one, forced or not', () => {
    const s = setup();
    s.put('OK');
    const hold = s.accept('delete');
    s.write(
      endWrite('delete', 'cancelled', hold, {
        state: 'DELETION_SCHEDULED',
        error: { code: 'cancelled', message: 'by a verb' },
        forced: true,
      }),
    );
    expect(s.record.state).to.equal('ERRED');
  });
});

describe('the end of an operation', () => {
  it('clears an error when the next operation starts, and shows that of the last failed one', () => {
    const s = setup();
    s.put('ERRED', { error: { code: 'internal', message: 'old' } });
    const first = s.accept('update', 'o-1');
    expect(s.record.error).to.equal(null);
    s.write(endWrite('update', 'failed', first, { state: 'UPDATE_SCHEDULED', error: failure }));
    expect(s.record.error).to.deep.equal(failure);
    const second = s.accept('update', 'o-2');
    s.write(endWrite('update', 'succeeded', second, { state: 'UPDATE_SCHEDULED' }));
    expect(s.record).to.deep.include({ state: 'OK', error: null });
  });

  it('raises the epoch of a cancelled one, so that its late attempts are stale', () => {
    const s = setup();
    s.put('OK');
    const hold = s.accept('update');
    s.write(endWrite('update', 'cancelled', hold, { state: 'UPDATE_SCHEDULED', error: { code: 'cancelled', message: '' } }));
    expect(s.record.epoch).to.equal(hold.epoch + 1);
    expect(s.write(patchWrite(hold, { runtimeState: 'late' }))).to.include({ ok: false, reason: 'stale' });
  });

  it('leaves the resource of a free-form operation as it rests, and brings it to rest otherwise', () => {
    const cases = [
      { state: 'OK', outcome: 'succeeded', ends: 'OK' },
      { state: 'ERRED', outcome: 'succeeded', ends: 'ERRED' },
      { state: 'OK', outcome: 'failed', ends: 'ERRED' },
      { state: 'UPDATING', outcome: 'succeeded', ends: 'OK' },
      { state: 'UPDATING', outcome: 'failed', ends: 'ERRED' },
      { state: 'DELETING', outcome: 'failed', ends: 'ERRED' },
      { state: 'CREATION_SCHEDULED', outcome: 'failed', ends: 'ERRED' },
    ] as const;
    for (const { state, outcome, ends } of cases) {
      const s = setup();
      s.put(state, { currentOperation: 'o-1' });
      const hold = { ref, operation: 'o-1', epoch: s.record.epoch };
      const ended = s.write(endWrite('free', outcome, hold, { state, ...(outcome === 'failed' ? { error: failure } : {}) }));
      expect(ended.ok, `${state} ${outcome}`).to.equal(true);
      expect(s.record, `${state} ${outcome}`).to.include({ state: ends, currentOperation: null });
    }
  });
});

describe('a withdrawn accept', () => {
  it("puts state and error back as they were, in nobody's hands", () => {
    const s = setup();
    s.put('ERRED', { error: failure });
    const hold = s.accept('update');
    s.write(restoreWrite(hold));
    expect(s.record).to.deep.include({ state: 'ERRED', error: failure, currentOperation: null, action: '' });
    expect(s.events).to.deep.equal(['updateScheduled', 'withdrawn']);
  });
});

describe('an unlink', () => {
  it('takes the resource from its operation in any state, and leaves that one stale', () => {
    for (const state of lifeCycleStates) {
      const s = setup();
      s.put(state, { currentOperation: 'o-1' });
      const overruled = { ref, operation: 'o-1', epoch: s.record.epoch };
      s.write(seizeWrite(ref, 'o-2'));
      expect(s.write(patchWrite(overruled, { runtimeState: 'late' })), state).to.include({ ok: false, reason: 'stale' });
      s.write(transitionWrite('remove', { ref, operation: 'o-2', epoch: s.record.epoch }));
      expect(s.gone, state).to.equal(true);
    }
  });
});

describe('the finding of a pull', () => {
  it('breaks and recovers a resting resource, with the error and without', () => {
    const s = setup();
    s.put('OK');
    s.write(findingWrite('erred', { ref, revision: s.record.revision }, { error: failure, runtimeState: 'error' }));
    expect(s.record).to.deep.include({ state: 'ERRED', error: failure, runtimeState: 'error' });
    s.write(findingWrite('recovered', { ref, revision: s.record.revision }, { runtimeState: 'available' }));
    expect(s.record).to.deep.include({ state: 'OK', error: null, runtimeState: 'available' });
    expect(s.events).to.deep.equal(['becameErred', 'recovered']);
  });

  it('tells nothing when it only refreshes what is known', () => {
    const s = setup();
    s.put('OK');
    s.write(findingWrite('seen', { ref, revision: s.record.revision }, { patch: { data: { sizeGb: 5 } } }));
    expect(s.record.data).to.deep.equal({ sizeGb: 5 });
    expect(s.events).to.deep.equal([]);
  });

  it("never moves a resource out of an operation's hands", () => {
    const s = setup();
    s.put('OK');
    s.accept('update');
    const refused = s.write(findingWrite('erred', { ref, revision: s.record.revision }, { error: failure }));
    expect(refused).to.include({ ok: false, reason: 'conflict' });
  });

  it('is dropped when the resource has changed since the pull read it', () => {
    const s = setup();
    s.put('OK');
    const { revision } = s.record;
    s.write(findingWrite('seen', { ref, revision }, { runtimeState: 'a' }));
    expect(s.write(findingWrite('seen', { ref, revision }, { runtimeState: 'b' }))).to.include({ ok: false, reason: 'stale' });
  });
});

describe('whatever an operation of any family does', () => {
  it('the resource rests or is gone at its end, and every state between is one that the tables allow', () => {
    const steps = fc.array(fc.constantFrom('begin', 'patch', 'runtime'), { maxLength: 6 });
    const outcomes = fc.constantFrom('succeeded', 'failed', 'cancelled');
    fc.assert(
      fc.property(fc.constantFrom(...familyNames), steps, outcomes, fc.boolean(), (family, plan, outcome, forced) => {
        const s = setup();
        s.put(families[family].acceptFrom[0]!);
        const hold = s.accept(family);
        const { firstStep } = families[family];
        for (const step of plan) {
          if (step === 'begin' && firstStep !== undefined) expect(s.write(transitionWrite(firstStep, hold)).ok).to.equal(true);
          if (step === 'patch') expect(s.write(patchWrite(hold, { patch: { data: { n: 1 } } })).ok).to.equal(true);
          if (step === 'runtime') expect(s.write(patchWrite(hold, { runtimeState: 'x' })).ok).to.equal(true);
        }
        const error = outcome === 'succeeded' ? {} : { error: failure };
        const ended = s.write(endWrite(family, outcome, hold, { state: s.record.state, forced, ...error }));
        expect(ended.ok).to.equal(true);
        if (s.gone) expect(family).to.equal('delete');
        else expect(isResting(s.record.state) && s.record.currentOperation === null).to.equal(true);
      }),
    );
  });

  it('every named transition leads where its table says, from every state, or is refused', () => {
    const names = ['beginCreating', 'beginUpdating', 'beginDeleting', 'setOk', 'setErred'] as const;
    for (const name of names) {
      for (const state of lifeCycleStates) {
        const s = setup();
        s.put(state, { currentOperation: 'o-1' });
        const { from, to } = transitionNamed(name);
        const outcome = s.write(transitionWrite(name, { ref, operation: 'o-1', epoch: s.record.epoch }));
        const legal = from.includes(state) || state === to;
        expect(outcome.ok, `${name} from ${state}`).to.equal(legal);
        expect(s.record.state, `${name} from ${state}`).to.equal(legal ? to : state);
      }
    }
  });
});
