import { expect } from 'chai';
import type { ResourceRecord } from '@troupe/actor';
import type { StoredResource } from '@troupe/actor/internal';
import { createWatchman } from '@troupe/testing';

const ref = { kind: 'volume', id: 'v' };

function record(state: string, more: Partial<ResourceRecord> = {}): ResourceRecord {
  const { epoch = 1, ...rest } = more;
  return {
    ...ref,
    state,
    runtimeState: '',
    backendId: '',
    error: null,
    action: '',
    actionDetails: null,
    currentOperation: null,
    epoch,
    data: {},
    modified: 0,
    revision: 1,
    rested: null,
    fence: { epoch, turn: 1, applied: [], forgotten: 0 },
    ...rest,
  };
}

const gone: StoredResource = { ...ref, removedBy: 'o', fence: { epoch: 1, turn: 1, applied: [], forgotten: 0 }, modified: 0 };

describe('the watchman', () => {
  it('follows a resource through its states, once each, to its end', () => {
    const watchman = createWatchman();
    const course = [
      undefined,
      record('CREATION_SCHEDULED'),
      record('CREATING', { currentOperation: 'o' }),
      record('CREATING', { runtimeState: 'x', currentOperation: 'o' }),
      record('OK'),
      gone,
    ];
    for (let i = 1; i < course.length; i++) watchman.see(course[i - 1], course[i]!);
    expect(watchman.history(ref)).to.deep.equal(['CREATION_SCHEDULED', 'CREATING', 'OK', 'gone']);
    expect(watchman.history({ kind: 'volume', id: 'other' })).to.deep.equal([]);
  });

  it('begins with the state in which it first sees a resource', () => {
    const watchman = createWatchman();
    watchman.see(record('OK'), record('UPDATE_SCHEDULED', { currentOperation: 'o', epoch: 2 }));
    expect(watchman.history(ref)).to.deep.equal(['OK', 'UPDATE_SCHEDULED']);
  });

  const broken: [string, StoredResource, StoredResource, string][] = [
    ['a transition that no table names', record('ERRED'), record('CREATING'), 'no transition leads from ERRED to CREATING'],
    [
      'an OK after a deletion has begun',
      record('DELETING', { currentOperation: 'o' }),
      record('OK'),
      'no transition leads from DELETING to OK',
    ],
    ['an epoch that goes back', record('OK', { epoch: 3 }), record('OK', { epoch: 2 }), 'epoch 3 went back to 2'],
    [
      'a new owner under the old epoch',
      record('UPDATING', { currentOperation: 'a' }),
      record('UPDATING', { currentOperation: 'b' }),
      'b took it from a without a new epoch',
    ],
  ];
  for (const [what, before, after, text] of broken) {
    it(`speaks up at ${what}`, () => {
      expect(() => createWatchman().see(before, after)).to.throw(text);
    });
  }

  const fine: [string, StoredResource | undefined, StoredResource][] = [
    [
      'an accept that was withdrawn',
      record('DELETION_SCHEDULED', { currentOperation: 'o', rested: { state: 'ERRED', error: null } }),
      record('ERRED'),
    ],
    ['an owner that was overruled', record('UPDATING', { currentOperation: 'a' }), record('UPDATING', { currentOperation: 'b', epoch: 2 })],
    ['states of a life-cycle that is not ours', record('parked'), record('driving')],
    ['a resource that comes back under a new epoch', gone, record('CREATION_SCHEDULED', { epoch: 2 })],
  ];
  for (const [what, before, after] of fine) {
    it(`says nothing of ${what}`, () => createWatchman().see(before, after));
  }

  it('lists at the end what is still held and what stands half-way', () => {
    const { unfinished } = createWatchman();
    expect(unfinished([record('OK'), record('ERRED'), record('CREATION_SCHEDULED')])).to.deep.equal([]);
    expect(unfinished([record('UPDATING'), record('OK', { currentOperation: 'o' })])).to.deep.equal([
      'volume/v stands in UPDATING, and nobody holds it',
      'volume/v is still held by o, in OK',
    ]);
  });
});
