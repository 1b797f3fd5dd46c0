import { expect } from 'chai';
import fc from 'fast-check';
import {
  families,
  familyNames,
  initialState,
  isForced,
  isLifeCycleState,
  isResting,
  lifeCycleStates,
  restingStates,
  stateCodes,
  type Transition,
  type TransitionName,
  transitionNamed,
  transitions,
} from '@troupe/resource';

const all = Object.entries(transitions) as [TransitionName, Transition][];

describe('the life-cycle', () => {
  it('has eight states, each with a code of its own from 1 to 8', () => {
    expect(lifeCycleStates).to.have.length(8);
    expect(lifeCycleStates.map((state) => stateCodes[state]).sort()).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('keeps the numbers that existing tables hold', () => {
    expect(stateCodes).to.deep.equal({
      CREATION_SCHEDULED: 5,
      CREATING: 6,
      UPDATE_SCHEDULED: 1,
      UPDATING: 2,
      DELETION_SCHEDULED: 7,
      DELETING: 8,
      OK: 3,
      ERRED: 4,
    });
  });

  it('rests in OK and ERRED only', () => {
    expect(lifeCycleStates.filter(isResting)).to.deep.equal(['OK', 'ERRED']);
    expect(isResting('ok')).to.equal(false);
  });

  it('knows its own states and no others', () => {
    for (const state of lifeCycleStates) expect(isLifeCycleState(state)).to.equal(true);
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!lifeCycleStates.some((state) => state === text));
        expect(isLifeCycleState(text)).to.equal(false);
      }),
    );
  });

  it('reaches every state from the initial one, and a resting state from everywhere', () => {
    const reach = (start: string): Set<string> => {
      const seen = new Set([start]);
      for (const state of seen)
        for (const [, t] of all) if (t.to !== undefined && (t.from as readonly string[]).includes(state)) seen.add(t.to);
      return seen;
    };
    expect([...reach(initialState)].sort()).to.deep.equal([...lifeCycleStates].sort());
    for (const state of lifeCycleStates) expect([...reach(state)].some(isResting), state).to.equal(true);
  });

  it('is entered by the insert alone, and left by the removal alone', () => {
    expect(all.filter(([, t]) => t.from.length === 0).map(([name]) => name)).to.deep.equal(['insert']);
    expect(all.filter(([, t]) => t.to === undefined).map(([name]) => name)).to.deep.equal(['remove']);
  });

  it('lets a command in only where nobody works on the resource', () => {
    for (const [name, t] of all) {
      if (!t.firedBy.includes('accept')) continue;
      expect(t.from, name).to.deep.equal(restingStates);
      expect(t.to !== undefined && isResting(t.to), name).to.equal(false);
    }
  });

  it('never sets OK from DELETING or ERRED, which would be a rescue that guesses', () => {
    expect(transitionNamed('setOk').from).to.not.include.members(['DELETING']);
    expect(transitionNamed('setOk').from).to.not.include.members(['ERRED']);
    expect(transitionNamed('recover')).to.deep.include({ from: ['ERRED'], to: 'OK' });
  });

  it('gives each transition an event of its own', () => {
    expect(new Set(all.map(([, t]) => t.event)).size).to.equal(all.length);
  });

  it('finds a transition by name and nothing under a name nobody defined', () => {
    expect(transitionNamed('beginCreating')).to.deep.include({ from: ['CREATION_SCHEDULED'], to: 'CREATING' });
    for (const name of ['begin', '', 'toString', 'constructor', '__proto__']) expect(transitionNamed(name), name).to.equal(undefined);
  });
});

describe('the families', () => {
  it('are all there, in the table and in the list', () => {
    expect(Object.keys(families)).to.deep.equal([...familyNames]);
  });

  it('fire their transitions one after the other, each legal where the one before has led', () => {
    for (const name of familyNames) {
      const family = families[name];
      for (const accepted of family.acceptFrom) {
        let state: string = accepted;
        for (const fired of [family.accept, family.firstStep, family.succeeded]) {
          if (fired === undefined) continue;
          const { from, to } = transitionNamed(fired);
          expect(from, `${name}: ${fired} from ${state}`).to.include(state);
          state = to ?? 'gone';
        }
        expect(state === 'gone' || isResting(state) || name === 'free', `${name} from ${accepted} ends in ${state}`).to.equal(true);
      }
    }
  });

  it('can fail from every state they pass through, and with an empty plan succeed from their acceptance', () => {
    for (const name of familyNames) {
      const { accept, acceptFrom, firstStep, failed, failedForced, succeeded } = families[name];
      const passed = [accept, firstStep].flatMap((fired) => (fired === undefined ? [] : (transitionNamed(fired).to ?? [])));
      for (const end of [failed, failedForced]) if (end !== undefined) expect(transitionNamed(end).from, name).to.include.members(passed);
      const accepted = accept === undefined ? acceptFrom[0] : transitionNamed(accept).to;
      if (succeeded !== undefined) expect(transitionNamed(succeeded).from, name).to.include(accepted);
    }
  });

  it('remove the resource on a successful Delete and on a failed forced one, and never otherwise', () => {
    const removing = familyNames.filter((name) => families[name].succeeded === 'remove');
    const removingForced = familyNames.filter((name) => families[name].failedForced === 'remove');
    expect([removing, removingForced]).to.deep.equal([['delete'], ['delete']]);
    expect(familyNames.filter((name) => families[name].failed === 'remove')).to.deep.equal([]);
  });

  it('force exactly the Delete of an ERRED resource by default, and obey an explicit wish', () => {
    for (const state of lifeCycleStates) {
      expect(isForced(state, undefined), state).to.equal(state === 'ERRED');
      expect(isForced(state, true), state).to.equal(true);
      expect(isForced(state, false), state).to.equal(false);
    }
  });
});
