import { expect } from 'chai';
import {
  attempt,
  chain,
  child,
  createExecutor,
  type ExecutorDefinition,
  group,
  nothing,
  type PlanNode,
  ref,
  step,
  throttled,
  wait,
} from '@troupe/executor';
import { type Bench, createBench, fatal, free, hostile, look, settled, START, steps, success, tasks, Volume, work } from './bench/index.ts';

const v1 = { kind: 'volume', id: 'v1' };

/** An Action of a volume; its output is what its step put out. */
const inner = (plan: PlanNode = step('in', look, {}), more: object = {}): ExecutorDefinition =>
  createExecutor({ name: 'inner', family: 'action', resource: Volume, plan: () => plan, output: { from: ref('in') }, ...more });

function setup(outer: PlanNode, faults: object = {}, executors: readonly ExecutorDefinition[] = [inner()]): Bench {
  const bench = createBench({ executors: [free(outer), ...executors], tasks, ...faults });
  bench.store.put('volume', 'v1', { state: 'OK', backendId: 'b1' });
  return bench;
}

describe('a child', () => {
  for (const { name, faults } of hostile()) {
    it(`is an operation of its own, joined with its output, ${name}`, async () => {
      const bench = setup(
        chain(step('a', work, {}), child('c', 'inner', { resource: v1 }), step('b', work, { x: ref('c.from.n') })),
        faults,
      );
      bench.on('look', () => success({ n: 7 }));
      const id = await bench.command('test', { id: 'parent' });
      bench.run();
      expect(bench.view(id).outcome).to.equal('succeeded');
      expect(bench.view('parent.0.1')).to.include({ outcome: 'succeeded', parent: 'parent', executor: 'inner' });
      expect(bench.workers.sent.at(-1)?.message.input).to.deep.equal({ x: 7 });
      expect(bench.record('volume', 'v1')).to.include({ state: 'OK', currentOperation: null });
      settled(bench);
    });

    it(`that fails is handled first, then its parent with the child's error as cause, ${name}`, async () => {
      const failing = inner(attempt({ body: step('in', look, {}), finally: step('in-finally', work, {}) }));
      const outer = attempt({
        body: child('c', failing, { resource: v1 }),
        catch: [{ code: 'not_found', do: step('handler', work, {}) }],
        finally: step('finally', work, {}),
      });
      const bench = setup(outer, faults, [failing]);
      bench.on('look', () => fatal('not_found'));
      const id = await bench.command('test');
      bench.run();
      expect(steps(bench)).to.deep.equal(['in', 'in-finally', 'handler', 'finally']);
      expect(bench.view(id).outcome).to.equal('succeeded');
      expect(bench.record('volume', 'v1')).to.include({ state: 'ERRED' });
      settled(bench);
    });

    it(`is cancelled with its parent, which ends after it, ${name}`, async () => {
      const slow = inner(attempt({ body: step('in', look, {}), finally: step('in-finally', work, {}) }));
      const bench = setup(chain(child('c', slow, { resource: v1 }), step('after', work, {})), faults, [slow]);
      bench.on('look', () => 'lost');
      const id = await bench.command('test', { id: 'parent' });
      bench.run(() => bench.workers.lost.length > 0);
      bench.cancel(id);
      bench.run();
      expect(bench.view(id).outcome).to.equal('cancelled');
      expect(bench.view('parent.0.0').outcome).to.equal('cancelled');
      expect(bench.view('parent').endedAt).to.be.at.least(bench.view('parent.0.0').endedAt!);
      expect(steps(bench)).to.deep.equal(['in', 'in-finally']);
      expect(bench.record('volume', 'v1')).to.include({ state: 'ERRED', currentOperation: null });
      settled(bench);
    });

    it(`waits for a resource that another operation owns, and goes on when that ends, ${name}`, async () => {
      const bench = setup(child('c', 'inner', { resource: v1 }), faults);
      bench.on('look', (message) => (message.replyTo?.key === 'first' ? { outcome: success(), afterMs: 7_000 } : success()));
      await bench.command('inner', { id: 'first', resource: v1 });
      bench.run(() => bench.workers.sent.length > 0);
      const id = await bench.command('test', { id: 'second' });
      bench.run();
      expect(bench.view('first').outcome).to.equal('succeeded');
      expect(bench.view(id).outcome).to.equal('succeeded');
      // told by the end of the first one, not found by looking again
      if ((faults as { shuffle?: boolean }).shuffle !== true) expect(bench.view(id).endedAt! - START).to.equal(7_000);
      settled(bench);
    });
  }

  it('is planned when it starts, not when its parent is', async () => {
    const late = createExecutor({
      name: 'late',
      family: 'update',
      resource: Volume,
      plan: ({ resource }) => step(`saw-${resource.runtimeState}`, look, {}),
    });
    const bench = setup(chain(step('a', work, {}), child('c', late, { resource: v1 })), {}, [late]);
    bench.on('work', () => {
      bench.store.put('volume', 'v1', { state: 'OK', runtimeState: 'detached' });
      return success();
    });
    await bench.command('test');
    bench.run();
    expect(steps(bench)).to.deep.equal(['a', 'saw-detached']);
  });

  it('inherits class, context and force, and names the leases that it runs under', async () => {
    const needy = inner(throttled({ scope: 'p', need: { x: 1 } }, step('in', look, {})));
    const outer = throttled({ scope: 'p', need: { x: 1 } }, child('c', needy, { resource: v1, options: { force: true } }));
    const bench = createBench({ executors: [free(outer, { class: 'heavy' }), needy], tasks, limits: { p: { x: 1 } } });
    bench.store.put('volume', 'v1', { state: 'OK' });
    const id = await bench.command('test', { id: 'parent', context: { user: 'ann' } });
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
    expect(bench.workers.sent[0]).to.deep.include({ class: 'heavy', context: { user: 'ann' } });
    expect(bench.root('parent.0.0').head).to.include({ force: true, class: 'heavy' });
    expect(bench.scopes.acquired[1]?.held).to.deep.equal([{ lease: 'parent:0', scope: 'p', need: { x: 1 } }]);
    settled(bench);
  });

  it('of a forced Delete is forced', async () => {
    const gone = createExecutor({ name: 'gone', family: 'delete', resource: Volume, plan: () => step('rm', look, {}) });
    const outer = createExecutor({ name: 'test', family: 'delete', resource: Volume, plan: () => child('c', gone, { resource: v1 }) });
    const bench = createBench({ executors: [outer, gone], tasks });
    bench.store.put('volume', 'v1', { state: 'OK', backendId: 'b1' });
    bench.store.put('volume', 'v2', { state: 'ERRED', backendId: 'b2' });
    bench.on('look', () => fatal('backend down'));
    await bench.command('test', { resource: { kind: 'volume', id: 'v2' } });
    bench.run();
    expect(bench.store.all()).to.deep.equal([]);
    const { orphans, error } = bench.view('op-1.0');
    expect(orphans).to.deep.equal([{ ...v1, backendId: 'b1', error: { code: 'backend down', message: error!.message } }]);
  });

  it('is rejected at once if it is not to wait', async () => {
    const bench = setup(
      attempt({
        body: child('c', 'inner', { resource: v1, onConflict: 'reject' }),
        catch: [{ code: 'conflict', do: step('handler', work, {}) }],
      }),
    );
    bench.store.seize('volume', 'v1', 'somebody');
    const id = await bench.command('test');
    bench.run();
    expect(steps(bench)).to.deep.equal(['handler']);
    expect(bench.view(id).outcome).to.equal('succeeded');
    settled(bench);
  });

  it('waits no longer than its deadline', async () => {
    const bench = setup(child('c', 'inner', { resource: v1, deadline: '10m' }), { rebuild: true });
    bench.store.seize('volume', 'v1', 'somebody');
    const id = await bench.command('test');
    bench.run();
    expect(bench.view(id)).to.include({ outcome: 'failed' });
    expect(bench.view(id).endedAt! - START).to.be.within(600_000, 660_000);
    settled(bench);
  });

  it('runs no longer than its deadline: it is cancelled and then the node fails', async () => {
    const bench = setup(child('c', 'inner', { resource: v1, deadline: '10m' }), { rebuild: true });
    bench.on('look', () => 'lost');
    const id = await bench.command('test', { id: 'parent' });
    bench.run();
    expect(bench.view(id).error).to.include({ code: 'deadline_exceeded' });
    expect(bench.view('parent.0').outcome).to.equal('cancelled');
    settled(bench);
  });

  it('that does not know its executor, or whose input does not fit, is rejected', async () => {
    const schema = {
      '~standard': { version: 1 as const, vendor: 'test', validate: () => ({ issues: [{ message: 'no', path: ['size'] }] }) },
    };
    const picky = createExecutor({ name: 'picky', family: 'update', resource: Volume, input: schema as never, plan: () => nothing() });
    const bench = setup(child('c', 'picky', { resource: v1, input: { size: -1 } }), {}, [picky]);
    const id = await bench.command('test');
    bench.run();
    expect(bench.view(id).error).to.include({ code: 'child_failed' });
    expect(bench.view(id).error?.cause).to.include({ code: 'invalid_input', field: 'input.size' });
    settled(bench);
  });

  it('that hears of its cancel before it hears that it should begin never begins', async () => {
    const bench = setup(nothing());
    bench.mail('p.0', 'verb.cancel', { node: '0' }, 'entity', { kind: 'operation', key: 'p' });
    bench.mail('p.0', 'child', {
      command: { v: 1, id: 'p.0', executor: 'inner', resource: v1, createdAt: '2030-01-01T00:00:00Z' },
      parent: { operation: 'p', node: '0', leases: [] },
    });
    bench.run();
    expect(bench.view('p.0').outcome).to.equal('cancelled');
    expect(bench.trace.filter((line) => line === 'send operation/p child.ended')).to.have.length(2);
    expect(bench.record('volume', 'v1')?.currentOperation).to.equal(null);
  });

  it('side by side with others is joined once', async () => {
    const ids = ['v1', 'v2', 'v3'];
    const bench = setup(
      chain(group({}, ...ids.map((id) => child(`c-${id}`, 'inner', { resource: { kind: 'volume', id } }))), step('after', work, {})),
      { twice: true, shuffle: true, seed: 3 },
    );
    for (const id of ids) bench.store.put('volume', id, { state: 'OK' });
    const id = await bench.command('test');
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
    expect(bench.workers.sent.filter(({ message }) => message.step === 'after')).to.have.length(1);
    settled(bench);
  });
});

