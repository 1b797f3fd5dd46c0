import { expect } from 'chai';
import { type AfterContext, createExecutor, type Following, step } from '@troupe/executor';
import { type Bench, createBench, fatal, hostile, settled, steps, success, tasks, Volume, work } from './bench/index.ts';

const v1 = { kind: 'volume', id: 'v1' };

function setup(after: (context: AfterContext<unknown>) => Following | undefined, faults: object = {}): Bench {
  const first = createExecutor({
    name: 'first',
    family: 'update',
    resource: Volume,
    plan: () => step('a', work, {}),
    output: { x: 1 },
    after,
  });
  const second = createExecutor({ name: 'second', family: 'update', resource: Volume, plan: () => step('b', work, {}) });
  const bench = createBench({ executors: [first, second], tasks, ...faults });
  bench.store.put('volume', 'v1', { state: 'OK' });
  return bench;
}

describe('what follows an operation', () => {
  for (const { name, faults } of hostile(3)) {
    it(`starts once, when the first has ended and its resource rests, ${name}`, async () => {
      const seen: AfterContext<unknown>[] = [];
      const bench = setup((context) => (seen.push(context), { executor: 'second', resource: v1 }), faults);
      const id = await bench.command('first', { resource: v1, options: { class: 'heavy' }, context: { user: 'ann' } });
      bench.run();
      expect(steps(bench)).to.deep.equal(['a', 'b']);
      expect(bench.view(`${id}.after`)).to.include({ outcome: 'succeeded', class: 'heavy' });
      expect(bench.workers.sent.at(-1)).to.deep.include({ class: 'heavy', context: { user: 'ann' } });
      expect(seen[0]).to.deep.include({ operation: id, outcome: 'succeeded', output: { x: 1 } });
      expect(seen[0]?.resources).to.deep.equal([{ ...v1, state: 'OK', backendId: '' }]);
      settled(bench);
    });
  }

  it('may depend on how it ended, and its failure is its own', async () => {
    const bench = setup(({ outcome, error }) =>
      outcome === 'failed' && error?.code === 'broken' ? { executor: 'second', resource: v1 } : undefined,
    );
    bench.on('work', () => fatal('broken'));
    const id = await bench.command('first', { resource: v1 });
    bench.run();
    expect(bench.view(id)).to.include({ outcome: 'failed' });
    expect(bench.view(`${id}.after`)).to.include({ outcome: 'failed' });
    bench.on('work', () => success());
    const good = await bench.command('first', { id: 'good', resource: v1 });
    bench.run();
    expect(bench.seen(`${good}.after`)).to.equal(undefined);
  });

  it('follows again when a retry has ended', async () => {
    const bench = setup(() => ({ executor: 'second', resource: { kind: 'volume', id: 'v2' } }));
    bench.store.put('volume', 'v2', { state: 'OK' });
    let broken = true;
    bench.on('work', ({ step: of }) => (of === 'a' && broken ? fatal('broken') : success()));
    const id = await bench.command('first', { resource: v1 });
    bench.run();
    broken = false;
    bench.mail(id, 'verb.retry', {}, 'verb');
    bench.run();
    expect(bench.view(`${id}.after`).outcome).to.equal('succeeded');
    expect(bench.view(`${id}.after.2`).outcome).to.equal('succeeded');
  });

  it('does not follow a command that was rejected', async () => {
    const bench = setup(() => ({ executor: 'second', resource: v1 }));
    bench.store.seize('volume', 'v1', 'somebody');
    const id = await bench.command('first', { resource: v1 });
    bench.run();
    expect(bench.view(id).outcome).to.equal('rejected');
    expect(bench.seen(`${id}.after`)).to.equal(undefined);
  });

  for (const [what, after, code] of [
    [
      'that throws',
      () => {
        throw new Error('no idea');
      },
      'plan_failed',
    ],
    ['that names nobody', () => ({ executor: 'nobody' }), 'unknown_executor'],
    ['that is too large', () => ({ executor: 'second', resource: v1, input: 'x'.repeat(200_000) }), 'too_large'],
  ] as const) {
    it(`${what} changes nothing about the end, and the log says so`, async () => {
      const bench = setup(after);
      const id = await bench.command('first', { resource: v1 });
      bench.run();
      expect(bench.view(id).outcome).to.equal('succeeded');
      expect(bench.view(id).log.map(({ error }) => error.code)).to.deep.equal([code]);
      settled(bench);
    });
  }
});
