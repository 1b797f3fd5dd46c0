import { expect } from 'chai';
import {
  chain,
  child,
  createExecutor,
  explainOperation,
  type ExplainLookups,
  type Explanation,
  group,
  type PlanNode,
  poll,
  step,
  throttled,
  wait,
  wantsAttempt,
} from '@troupe/executor';
import { operationView } from '@troupe/executor';
import { type Bench, createBench, failure, free, look, START, start, success, tasks, Volume, work } from './bench/index.ts';

const v1 = { kind: 'volume', id: 'v1' };

async function explain(bench: Bench, id: string, lookups: Partial<ExplainLookups> = {}): Promise<Explanation> {
  const { root, items } = bench.entities.get(id)!;
  return explainOperation(id, { root: root!, items }, { now: bench.now, ...lookups });
}

/** Runs until it waits for something and nothing but time could change that. */
async function waiting(plan: PlanNode, more: Parameters<typeof start>[1] = {}): Promise<{ bench: Bench; id: string }> {
  const run = await start(plan, more);
  run.bench.on('work', () => 'lost');
  run.bench.on('look', () => success({ done: false }, { runtimeState: 'creating' }));
  return run;
}

describe('the explanation of an operation', () => {
  it('names the task, its attempt, and since when it is queued or running', async () => {
    const { bench, id } = await waiting(step('a', work, {}));
    bench.run(() => bench.workers.lost.length > 0);
    const { waits, summary } = await explain(bench, id, { now: START + 65_000 });
    expect(waits).to.have.length(1);
    expect(waits[0]).to.deep.include({
      path: '0',
      name: 'a',
      on: 'task',
      attempt: 1,
      sinceMs: 65_000,
      sentence: 'a is queued or running as task work since 1m05, attempt 1 of 5',
    });
    expect(summary).to.match(/^running, 0 of 1 steps, .* to its deadline: a is queued or running/);
  });

  it('names the next attempt, and what went wrong with the last', async () => {
    const { bench, id } = await start(step('a', work, {}));
    bench.on('work', () => failure('flaky', { message: 'connection reset' }));
    bench.run(() => bench.entities.has(id) && bench.view(id).current[0]?.phase === 'retry');
    const { waits } = await explain(bench, id);
    expect(waits[0]).to.deep.include({ on: 'timer', sentence: 'a tries again after attempt 1 of 5 failed: connection reset' });
  });

  it('names the start delay and the pause', async () => {
    const { bench, id } = await start(group({}, step('a', work, {}, { after: '30s' }), wait('w', { for: '2m' })));
    bench.step();
    const { waits } = await explain(bench, id, { now: START + 10_000 });
    expect(waits.map((one) => ({ on: one.on, until: (one as { until?: number }).until, sentence: one.sentence }))).to.deep.equal([
      { on: 'timer', until: START + 30_000, sentence: 'a starts after its delay' },
      { on: 'timer', until: START + 120_000, sentence: 'w pauses for another 1m50' },
    ]);
  });

  it('names the poll: its goal, how many looks, what it saw last, and when it gives up', async () => {
    const { bench, id } = await waiting(poll('ready', look, { until: { runtimeState: ['available'] }, for: '10m' }));
    bench.run(() => bench.now - START >= 60_000);
    const { waits } = await explain(bench, id);
    expect(waits[0]?.sentence).to.match(/^ready polls for available since 1m, 12 looks so far, last seen creating; gives up in 9m$/);
    expect(waits[0]).to.include({ deadline: START + 600_000 });
  });

  it('names the lease that it waits for, completed by who knows the scope', async () => {
    const { bench, id } = await waiting(throttled({ scope: 'p/t', need: { instance: 1, volume: 2 } }, step('a', work, {})));
    bench.scopes.pause();
    bench.run(() => bench.scopes.waiting.length > 0);
    const asked: unknown[] = [];
    const { waits } = await explain(bench, id, { lease: (one) => (asked.push(one), 'position 3, 2 volume missing, held by op-7') });
    expect(asked).to.deep.equal([{ lease: `${id}:0`, scope: 'p/t', need: { instance: 1, volume: 2 } }]);
    expect(waits[0]).to.deep.include({
      on: 'lease',
      sentence: 'waits since 0ms for 1 instance and 2 volume of p/t: position 3, 2 volume missing, held by op-7',
    });
  });

  it('names what it holds meanwhile, without what it gave back', async () => {
    const { bench, id } = await waiting(
      throttled({ scope: 'p', need: { x: 2 } }, { type: 'giveBack', need: { x: 1 } }, step('a', work, {})),
    );
    bench.run(() => bench.workers.lost.length > 0);
    const { holds } = await explain(bench, id);
    expect(holds).to.deep.equal([{ lease: `${id}:0`, scope: 'p', need: { x: 1 }, since: START }]);
  });

  it('names the child, and the resource that is waited for with its owner', async () => {
    const inner = createExecutor({ name: 'inner', family: 'update', resource: Volume, plan: () => step('in', work, {}) });
    const bench = createBench({
      executors: [free(group({}, child('c', inner, { resource: v1 }), wait('w', { resource: v1, deadline: '1h' }))), inner],
      tasks,
    });
    bench.store.put('volume', 'v1', { state: 'OK' });
    bench.on('work', () => 'lost');
    const id = await bench.command('test', { id: 'op' });
    bench.run(() => bench.workers.lost.length > 0);
    const { waits } = await explain(bench, id, { operation: (other) => (other === 'op.0.0' ? 'running its first step' : undefined) });
    expect(waits[0]).to.deep.include({
      on: 'child',
      operation: 'op.0.0',
      sentence: 'c runs since 0ms as operation op.0.0 (inner): running its first step',
    });
  });

  it('names the operation that owns what a child waits to take', async () => {
    const inner = createExecutor({ name: 'inner', family: 'update', resource: Volume, plan: () => step('in', work, {}) });
    const bench = createBench({ executors: [free(child('c', inner, { resource: v1 })), inner], tasks });
    bench.store.put('volume', 'v1', { state: 'OK' });
    bench.on('work', () => 'lost');
    await bench.command('inner', { id: 'owner', resource: v1 });
    await bench.command('test', { id: 'op' });
    bench.run(() => bench.workers.lost.length > 0 && bench.entities.has('op.0') && bench.root('owner').progress.watchers !== undefined);
    const { waits, view } = await explain(bench, 'op.0');
    expect(view.status).to.equal('accepting');
    expect(waits[0]).to.deep.include({ on: 'operation', operation: 'owner', sentence: 'waits for volume v1, which operation owner owns' });
  });

  it('says how it ended', async () => {
    const { bench, id } = await start(step('a', work, {}, { retry: { attempts: 1 } }));
    bench.on('work', () => failure('broken', { message: 'no space left' }));
    bench.run();
    const { summary, waits } = await explain(bench, id);
    expect(summary).to.equal('ended failed: no space left');
    expect(waits).to.deep.equal([]);
  });

  it('counts what else it waits for', async () => {
    const { bench, id } = await waiting(group({}, step('a', work, {}), step('b', work, {}), step('c', work, {})));
    bench.run(() => bench.workers.lost.length === 3);
    expect((await explain(bench, id)).summary).to.match(/\(and 2 more\)$/);
  });
});

