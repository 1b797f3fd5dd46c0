import { expect } from 'chai';
import fc from 'fast-check';
import {
  attempt,
  chain,
  child,
  createExecutor,
  type EndRules,
  giveBack,
  group,
  poll,
  step,
  throttled,
  transition,
  undoable,
  wait,
} from '@troupe/executor';
import {
  type Bench,
  create,
  createBench,
  failure,
  fatal,
  hostile,
  look,
  settled,
  start,
  steps,
  success,
  tasks,
  Volume,
  work,
} from './bench/index.ts';

const v1 = { kind: 'volume', id: 'v1' };

/** A plan with every node in it. */
const everything = chain(
  step('first', work, {}, { transition: 'beginUpdating', after: '10s' }),
  throttled(
    { scope: 'p', need: { x: 2 } },
    attempt({
      body: chain(
        group(
          { policy: 'waitAll' },
          step('g1', work, {}),
          poll('g2', look, { until: { done: true } }),
          chain(step('g3', work, {}), wait('pause', { for: '20s' })),
        ),
        giveBack({ x: 1 }),
        throttled({ scope: 'q', need: { y: 1 } }, step('nested', work, {})),
      ),
      catch: [{ code: 'any', do: step('handler', work, {}) }],
      finally: step('finally', work, {}),
    }),
  ),
  child('c', 'inner', { resource: { kind: 'volume', id: 'v2' } }),
  transition(undefined, { from: ['UPDATING'], to: 'UPDATING' }, { runtimeState: 'in-use' }),
  step('last', work, {}),
);

function setup(faults: object): Bench {
  const inner = createExecutor({
    name: 'inner',
    family: 'update',
    resource: Volume,
    plan: () => chain(step('i1', work, {}), throttled({ scope: 'p', need: { x: 1 } }, step('i2', work, {}))),
  });
  const outer = createExecutor({ name: 'outer', family: 'update', resource: Volume, plan: () => everything });
  const bench = createBench({ executors: [outer, inner], tasks, limits: { p: { x: 2 } }, ...faults });
  bench.store.put('volume', 'v1', { state: 'OK' });
  bench.store.put('volume', 'v2', { state: 'OK' });
  bench.on('look', (message) => success({ done: message.attempt === 3 }));
  return bench;
}

/** Messages until the operation has ended by itself. */
async function length(faults: object): Promise<number> {
  const bench = setup(faults);
  const id = await bench.command('outer', { resource: v1 });
  let n = 0;
  while (bench.step()) n++;
  expect(bench.view(id).outcome).to.equal('succeeded');
  return n;
}

describe('a cancel while something is being made', () => {
  const plan = chain(
    throttled({ scope: 'p', need: { x: 1 } }, undoable(step('make', create, {}), step('drop', work, {}))),
    step('after', work, {}),
  );
  const begin = async (faults: object) => {
    const executor = createExecutor({ name: 'test', family: 'create', resource: Volume, plan: () => plan });
    const bench = createBench({ executors: [executor], tasks, limits: { p: { x: 1 } }, ...faults });
    bench.store.put('volume', 'v1', { state: 'CREATION_SCHEDULED' });
    const id = await bench.command('test', { resource: v1 });
    return { bench, id };
  };

  for (const { name, faults } of hostile(3)) {
    it(`waits for its outcome under the lease: what was made all the same is known and taken back, ${name}`, async () => {
      const { bench, id } = await begin(faults);
      bench.on('create', () => ({ outcome: { kind: 'succeeded', output: null, patch: { backendId: 'b-1' } }, afterMs: 5_000 }));
      bench.run(() => steps(bench).includes('make'));
      bench.cancel(id);
      bench.run(() => bench.seen(id)?.status === 'cancelling');
      expect(bench.scopes.held).to.have.length(1);
      bench.run();
      expect(bench.view(id).outcome).to.equal('cancelled');
      expect(steps(bench)).to.deep.equal(['make', 'drop']);
      expect(bench.record('volume', 'v1')).to.deep.include({ state: 'ERRED', backendId: 'b-1' });
      settled(bench);
    });

    it(`ends when the attempt was given up, ${name}`, async () => {
      const { bench, id } = await begin(faults);
      bench.on('create', () => ({ outcome: { kind: 'cancelled' }, afterMs: 5_000 }));
      bench.run(() => steps(bench).includes('make'));
      bench.cancel(id);
      bench.run();
      expect(bench.view(id).outcome).to.equal('cancelled');
      expect(steps(bench)).to.deep.equal(['make']);
      settled(bench);
    });

    it(`does not wait for ever for an attempt that never began, ${name}`, async () => {
      const { bench, id } = await begin(faults);
      bench.on('create', () => 'lost');
      bench.run(() => steps(bench).includes('make'));
      const before = bench.now;
      bench.cancel(id);
      bench.run();
      expect(bench.view(id).outcome).to.equal('cancelled');
      expect(bench.view(id).endedAt! - before).to.be.within(1, 60_000);
      settled(bench);
    });
  }
});

