import { expect } from 'chai';
import { chain, child, createExecutor, step } from '@troupe/executor';
import { createBench, fatal, hostile, look, settled, tasks, Volume, work } from './bench/index.ts';

const v = (id: string) => ({ kind: 'volume', id });

/** Creates v1, by a child of its own, and v2. */
const both = createExecutor({
  name: 'both',
  family: 'create',
  resource: Volume,
  resources: () => [v('v2'), v('v3')],
  plan: () => chain(child('second', 'one', { resource: v('v2') }), step('third', work, {}, { on: v('v3'), transition: 'beginCreating' })),
});
const one = (isBroken: boolean) =>
  createExecutor({
    name: 'one',
    family: 'create',
    resource: Volume,
    plan() {
      if (isBroken) throw new Error('no plan');
      return chain(step('create', look, {}, { transition: 'beginCreating' }), step('finish', work, {}));
    },
  });

function setup(faults: object, isBroken = false) {
  const bench = createBench({ executors: [both, one(isBroken)], tasks, ...faults });
  for (const id of ['v1', 'v2', 'v3']) bench.store.put('volume', id, { state: 'CREATION_SCHEDULED' });
  return bench;
}

describe('a resource that a child works on for its parent', () => {
  for (const { name, faults } of hostile()) {
    it(`is not taken for never started when the child has created it and then failed, ${name}`, async () => {
      const bench = setup(faults);
      bench.on('look', () => ({ kind: 'succeeded', output: null, patch: { backendId: 'b2', runtimeState: 'creating' } }));
      bench.on('work', () => fatal('broken'));
      const id = await bench.command('both', { resource: v('v1') });
      bench.run();
      expect(bench.view(id).outcome).to.equal('failed');
      expect(bench.record('volume', 'v2')).to.include({ state: 'ERRED', backendId: 'b2', currentOperation: null });
      expect(bench.record('volume', 'v3')).to.equal(undefined);
      settled(bench);
    });

    it(`is removed as never started when the child fails before it has done anything, ${name}`, async () => {
      const bench = setup(faults, true);
      const id = await bench.command('both', { resource: v('v1') });
      bench.run();
      expect(bench.view(id).error).to.include({ code: 'child_failed' });
      expect(bench.record('volume', 'v2')).to.equal(undefined);
      settled(bench);
    });
  }
});
