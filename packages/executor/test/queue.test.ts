import { expect } from 'chai';
import { createExecutor, step } from '@troupe/executor';
import { type Bench, createBench, fatal, hostile, settled, success, tasks, Volume, work } from './bench/index.ts';

const v1 = { kind: 'volume', id: 'v1' };
const v2 = { kind: 'volume', id: 'v2' };
const queue = { onConflict: 'queue' } as const;

function setup(faults: object = {}): Bench {
  const update = createExecutor({ name: 'update', family: 'update', resource: Volume, plan: ({ operation }) => step(operation, work, {}) });
  const remove = createExecutor({
    name: 'remove',
    family: 'delete',
    resource: Volume,
    neverCreated: 'plan',
    plan: ({ operation }) => step(operation, work, {}),
  });
  const both = createExecutor({
    name: 'both',
    family: 'update',
    resource: Volume,
    resources: () => [v2],
    plan: ({ operation }) => step(operation, work, {}),
  });
  const bench = createBench({ executors: [update, remove, both], tasks, ...faults });
  for (const id of ['v1', 'v2']) bench.store.put('volume', id, { state: 'OK' });
  bench.on('work', () => ({ outcome: success(), afterMs: 10_000 }));
  return bench;
}

/** Operations in the order in which their only step was sent. */
const ran = (bench: Bench): string[] => [...new Set(bench.workers.sent.map(({ message }) => message.step!))];
const answers = (bench: Bench, id: string): string[] => [
  ...new Set(
    bench.answers.filter(({ operation }) => operation === id).map((one) => (one.answer === 'queued' ? `queued ${one.behind}` : one.answer)),
  ),
];

