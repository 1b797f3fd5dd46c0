import { expect } from 'chai';
import { defineSchedule, type ExecuteOptions } from '@troupe/schedule';

const refs = { resource: { kind: 'vm', id: '1' }, resources: [] };
const cases: [string, object][] = [
  ['execute.executor', { execute: { executor: '' } }],
  ['execute.resource', { execute: { executor: 'x', resource: { kind: 'vm' } } }],
  ['execute.resources', { execute: { executor: 'x', ...refs } }],
  ['execute.class', { execute: { executor: 'x', class: 'slow' } }],
  ['execute.force', { execute: { executor: 'x', force: 'yes' } }],
  ['execute.onConflict', { execute: { executor: 'x', onConflict: 'wait' } }],
  ['execute.resorce', { execute: { executor: 'x', resorce: {} } }],
];

describe('a schedule of operations', () => {
  for (const [field, options] of cases) {
    it(`is refused by its field: ${field}`, () => {
      expect(() => defineSchedule({ every: '1h', ...options } as never))
        .to.throw()
        .with.property('field', field);
    });
  }

  it('names no task beside the executor', () => {
    const both = { every: '1h', execute: { executor: 'x' }, each: {} } as never;
    expect(() => defineSchedule(both)).to.throw();
  });

  it('takes an executor or its name', () => {
    const execute: ExecuteOptions = { executor: { name: 'vm.backup' }, resource: refs.resource, onConflict: 'queue' };
    expect(defineSchedule({ every: '1h', execute }).execute).to.deep.equal({
      executor: 'vm.backup',
      resource: refs.resource,
      options: { onConflict: 'queue' },
      input: null,
    });
  });
});
