import { expect } from 'chai';
import { decideWrite, type StoredResource, type WriteStamp } from '@troupe/actor/internal';

const ref = { kind: 'volume', id: 'v-1' };
const stamp: WriteStamp = { turn: 1, effect: 'e', now: 1 };

function row(): StoredResource {
  const made = decideWrite(undefined, { op: 'create', ref, state: 'OK', set: { runtimeState: 'up', data: { size: 1 } } }, stamp);
  if (made.type === 'answer') throw new Error('not made');
  return { ...made.next, revision: 7 } as StoredResource;
}

describe('a finding of a pull', () => {
  for (const set of [{}, { runtimeState: 'up' }, { error: null, data: { size: 1 } }]) {
    it(`makes no new revision where it is what was there: ${JSON.stringify(set)}`, () => {
      const record = row();
      const decision = decideWrite(record, { op: 'patch', ref, revision: 7, set }, { turn: 2, effect: 'f', now: 9 });
      expect(decision).to.deep.equal({ type: 'answer', outcome: { ok: true, already: true, record } });
    });
  }

  it('makes one where a single field is new', () => {
    const decision = decideWrite(row(), { op: 'patch', ref, revision: 7, set: { data: { size: 2 } } }, { turn: 2, effect: 'f', now: 9 });
    expect(decision.type).to.equal('store');
  });
});