describe('commands that queue', () => {
  for (const { name, faults } of hostile(6)) {
    it(`run one after the other, in the order in which they came, ${name}`, async () => {
      const bench = setup(faults);
      const ids = ['a', 'b', 'c', 'd'];
      for (const id of ids) {
        await bench.command('update', { id, resource: v1, options: queue });
        // each is in its place before the next one comes: between two that travel together there is no order
        const before = ids[ids.indexOf(id) - 1];
        bench.run(() =>
          before === undefined
            ? bench.seen(id)?.status === 'running'
            : (bench.root('a').progress.watchers?.length ?? 0) === ids.indexOf(id),
        );
      }
      bench.run();
      expect(ran(bench)).to.deep.equal(ids);
      for (const id of ids) expect(bench.view(id).outcome, id).to.equal('succeeded');
      expect(answers(bench, 'a')).to.include.members(['accepted', 'ended']).and.not.to.include('queued a');
      expect(answers(bench, 'c')).to.include.members(['queued a', 'accepted', 'ended']);
      settled(bench);
    });
  }

  it('keep their order when one of them is cancelled, fails or is rejected', async () => {
    const bench = setup();
    bench.on('work', ({ step: of }) => ({ outcome: of === 'b' ? fatal('broken') : success(), afterMs: 10_000 }));
    for (const id of ['a', 'b', 'c', 'd', 'e']) await bench.command('update', { id, resource: v1, options: queue });
    bench.run(() => bench.seen('a')?.status === 'running' && bench.root('a').progress.watchers?.length === 4);
    bench.cancel('c');
    bench.run();
    expect(ran(bench)).to.deep.equal(['a', 'b', 'd', 'e']);
    expect(bench.view('c').outcome).to.equal('cancelled');
    expect(bench.view('b').outcome).to.equal('failed');
    settled(bench);
  });

  it('are all rejected when the resource is gone, one after the other', async () => {
    const bench = setup();
    await bench.command('remove', { id: 'a', resource: v1 });
    for (const id of ['b', 'c']) await bench.command('update', { id, resource: v1, options: queue });
    bench.run();
    for (const id of ['b', 'c']) {
      expect(bench.view(id).outcome, id).to.equal('rejected');
      expect(bench.view(id).error?.code, id).to.equal('unknown_resource');
    }
    settled(bench);
  });

  it('wait behind whoever came between, and are told', async () => {
    const bench = setup();
    await bench.command('update', { id: 'a', resource: v1 });
    await bench.command('update', { id: 'b', resource: v1, options: queue });
    bench.run(() => bench.seen('a') !== undefined && bench.root('a').progress.watchers?.length === 1);
    // somebody takes the resource in the moment between the end of a and the turn of b
    bench.run(() => bench.view('a').outcome !== undefined);
    bench.store.seize('volume', 'v1', 'between');
    await bench.command('update', { id: 'plain', resource: v1 });
    bench.run(
      () => bench.lastAnswer('plain') !== undefined && bench.seen('b') !== undefined && answers(bench, 'b').includes('queued between'),
    );
    expect(bench.view('plain').outcome).to.equal('rejected');
    bench.store.put('volume', 'v1', { state: 'OK', currentOperation: null });
    bench.run();
    expect(ran(bench)).to.deep.equal(['a', 'b']);
    settled(bench);
  });

  it('for several resources hold none of them while they wait', async () => {
    const bench = setup();
    await bench.command('update', { id: 'a', resource: v2 });
    await bench.command('both', { id: 'b', resource: v1, options: queue });
    bench.run(
      () =>
        bench.seen('b') !== undefined &&
        answers(bench, 'b').includes('queued a') &&
        bench.record('volume', 'v1')?.currentOperation === null,
    );
    await bench.command('update', { id: 'c', resource: v1 });
    bench.run();
    expect(ran(bench)).to.have.members(['a', 'b', 'c']);
    for (const id of ['a', 'b', 'c']) expect(bench.view(id).outcome, id).to.equal('succeeded');
    settled(bench);
  });

  it('pass over one whose record is gone', async () => {
    const bench = setup();
    for (const id of ['a', 'b', 'c', 'd']) await bench.command('update', { id, resource: v1, options: queue });
    bench.run(() => bench.seen('a')?.status === 'running' && bench.root('a').progress.watchers?.length === 3);
    bench.forget('b');
    bench.run();
    expect(ran(bench)).to.deep.equal(['a', 'c', 'd']);
    settled(bench);
  });

  it('say whom they wait for', async () => {
    const bench = setup();
    for (const id of ['a', 'b', 'c']) await bench.command('update', { id, resource: v1, options: queue });
    bench.run(() => bench.seen('b')?.status === 'running');
    bench.run(() => bench.root('c').accepting?.waitFor?.operation === 'b');
    expect(bench.root('c').accepting?.waitFor).to.deep.equal({ ref: v1, operation: 'b' });
  });

  for (const { name, faults } of hostile(6)) {
    it(`are not overtaken by those who come in the moment of the hand-over, ${name}`, async () => {
      const bench = setup(faults);
      const waiting = (n: number): boolean => bench.seen('a')?.status === 'running' && bench.root('a').progress.watchers?.length === n;
      for (const [n, id] of ['a', 'b', 'c'].entries()) {
        await bench.command('update', { id, resource: v1, options: queue });
        bench.run(() => (n === 0 ? bench.seen('a')?.status === 'running' : waiting(n)));
      }
      // the resource is free, and nobody has been told yet
      bench.run(() => bench.record('volume', 'v1')?.currentOperation === null);
      await bench.command('update', { id: 'plain', resource: v1 });
      await bench.command('update', { id: 'late', resource: v1, options: queue });
      bench.run();
      expect(ran(bench)).to.deep.equal(['a', 'b', 'c', 'late']);
      expect(bench.view('plain').error).to.deep.include({ code: 'conflict' });
      expect(bench.record('volume', 'v1')?.fence.promised).to.equal(undefined);
      settled(bench);
    });
  }

  it('that are cancelled after it was promised to them give it to the next', async () => {
    const bench = setup();
    for (const id of ['a', 'b', 'c']) await bench.command('update', { id, resource: v1, options: queue });
    bench.run(() => bench.record('volume', 'v1')?.fence.promised === 'b');
    bench.cancel('b');
    bench.cancel('c');
    await bench.command('update', { id: 'd', resource: v1, options: queue });
    bench.run();
    expect(bench.record('volume', 'v1')).to.deep.include({ state: 'OK', currentOperation: null });
    expect(bench.record('volume', 'v1')?.fence.promised).to.equal(undefined);
    expect(bench.view('d').outcome).to.equal('succeeded');
    settled(bench);
  });

  it('do not change that others are rejected', async () => {
    const bench = setup();
    await bench.command('update', { id: 'a', resource: v1 });
    bench.run(() => bench.seen('a')?.status === 'running');
    await bench.command('update', { id: 'b', resource: v1 });
    bench.run();
    expect(bench.view('b').error).to.deep.include({ code: 'conflict' });
    settled(bench);
  });
});