describe('the view of an operation', () => {
  it('is read from the stored record alone', async () => {
    const { bench, id } = await waiting(chain(step('a', look, {}), step('b', work, {})));
    bench.run(() => bench.workers.lost.length > 0);
    const { root, items } = bench.entities.get(id)!;
    const view = operationView(id, { root: JSON.parse(JSON.stringify(root)), items });
    expect(view).to.deep.include({
      id,
      executor: 'test',
      status: 'running',
      class: 'regular',
      resources: [],
      steps: { done: 1, total: 2 },
    });
    expect(view.current).to.deep.equal([
      { path: '0.1', type: 'step', name: 'b', phase: 'run', since: START, attempt: 1, deadline: view.current[0]?.deadline },
    ]);
    expect(view.deadline).to.be.greaterThan(START);
    expect(view).not.to.have.any.keys('outcome', 'error', 'endedAt', 'output');
  });

  it('shows a cancel that waits for its handlers', async () => {
    const { bench, id } = await waiting({ type: 'attempt', body: step('a', work, {}), finally: step('f', work, {}) });
    bench.run(() => bench.workers.lost.length > 0);
    bench.cancel(id);
    bench.run(() => bench.workers.lost.length > 1);
    expect(bench.view(id)).to.include({ status: 'cancelling' });
    expect(bench.view(id).error).to.include({ code: 'cancelled' });
  });

  it('keeps what matters for a week after the end, and is small', async () => {
    const executor = createExecutor({
      name: 'test',
      family: 'update',
      resource: Volume,
      plan: () => step('a', look, {}),
      output: { state: 'fine', big: 'x'.repeat(100) },
    });
    const bench = createBench({ executors: [executor], tasks });
    bench.store.put('volume', 'v1', { state: 'OK' });
    const id = await bench.command('test', { resource: v1 });
    bench.run();
    expect(bench.view(id)).to.deep.include({
      status: 'ended',
      outcome: 'succeeded',
      output: { state: 'fine', big: 'x'.repeat(100) },
      endedAt: START,
    });
    expect(JSON.stringify(bench.root(id)).length).to.be.lessThan(1_000);
  });
});

describe('whether an attempt is still wanted', () => {
  it('is told by the root alone', async () => {
    const { bench, id } = await start(group({}, step('a', work, {}), poll('p', look, { until: { done: true } })));
    bench.on('work', (message) => (message.attempt === 1 ? failure() : 'lost'));
    bench.on('look', () => 'lost');
    bench.run(() => bench.workers.lost.length === 2);
    const [a1, p1] = bench.workers.sent.map(({ message }) => message);
    const a2 = bench.workers.sent[2]!.message;
    const root = bench.entities.get(id)!.root;
    expect(wantsAttempt(root, a2)).to.equal(true);
    expect(wantsAttempt(root, p1!)).to.equal(true);
    expect(wantsAttempt(root, a1!)).to.equal(false);
    expect(wantsAttempt(root, { ...a2, token: 'forged' })).to.equal(false);
    expect(wantsAttempt(root, { attempt: 2, token: a2.token })).to.equal(false);
    expect(wantsAttempt(undefined, a2)).to.equal(false);
    bench.cancel(id);
    bench.run();
    expect(wantsAttempt(bench.entities.get(id)!.root, a2)).to.equal(false);
  });
});