describe('a child on a resource of its parent', () => {
  const outer = (plan: PlanNode): ExecutorDefinition =>
    createExecutor({ name: 'outer', family: 'action', resource: Volume, action: 'outer action', plan: () => plan });

  for (const { name, faults } of hostile(3)) {
    it(`works under the parent's ownership: it neither takes nor ends it, ${name}`, async () => {
      const nested = inner(step('in', look, {}), { action: 'inner action' });
      const bench = createBench({
        executors: [outer(chain(step('a', work, {}), child('c', nested, { resource: v1 }), step('b', work, {}))), nested],
        tasks,
        ...faults,
      });
      bench.store.put('volume', 'v1', { state: 'OK' });
      const seen: unknown[] = [];
      bench.on('look', (message) => {
        const record = bench.record('volume', 'v1')!;
        seen.push([record.action, record.currentOperation, message.fence?.epoch === record.epoch]);
        return success(null, { runtimeState: 'in-use' });
      });
      const id = await bench.command('outer', { resource: v1 });
      bench.run();
      expect(bench.view(id).outcome).to.equal('succeeded');
      expect(seen).to.deep.equal([['outer action', id, true]]);
      expect(bench.record('volume', 'v1')).to.include({ state: 'OK', runtimeState: 'in-use', currentOperation: null });
      expect(bench.store.history('volume', 'v1')).to.deep.equal(['OK', 'UPDATE_SCHEDULED', 'UPDATING', 'OK']);
      settled(bench);
    });
  }

  it('that fails leaves the end to its parent', async () => {
    const nested = inner();
    const bench = createBench({ executors: [outer(child('c', nested, { resource: v1 })), nested], tasks });
    bench.store.put('volume', 'v1', { state: 'OK' });
    bench.on('look', () => fatal('broken'));
    await bench.command('outer', { resource: v1 });
    bench.run();
    expect(bench.record('volume', 'v1')).to.include({ state: 'ERRED', currentOperation: null });
    expect(bench.record('volume', 'v1')?.error).to.include({ code: 'child_failed' });
    settled(bench);
  });
});