describe('a cancel', () => {
  for (const faults of [{}, { rebuild: true }, { twice: true, rebuild: true }, { lateCancels: true, rebuild: true }]) {
    it(`at every point leaves nothing behind, ${JSON.stringify(faults)}`, async () => {
      const all = await length(faults);
      for (let at = 1; at < all; at++) {
        const bench = setup(faults);
        const id = await bench.command('outer', { resource: v1 });
        for (let i = 0; i < at; i++) bench.step();
        bench.cancel(id);
        bench.cancel(id);
        bench.run();
        const view = bench.view(id);
        expect(view.outcome, `cancelled at ${at}`).to.be.oneOf(['cancelled', 'succeeded']);
        settled(bench);
        const record = bench.record('volume', 'v1')!;
        if (view.outcome === 'succeeded') expect(record.state).to.equal('OK');
        else if (record.state === 'ERRED') expect(record.error).to.include({ code: 'cancelled' });
        else expect(record, `cancelled at ${at}`).to.include({ state: 'OK', error: null });
        expect(bench.record('volume', 'v2')?.currentOperation).to.equal(null);
      }
    }).timeout(60_000);
  }

  it('in any order of messages, from any seed, leaves nothing behind', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: 120 }), fc.boolean(), async (seed, at, lateCancels) => {
        const bench = setup({ twice: true, shuffle: true, rebuild: true, lateCancels, seed });
        const id = await bench.command('outer', { resource: v1 });
        for (let i = 0; i < at; i++) bench.step();
        bench.cancel(id);
        bench.run();
        expect(bench.view(id).outcome).to.be.oneOf(['cancelled', 'succeeded']);
        settled(bench);
      }),
      { numRuns: 60, seed: 42 },
    );
  }).timeout(60_000);

  it('before any step has started puts the resource back as it was', async () => {
    const executor = createExecutor({
      name: 'test',
      family: 'action',
      action: 'go',
      resource: Volume,
      plan: () => throttled({ scope: 'p', need: { x: 1 } }, step('a', work, {})),
    });
    const bench = createBench({ executors: [executor], tasks });
    bench.store.put('volume', 'v1', { state: 'ERRED', error: { code: 'old', message: 'old' } });
    bench.scopes.pause();
    const id = await bench.command('test', { resource: v1 });
    bench.run(() => bench.scopes.waiting.length === 1);
    bench.cancel(id);
    bench.run();
    expect(bench.record('volume', 'v1')).to.deep.include({
      state: 'ERRED',
      error: { code: 'old', message: 'old' },
      action: '',
      currentOperation: null,
    });
    expect(bench.view(id).outcome).to.equal('cancelled');
    settled(bench);
  });

  it('of a Create that never started leaves the resource, or removes it if told to', async () => {
    for (const [ends, state] of [
      [{}, 'CREATION_SCHEDULED'],
      [{ neverStarted: 'remove' }, undefined],
    ] as [EndRules, string | undefined][]) {
      const executor = createExecutor({
        name: 'test',
        family: 'create',
        ends,
        resource: Volume,
        plan: () => chain(wait('w', { for: '1h' }), step('a', work, {})),
      });
      const bench = createBench({ executors: [executor], tasks });
      bench.store.put('volume', 'v1');
      const id = await bench.command('test', { resource: v1 });
      bench.step();
      bench.cancel(id);
      bench.run();
      expect(bench.record('volume', 'v1')?.state).to.equal(state);
      settled(bench);
    }
  });

  it('makes what the worker has done in vain stale: the epoch is raised', async () => {
    const executor = createExecutor({ name: 'test', family: 'update', resource: Volume, plan: () => step('a', work, {}) });
    const bench = createBench({ executors: [executor], tasks });
    bench.store.put('volume', 'v1', { state: 'OK' });
    bench.on('work', () => 'lost');
    const id = await bench.command('test', { resource: v1 });
    bench.run(() => bench.workers.lost.length === 1);
    const { message } = bench.workers.sent[0]!;
    bench.cancel(id);
    bench.run(() => bench.view(id).outcome !== undefined);
    expect(bench.signals).to.deep.equal([{ cancel: `${id}:a:1` }]);
    expect(bench.record('volume', 'v1')).to.include({ state: 'ERRED' });
    expect(bench.record('volume', 'v1')!.epoch).to.be.greaterThan(message.fence!.epoch);
    const before = JSON.stringify(bench.root(id));
    bench.workers.answer(message, success());
    bench.run();
    expect(JSON.stringify(bench.root(id))).to.equal(before);
  });

  it('of an ended operation, or of none, changes nothing', async () => {
    const { bench, id } = await start(step('a', work, {}));
    bench.run();
    const before = JSON.stringify(bench.root(id));
    bench.cancel(id);
    bench.cancel('nobody');
    bench.run();
    expect(JSON.stringify(bench.root(id))).to.equal(before);
    expect(bench.entities.get('nobody')?.root).to.equal(undefined);
  });
});

