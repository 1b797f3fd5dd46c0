import { attempt, chain, child, createExecutor, group, poll, ref, step, throttled } from '@troupe/executor';
import { expect } from 'chai';
import { create, createBench, failure, fatal, look, settled, success, tasks, Volume, work } from './bench/index.ts';

const volume = (id: string) => ({ kind: 'volume', id });

/** Steps of `yes` and of `token`, one that is tried again, one that fails and is handled, a poll, a lease, a child. */
const plan = chain(
  step('first', create, {}, { transition: 'beginUpdating' }),
  group({ policy: 'waitAll' }, step('flaky', work, {}), step('beside', create, { of: ref('first.id') }), step('third', work, {})),
  throttled({ scope: 'p', need: { x: 1 } }, step('leased', create, {}), poll('ready', look, { until: { runtimeState: ['available'] } })),
  attempt({ body: step('bad', work, {}), catch: [{ code: 'odd', do: step('handled', work, {}) }], finally: step('always', work, {}) }),
  child('c', 'inner', { resource: volume('v2') }),
  step('last', work, { of: ref('beside.id') }),
);
const outer = createExecutor({ name: 'outer', family: 'update', resource: Volume, plan: () => plan, output: { id: ref('first.id') } });
const inner = createExecutor({
  name: 'inner',
  family: 'delete',
  resource: Volume,
  plan: () => step('remove', create, {}, { transition: 'beginDeleting' }),
});

async function course(faults: object) {
  const bench = createBench({ executors: [outer, inner], tasks, limits: { p: { x: 1 } }, ...faults });
  bench.store.put('volume', 'v1', { state: 'OK', backendId: 'b1' });
  bench.store.put('volume', 'v2', { state: 'OK', backendId: 'b2' });
  const calls: string[] = [];
  for (const task of ['create', 'work', 'look'])
    bench.on(task, ({ step: name, attempt: n, idempotencyToken, input }) => {
      calls.push(`${task} ${name}#${n} ${idempotencyToken} ${JSON.stringify(input)}`);
      if (name === 'flaky' && n < 3) return failure();
      if (name === 'bad') return fatal('odd');
      return task === 'look' ? success(null, { runtimeState: n < 3 ? 'creating' : 'available' }) : success({ id: `made by ${name}` });
    });
  const id = await bench.command('outer', { resource: volume('v1') });
  bench.run();
  settled(bench);
  const { outcome, output, error, steps } = bench.view(id);
  const { state, runtimeState, epoch, currentOperation } = bench.record('volume', 'v1')!;
  return {
    /** Each delivery of one message counts once: a worker has kept what came out of it. */
    calls: calls.sort(),
    end: { outcome, output, error, steps },
    row: { state, runtimeState, epoch, currentOperation },
    histories: ['v1', 'v2'].map((one) => bench.store.history('volume', one)),
    ends: bench.answers.filter((one) => one.answer === 'ended').length,
  };
}

describe('C3 redelivery', function () {
  this.timeout(30_000);

  it('C3 every message twice and shuffled, from forty seeds: the same calls, the same end, the same rows', async () => {
    const plain = await course({});
    expect(plain.end).to.deep.include({ outcome: 'succeeded', output: { id: 'made by first' } });
    expect(plain.calls).to.have.length(15);
    for (let seed = 1; seed <= 40; seed++) {
      const faults = { twice: true, shuffle: true, rebuild: seed % 2 === 0, lateCancels: seed % 3 === 0, seed };
      expect(await course(faults), `seed ${seed}`).to.deep.equal(plain);
    }
  });
});
