import { expect } from 'chai';
import type { ResourceRecord, ResourceWrite, WriteOutcome } from '@troupe/actor';
import { resourceEvents } from '@troupe/actor/internal';

const ref = { kind: 'volume', id: 'v.1' };
const change: ResourceWrite = {
  op: 'change',
  ref,
  operation: 'o-1',
  epoch: 2,
  set: { state: 'OK', runtimeState: 'available' },
  event: 'creationSucceeded',
};

function applied(
  before: string | undefined,
  after: string | undefined,
  more: Partial<Extract<WriteOutcome, { ok: true }>> = {},
): WriteOutcome {
  return {
    ok: true,
    already: false,
    ...(before === undefined ? {} : { before: { state: before } }),
    ...(after === undefined ? {} : { after: { state: after } }),
    ...more,
  };
}

describe('the event of a resource write', () => {
  it('names the resource, the transition and the operation, and is addressed by kind, id and event', () => {
    expect(resourceEvents(change, applied('CREATING', 'OK'), 'operation/o-1@n.3')).to.deep.equal([
      {
        id: 'operation/o-1@n.3.event',
        topic: ['resource', 'volume', 'v.1', 'creationSucceeded'],
        body: { resource: ref, event: 'creationSucceeded', from: 'CREATING', to: 'OK', operation: 'o-1', runtimeState: 'available' },
      },
    ]);
  });

  it('is the very same for a write that had been applied before, whatever became of the record since', () => {
    const record = { state: 'ELSEWHERE', runtimeState: 'later' } as ResourceRecord;
    const first = resourceEvents(change, applied('CREATING', 'OK'), 'e');
    expect(resourceEvents(change, applied('CREATING', 'OK', { already: true, record }), 'e')).to.deep.equal(first);
  });

  it('does not exist if the write was refused or changed no state', () => {
    expect(resourceEvents(change, { ok: false, reason: 'stale' }, 'e')).to.deep.equal([]);
    expect(resourceEvents(change, applied('OK', 'OK'), 'e')).to.deep.equal([]);
    expect(resourceEvents(change, applied(undefined, undefined, { already: true }), 'e')).to.deep.equal([]);
  });

  it('exists for what a pull has found and names, also where the state stays: one that is ERRED turns out to be missing', () => {
    const finding: ResourceWrite = { op: 'patch', ref, revision: 7, set: { state: 'ERRED' }, event: 'becameErred' };
    expect(resourceEvents(finding, applied('ERRED', 'ERRED'), 'e').map(({ body }) => body)).to.deep.equal([
      { resource: ref, event: 'becameErred', from: 'ERRED', to: 'ERRED', operation: null },
    ]);
    expect(resourceEvents(finding, applied(undefined, undefined, { already: true }), 'e')).to.deep.equal([]);
    expect(resourceEvents({ op: 'patch', ref, revision: 7, set: {} }, applied('OK', 'OK'), 'e')).to.deep.equal([]);
  });

  it('tells an insert and a removal, where there was or is no state', () => {
    const create: ResourceWrite = { op: 'create', ref, state: 'NEW', set: {} };
    expect(resourceEvents(create, applied(undefined, 'NEW'), 'e')[0]?.body).to.deep.equal({
      resource: ref,
      event: 'created',
      from: null,
      to: 'NEW',
      operation: null,
    });
    const remove: ResourceWrite = { op: 'remove', ref, operation: 'o-1', epoch: 2 };
    expect(resourceEvents(remove, applied('OK', undefined), 'e')[0]?.body).to.deep.equal({
      resource: ref,
      event: 'deleted',
      from: 'OK',
      to: null,
      operation: 'o-1',
    });
  });

  it('is called `changed` if nobody named it', () => {
    const { event: _, ...unnamed } = change as Extract<ResourceWrite, { op: 'change' }>;
    expect(resourceEvents(unnamed, applied('CREATING', 'OK'), 'e')[0]?.topic.at(-1)).to.equal('changed');
  });

  it('carries the error of a failure and the action of an accept, and neither when they are cleared', () => {
    const error = { code: 'step_failed', message: 'no' };
    const failed: ResourceWrite = { op: 'change', ref, operation: 'o', epoch: 2, set: { state: 'ERRED', error, action: '' } };
    expect(resourceEvents(failed, applied('CREATING', 'ERRED'), 'e')[0]?.body)
      .to.deep.include({ error })
      .and.to.not.have.property('action');
    const taken: ResourceWrite = {
      op: 'take',
      ref,
      operation: 'o',
      from: ['OK'],
      set: { state: 'UPDATE_SCHEDULED', error: null, action: 'Resize' },
    };
    expect(resourceEvents(taken, applied('OK', 'UPDATE_SCHEDULED'), 'e')[0]?.body)
      .to.include({ action: 'Resize' })
      .and.to.not.have.property('error');
  });
});