describe('the deadline of an operation', () => {
  it('ends it as failed, after the handlers of its end', async () => {
    const plan = attempt({ body: step('a', work, {}), finally: step('finally', look, {}) });
    const { bench, id } = await start(plan, { rebuild: true, executor: { deadline: '15m' } });
    bench.on('work', () => 'lost');
    bench.run();
    expect(bench.view(id)).to.include({ outcome: 'failed' });
    expect(bench.view(id).error).to.include({ code: 'deadline_exceeded' });
    expect(steps(bench)).to.deep.equal(['a', 'finally']);
    settled(bench);
  });
});

describe('whatever a plan does', () => {
  const leaf = fc.nat({ max: 1e6 }).map((n) => step(`s${n}`, work, {}));
  const tree = fc.letrec<{ node: ReturnType<typeof chain> | ReturnType<typeof step> }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie('node'), { maxLength: 4 }).map((nodes) => chain(...nodes)),
      fc
        .tuple(fc.array(tie('node'), { maxLength: 5 }), fc.boolean(), fc.integer({ min: 1, max: 3 }))
        .map(([nodes, all, window]) => group({ policy: all ? 'waitAll' : 'failFast', window }, ...nodes) as never),
      fc
        .tuple(tie('node'), tie('node'), tie('node'), fc.boolean())
        .map(
          ([body, handler, last, any]) => attempt({ body, catch: [{ code: any ? 'any' : 'odd', do: handler }], finally: last }) as never,
        ),
      tie('node').map((inner) => throttled({ scope: 'p', need: { x: 1 } }, inner) as never),
    ),
  }));

  it('it comes to one end, once, and leaves nothing behind', async () => {
    await fc.assert(
      fc.asyncProperty(tree.node, fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 0, max: 60 }), async (node, seed, cancelAt) => {
        const { bench, id } = await start(unique(node), {
          twice: seed % 2 === 0,
          shuffle: true,
          rebuild: seed % 3 !== 0,
          lateCancels: seed % 5 === 0,
          seed,
          limits: { p: { x: 2 } },
        });
        bench.on('work', (message) => {
          const dice = (seed * 31 + [...`${message.step}`].reduce((sum, c) => sum * 7 + c.charCodeAt(0), 0) + message.attempt) % 10;
          return dice === 0
            ? fatal('odd')
            : dice === 1
              ? fatal('even')
              : dice < 4
                ? failure('flaky')
                : { outcome: success({ dice }), afterMs: dice * 100 };
        });
        if (cancelAt > 40) {
          for (let i = 0; i < cancelAt - 40; i++) bench.step();
          bench.cancel(id);
        }
        bench.run();
        expect(bench.view(id).outcome).to.be.oneOf(['succeeded', 'failed', 'cancelled']);
        expect(bench.answers.filter((one) => one.answer === 'ended')).to.have.length(1);
        expect(bench.scopes.peak('p', 'x')).to.be.at.most(2);
        settled(bench);
      }),
      { numRuns: 150, seed: 7 },
    );
  }).timeout(120_000);
});

/** Gives the steps of a generated plan ids of their own. */
function unique<T>(node: T): T {
  let n = 0;
  const visit = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(visit);
    if (typeof value !== 'object' || value === null) return value;
    if ('type' in value && value.type === 'step') return { ...value, id: `n${n++}` };
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, visit(inner)]));
  };
  return visit(node) as T;
}
