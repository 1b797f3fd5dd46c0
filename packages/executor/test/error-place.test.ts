import { expect } from 'chai';
import { child, createExecutor, type PlanNode, poll, step, throttled } from '@troupe/executor';
import { createBench, failure, tasks, Volume, work } from './bench/index.ts';

const v1 = { kind: 'volume', id: 'v1' };
const userMessage = 'There is no room.';
const where = { resource: v1, backendId: 'b-1', scope: 'cloud-1/tenant-7', backend: 'cloud-1', task: 'work' };

async function failed(plan: PlanNode) {
  const update = createExecutor({
    name: 'update',
    family: 'update',
    resource: Volume,
    plan: () => throttled({ scope: 'cloud-1/tenant-7', need: { x: 1 } }, plan),
  });
  const outer = createExecutor({ name: 'outer', family: 'free', plan: () => child('c', 'update', { resource: v1 }) });
  const bench = createBench({ executors: [update, outer], tasks, limits: { 'cloud-1/tenant-7': { x: 1 } } });
  bench.store.put('volume', 'v1', { state: 'OK', backendId: 'b-1' });
  bench.on('work', () => failure('no_room', { retryable: false, userMessage }));
  const id = await bench.command('outer');
  bench.run();
  return { bench, error: bench.view(id).error, row: bench.record('volume', 'v1') };
}

describe('S31 the error that a resource shows', () => {
  for (const [name, plan] of [
    ['a', step('a', work, {})],
    ['b', poll('b', work, { until: { done: true } })],
  ] as const) {
    it(`has backend, scope and resource as fields, and the text for users, of a ${plan.type}`, async () => {
      const { row } = await failed(plan);
      expect(row?.error).to.deep.include({ code: 'no_room', userMessage, where: { ...where, step: name } });
    });
  }

  it('hands the text for users on to the operation around it', async () => {
    const { error } = await failed(step('a', work, {}));
    expect(error).to.deep.include({ code: 'child_failed', userMessage });
    expect(error?.cause).to.deep.include({ where: { ...where, step: 'a' } });
  });
});