describe('a wait', () => {
  it('pauses for a while, with a timer and nothing else', async () => {
    const bench = setup(chain(wait('w', { for: '90s' }), step('a', work, {})), { rebuild: true });
    const id = await bench.command('test');
    bench.run();
    expect(bench.view(id).endedAt! - START).to.equal(90_000);
    settled(bench);
  });

  for (const { name, faults } of hostile()) {
    it(`for a resource goes on when the operation that owns it ends, ${name}`, async () => {
      const bench = setup(chain(wait('w', { resource: v1, deadline: '1h', every: '20m' }), step('after', work, {})), faults);
      bench.on('look', () => ({ outcome: success(), afterMs: 40_000 }));
      await bench.command('inner', { id: 'owner', resource: v1 });
      bench.run(() => bench.workers.sent.length > 0);
      const id = await bench.command('test');
      bench.run();
      expect(bench.view(id).outcome).to.equal('succeeded');
      expect(bench.view(id).endedAt! - START).to.be.lessThan(1_200_000);
      settled(bench);
    });
  }

  it('looks again now and then for what nobody announces', async () => {
    const bench = setup(wait('w', { resource: v1, until: ['OK'], deadline: '1h', every: '1m' }), { rebuild: true });
    bench.store.put('volume', 'v1', { state: 'CREATION_SCHEDULED' });
    const id = await bench.command('test');
    bench.run(() => bench.now - START >= 180_000);
    bench.store.put('volume', 'v1', { state: 'OK' });
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
    expect(bench.view(id).endedAt! - START).to.be.within(180_000, 240_000);
  });

  it('fails in a state that counts as failure, with the error of the resource as its cause', async () => {
    const bench = setup(wait('w', { resource: v1, fail: ['ERRED'], deadline: '1h' }));
    bench.store.put('volume', 'v1', { state: 'ERRED', error: { code: 'broken', message: 'it broke' } });
    const id = await bench.command('test');
    bench.run();
    expect(bench.view(id).error).to.deep.include({ code: 'forbidden_state', cause: { code: 'broken', message: 'it broke' } });
  });

  it('takes ERRED for fine only if the plan says so', async () => {
    const bench = setup(wait('w', { resource: v1, until: ['OK', 'ERRED'], deadline: '1h' }));
    bench.store.put('volume', 'v1', { state: 'ERRED' });
    const id = await bench.command('test');
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
  });

  it('fails when the resource is gone or its deadline passes', async () => {
    const gone = setup(wait('w', { resource: { kind: 'volume', id: 'nobody' }, deadline: '1h' }));
    const first = await gone.command('test');
    gone.run();
    expect(gone.view(first).error).to.include({ code: 'resource_gone' });
    const late = setup(wait('w', { resource: v1, until: ['ERRED'], deadline: '10m' }), { rebuild: true });
    const second = await late.command('test');
    late.run();
    expect(late.view(second).error).to.deep.include({ code: 'deadline_exceeded', data: { step: 'w', waited: 600_000, state: 'OK' } });
    settled(late);
  });
});
