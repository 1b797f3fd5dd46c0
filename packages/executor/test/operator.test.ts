import { expect } from 'chai';
import { attempt, chain, createExecutor, createRecover, createUnlink, step, throttled, undoable } from '@troupe/executor';
import { type Bench, createBench, fatal, hostile, settled, steps, success, tasks, Volume, work } from './bench/index.ts';

const v1 = { kind: 'volume', id: 'v1' };

function setup(faults: object = {}): Bench {
  const plan = throttled(
    { scope: 'p', need: { x: 1 } },
    attempt({
      body: chain(undoable(step('a', work, {}), step('un-a', work, {})), step('b', work, {})),
      finally: step('finally', work, {}),
    }),
  );
  const update = createExecutor({ name: 'update', family: 'update', resource: Volume, plan: () => plan });
  const bench = createBench({ executors: [update, createUnlink(Volume), createRecover(Volume)], tasks, ...faults });
  bench.store.put('volume', 'v1', { state: 'OK', backendId: 'b-1' });
  return bench;
}

describe('to unlink a resource', () => {
  for (const { name, faults } of hostile(4)) {
    it(`removes it from under the operation that has it, which touches nothing more and frees its lease, ${name}`, async () => {
      const bench = setup(faults);
      bench.on('work', ({ step: of }) => (of === 'b' ? 'lost' : success()));
      const id = await bench.command('update', { resource: v1 });
      bench.run(() => steps(bench).includes('b'));
      const unlink = await bench.command('volume.unlink', { resource: v1 });
      bench.run();
      expect(bench.view(unlink).outcome).to.equal('succeeded');
      expect(bench.record('volume', 'v1')).to.equal(undefined);
      expect(bench.view(id)).to.deep.include({ outcome: 'failed' });
      expect(bench.view(id).error?.code).to.equal('killed');
      expect(steps(bench)).to.deep.equal(['a', 'b']);
      settled(bench);
    });
  }

  for (const state of ['OK', 'ERRED', 'CREATING', 'DELETION_SCHEDULED'] as const) {
    it(`works in the state ${state}, also where nobody has it`, async () => {
      const bench = setup();
      bench.store.put('volume', 'v1', { state });
      const id = await bench.command('volume.unlink', { resource: v1 });
      bench.run();
      expect(bench.view(id).outcome).to.equal('succeeded');
      expect(bench.record('volume', 'v1')).to.equal(undefined);
      settled(bench);
    });
  }

  it('is refused where there is nothing', async () => {
    const bench = setup();
    const id = await bench.command('volume.unlink', { resource: { kind: 'volume', id: 'nothing' } });
    bench.run();
    expect(bench.view(id).error?.code).to.equal('unknown_resource');
  });
});

describe('to recover a resource', () => {
  it('clears its error and lets it be used again', async () => {
    const bench = setup();
    bench.on('work', () => fatal('broken'));
    await bench.command('update', { resource: v1 });
    bench.run();
    expect(bench.record('volume', 'v1')).to.deep.include({ state: 'ERRED' });
    const id = await bench.command('volume.recover', { resource: v1 });
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
    expect(bench.record('volume', 'v1')).to.deep.include({ state: 'OK', error: null, currentOperation: null });
    settled(bench);
  });

  it('is refused for one that is fine, and while an operation has it', async () => {
    const bench = setup();
    const fine = await bench.command('volume.recover', { resource: v1 });
    bench.run();
    expect(bench.view(fine).error?.code).to.equal('conflict');
    bench.store.put('volume', 'v1', { state: 'ERRED', currentOperation: 'somebody' });
    const owned = await bench.command('volume.recover', { resource: v1 });
    bench.run();
    expect(bench.view(owned).error?.code).to.equal('conflict');
  });
});
