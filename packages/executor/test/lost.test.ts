import { expect } from 'chai';
import { attempt, chain, createExecutor, type PlanNode, step, throttled, transition } from '@troupe/executor';
import { type Bench, createBench, hostile, look, settled, steps, success, tasks, Volume, work } from './bench/index.ts';

const v1 = { kind: 'volume', id: 'v1' };

async function running(plan: PlanNode, faults: object = {}): Promise<{ bench: Bench; id: string }> {
  const executor = createExecutor({ name: 'test', family: 'update', resource: Volume, plan: () => plan });
  const bench = createBench({ executors: [executor], tasks, ...faults });
  bench.store.put('volume', 'v1', { state: 'OK', backendId: 'b1' });
  const id = await bench.command('test', { resource: v1 });
  bench.on('work', (message) => ({ outcome: success(null, { runtimeState: `after-${message.step}` }), afterMs: 1_000 }));
  return { bench, id };
}

const plan = throttled(
  { scope: 'p', need: { x: 1 } },
  attempt({
    body: chain(step('a', work, {}), step('b', work, {})),
    catch: [{ code: 'any', do: step('handler', look, {}) }],
    finally: step('cleanup', look, {}),
  }),
);

describe('a resource that a newer epoch owns', () => {
  for (const { name, faults } of hostile()) {
    it(`is not written any more: the operation ends superseded, quietly, after its cleanup, ${name}`, async () => {
      const { bench, id } = await running(plan, faults);
      bench.run(() => bench.workers.sent.length === 1);
      bench.store.seize('volume', 'v1', 'newer');
      const before = bench.record('volume', 'v1');
      bench.run();
      expect(bench.view(id)).to.include({ outcome: 'superseded' });
      expect(bench.view(id).error).to.include({ code: 'superseded' });
      expect(bench.record('volume', 'v1')).to.deep.equal(before);
      expect(steps(bench)).to.deep.equal(['a', 'cleanup']);
      settled(bench);
    });
  }

  it('makes the operation superseded also if only its end notices', async () => {
    const { bench, id } = await running(step('a', work, {}));
    bench.on('work', () => ({ outcome: success(), afterMs: 10 }));
    bench.run(() => bench.workers.sent.length === 1);
    bench.store.seize('volume', 'v1', 'newer');
    bench.run();
    expect(bench.view(id).outcome).to.equal('superseded');
    expect(bench.record('volume', 'v1')).to.include({ currentOperation: 'newer' });
    settled(bench);
  });

  it('wins over a cancel that was under way', async () => {
    const { bench, id } = await running(plan, { rebuild: true });
    bench.run(() => bench.workers.sent.length === 1);
    bench.store.seize('volume', 'v1', 'newer');
    bench.cancel(id);
    bench.run();
    expect(bench.record('volume', 'v1')).to.include({ currentOperation: 'newer', state: 'UPDATING' });
    expect(bench.view(id).outcome).to.be.oneOf(['cancelled', 'superseded']);
    settled(bench);
  });
});

describe('a resource that is gone', () => {
  for (const { name, faults } of hostile()) {
    it(`aborts the operation after its cleanup, ${name}`, async () => {
      const { bench, id } = await running(plan, faults);
      bench.run(() => bench.workers.sent.length === 1);
      bench.store.vanish('volume', 'v1');
      bench.run();
      expect(bench.view(id)).to.include({ outcome: 'aborted' });
      expect(bench.view(id).error).to.deep.include({ code: 'resource_gone', data: v1 });
      expect(steps(bench)).to.deep.equal(['a', 'cleanup']);
      settled(bench);
    });
  }

  it('lets cleanup go on that would have written to it', async () => {
    const cleanup = chain(
      step('c1', look, {}, { runtimeState: { during: 'deleting', success: 'error' } }),
      transition(undefined, 'setErred'),
      step('c2', look, {}),
    );
    const { bench, id } = await running(attempt({ body: chain(step('a', work, {}), step('b', work, {})), finally: cleanup }));
    bench.run(() => bench.workers.sent.length === 1);
    bench.store.vanish('volume', 'v1');
    bench.run();
    expect(steps(bench)).to.deep.equal(['a', 'c1', 'c2']);
    expect(bench.view(id).outcome).to.equal('aborted');
    settled(bench);
  });

  it('is what a Delete wanted', async () => {
    const executor = createExecutor({ name: 'test', family: 'delete', resource: Volume, plan: () => step('a', look, {}) });
    const bench = createBench({ executors: [executor], tasks });
    bench.store.put('volume', 'v1', { state: 'OK', backendId: 'b1' });
    bench.on('look', () => ({ outcome: success(), afterMs: 10 }));
    const id = await bench.command('test', { resource: v1 });
    bench.run(() => bench.workers.sent.length === 1);
    bench.store.vanish('volume', 'v1');
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
  });
});

describe('a state from which the end is illegal', () => {
  it('fails the operation, which then rests as ERRED', async () => {
    const { bench, id } = await running(chain(step('a', look, {}), transition(undefined, 'setErred')));
    bench.run();
    expect(bench.view(id)).to.include({ outcome: 'failed' });
    expect(bench.view(id).error).to.include({ code: 'forbidden_state' });
    expect(bench.record('volume', 'v1')).to.include({ state: 'ERRED', currentOperation: null });
    settled(bench);
  });
});

describe('a transition of a plan', () => {
  it('that its state does not allow can be handled like any failure', async () => {
    const { bench, id } = await running(
      attempt({ body: transition(undefined, 'beginDeleting'), catch: [{ code: 'forbidden_state', do: step('instead', look, {}) }] }),
    );
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
    expect(steps(bench)).to.deep.equal(['instead']);
  });

  it('that has been made already needs no write', async () => {
    const { bench } = await running(
      chain(transition(undefined, 'beginUpdating'), transition(undefined, 'beginUpdating'), step('a', look, {})),
    );
    bench.run();
    expect(bench.trace.filter((line) => line === 'write change volume/v1 UPDATING')).to.have.length(1);
  });

  it('between named states writes its fields, references filled in', async () => {
    const { bench } = await running(
      chain(
        step('a', look, {}),
        transition('volume', { from: ['UPDATE_SCHEDULED', 'UPDATING'], to: 'UPDATING' }, { runtimeState: 'in-use', data: { size: 7 } }),
      ),
    );
    bench.run();
    expect(bench.record('volume', 'v1')).to.deep.include({ runtimeState: 'in-use', data: { size: 7 }, state: 'OK' });
  });

  it('can remove a resource in the middle of the plan', async () => {
    const { bench, id } = await running(chain(step('a', look, {}), transition(undefined, 'remove'), step('b', look, {})), {
      rebuild: true,
    });
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
    expect(bench.record('volume', 'v1')).to.equal(undefined);
    expect(steps(bench)).to.deep.equal(['a', 'b']);
    settled(bench);
  });
});
