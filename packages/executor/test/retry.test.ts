import { expect } from 'chai';
import {
  attempt,
  chain,
  child,
  createExecutor,
  createPlanner,
  expand,
  giveBack,
  group,
  type PlanNode,
  poll,
  ref,
  step,
  throttled,
  undoable,
  wait,
} from '@troupe/executor';
import { type Bench, createBench, fatal, hostile, look, once, settled, start, steps, success, tasks, Volume, work } from './bench/index.ts';

const v1 = { kind: 'volume', id: 'v1' };
const again = (bench: Bench, key: string, body: object = {}): void => bench.mail(key, 'verb.retry', body, 'verb');

/** Every step fails for good as long as it is in `broken`. */
function breaking(bench: Bench, ...ids: string[]): Set<string> {
  const broken = new Set(ids);
  const handler = ({ step: id }: { step?: string }) => (broken.has(id!) ? fatal(`${id}-broke`) : success(id!));
  for (const task of ['work', 'once']) bench.on(task, handler as never);
  return broken;
}

/** How often each step was sent. */
function sent(bench: Bench): Record<string, number> {
  const out: Record<string, number> = {};
  for (const { message } of bench.workers.sent) out[message.step!] = (out[message.step!] ?? 0) + 1;
  return out;
}

const s = (id: string): PlanNode => step(id, work, {});

describe('a retry', () => {
  for (const { name, faults } of hostile(4)) {
    it(`goes on from the failed step, under the outputs that it had, ${name}`, async () => {
      const { bench, id } = await start(chain(s('a'), s('b'), step('c', work, { from: ref('a') })), faults);
      const broken = breaking(bench, 'b');
      bench.run();
      expect(bench.view(id)).to.deep.include({ outcome: 'failed', isRetryable: true, steps: { done: 2, total: 3 } });
      broken.clear();
      again(bench, id, { by: 'ann' });
      bench.run();
      expect(bench.view(id)).to.deep.include({ outcome: 'succeeded', steps: { done: 3, total: 3 } });
      expect(bench.view(id)).not.to.have.any.keys('error', 'failedStep', 'isRetryable');
      expect(sent(bench)).to.include({ a: sent(bench)['a'], c: 1 });
      expect(bench.workers.sent.filter(({ message }) => message.step === 'b').map(({ message }) => message.attempt)).to.deep.equal([1, 2]);
      expect(bench.workers.sent.at(-1)?.message.input).to.deep.equal({ from: 'a' });
      expect(bench.view(id).log.map(({ error }) => error.code)).to.include('b-broke');
      settled(bench);
    });

    it(`of a group runs again what failed, was stopped or was not started, and nothing else, ${name}`, async () => {
      const plan = chain(group({ window: 3 }, s('a'), s('b'), step('slow', look, {}), s('d'), s('e')), s('after'));
      const { bench, id } = await start(plan, faults);
      bench.on('work', ({ step: of }) => ({ outcome: of === 'b' ? fatal('broken') : success(), afterMs: of === 'b' ? 1_000 : 0 }));
      bench.on('look', () => 'lost');
      bench.run();
      const before = steps(bench);
      breaking(bench);
      bench.on('look', () => success());
      const done = new Set(before.filter((one) => one !== 'b' && one !== 'slow'));
      const counts = sent(bench);
      again(bench, id);
      bench.run();
      expect(bench.view(id)).to.deep.include({ outcome: 'succeeded', steps: { done: 6, total: 6 } });
      for (const one of done) expect(sent(bench)[one], one).to.equal(counts[one]);
      expect(sent(bench)).to.include({ b: 2, slow: 2, after: 1 });
      settled(bench);
    });

    it(`takes its resource as it was, and its lease anew, ${name}`, async () => {
      const plan = throttled({ scope: 'p', need: { x: 2 } }, s('a'), giveBack({ x: 1 }), s('b'));
      const executor = createExecutor({ name: 'test', family: 'create', resource: Volume, plan: () => plan });
      const bench = createBench({ tasks, executors: [executor], limits: { p: { x: 2 } }, ...faults });
      bench.store.put('volume', 'v1', { state: 'CREATION_SCHEDULED' });
      const broken = breaking(bench, 'b');
      const id = await bench.command('test', { resource: v1 });
      bench.run();
      expect(bench.record('volume', 'v1')).to.include({ state: 'ERRED' });
      broken.clear();
      again(bench, id);
      bench.run();
      expect(bench.view(id).outcome).to.equal('succeeded');
      expect(bench.record('volume', 'v1')).to.deep.include({ state: 'OK', error: null, currentOperation: null });
      expect(bench.store.history('volume', 'v1')).to.deep.equal(['CREATION_SCHEDULED', 'CREATING', 'ERRED', 'CREATING', 'OK']);
      settled(bench);
    });

    it(`tells its children, which go on where they stood, ${name}`, async () => {
      const inner = createExecutor({ name: 'inner', family: 'update', resource: Volume, plan: () => chain(s('i1'), s('i2')) });
      const outer = createExecutor({ name: 'test', family: 'free', plan: () => chain(child('c', 'inner', { resource: v1 }), s('after')) });
      const bench = createBench({ tasks, executors: [outer, inner], ...faults });
      bench.store.put('volume', 'v1', { state: 'OK' });
      const broken = breaking(bench, 'i2');
      const id = await bench.command('test');
      bench.run();
      expect(bench.view(id)).to.include({ outcome: 'failed' });
      broken.clear();
      again(bench, id);
      bench.run();
      expect(bench.view(id).outcome).to.equal('succeeded');
      expect(sent(bench)).to.deep.equal({ i1: 1, i2: 2, after: 1 });
      expect(bench.record('volume', 'v1')).to.deep.include({ state: 'OK', currentOperation: null });
      settled(bench);
    });
  }

  it('goes on from whichever task failed first, and repeats nothing that was done', async () => {
    const part = createPlanner({ name: 'part', plan: () => group({ policy: 'waitAll' }, s('e1'), chain(s('e2'), s('e3'))) });
    const plan = chain(
      s('a'),
      throttled(
        { scope: 'p', need: { x: 1 } },
        group({ policy: 'waitAll' }, s('g1'), chain(s('g2'), wait('w', { for: '1s' }), s('g3'))),
        expand('part', part),
      ),
      attempt({ body: chain(s('t1'), s('t2')), catch: [{ code: 'never', do: s('handler') }], finally: s('finally') }),
      child('c', 'inner'),
      s('last'),
    );
    const inner = createExecutor({ name: 'inner', family: 'free', plan: () => chain(s('i1'), s('i2')) });
    const outer = createExecutor({ name: 'test', family: 'free', plan: () => plan });
    for (let nth = 1; ; nth++) {
      const bench = createBench({ tasks, executors: [outer, inner], planners: [part], rebuild: true });
      let count = 0;
      const good: Record<string, number> = {};
      bench.on('work', ({ step: id }) => {
        if (++count === nth) return fatal('broken');
        good[id!] = (good[id!] ?? 0) + 1;
        return success();
      });
      const id = await bench.command('test');
      bench.run();
      const failed = bench.view(id).outcome === 'failed';
      if (failed) again(bench, id);
      bench.run();
      expect(bench.view(id).outcome, `with task ${nth} failing`).to.equal('succeeded');
      const { finally: cleanups, ...others } = good;
      expect(Object.values(others), `with task ${nth} failing: ${JSON.stringify(good)}`).to.deep.equal(Object.values(others).map(() => 1));
      expect(Object.keys(others)).to.have.length(12);
      expect(cleanups).to.be.within(1, 2);
      settled(bench);
      if (!failed) break;
      expect(nth).to.be.below(20);
    }
  });

  it('may fail again and be retried again', async () => {
    const { bench, id } = await start(chain(s('a'), s('b'), s('c')));
    const broken = breaking(bench, 'b', 'c');
    bench.run();
    for (const fixed of ['nothing', 'b', 'c']) {
      broken.delete(fixed);
      again(bench, id);
      bench.run();
    }
    expect(bench.view(id).outcome).to.equal('succeeded');
    expect(sent(bench)).to.deep.equal({ a: 1, b: 3, c: 2 });
    settled(bench);
  });

  it('goes on after a cancel and after a kill', async () => {
    for (const verb of ['cancel', 'kill']) {
      const { bench, id } = await start(chain(s('a'), group({}, step('l1', look, {}), wait('w', { for: '1h' })), s('after')));
      bench.on('look', () => 'lost');
      bench.run(() => steps(bench).includes('l1'));
      bench.mail(id, `verb.${verb}`, {}, 'verb');
      bench.run();
      expect(bench.view(id).isRetryable, verb).to.equal(true);
      bench.on('look', () => success());
      again(bench, id);
      bench.run();
      expect(bench.view(id).outcome, verb).to.equal('succeeded');
      expect(sent(bench), verb).to.deep.equal({ a: 1, l1: 2, after: 1 });
      settled(bench);
    }
  });

  it('may pass over the failed step', async () => {
    const { bench, id } = await start(chain(s('a'), s('b'), step('c', work, ref('b.id'))));
    breaking(bench, 'b');
    bench.run();
    again(bench, id, { step: 'b', output: { id: 'by-hand' } });
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
    expect(sent(bench)).to.deep.equal({ a: 1, b: 1, c: 1 });
    expect(bench.workers.sent.at(-1)?.message.input).to.equal('by-hand');
    expect(bench.view(id).audit?.[0]).to.include({ verb: 'retry', step: 'b' });
  });

  it('gives a poll its whole time again', async () => {
    const { bench, id } = await start(poll('p', look, { until: { done: true }, every: '1m', for: '10m' }));
    bench.on('look', ({ attempt: n }) => success({ done: n > 15 }));
    bench.run();
    expect(bench.view(id).error?.code).to.equal('poll_timeout');
    again(bench, id);
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
  });

  it('of a step that may have happened looks first', async () => {
    const { bench, id } = await start(step('o', once, {}));
    bench.on('once', ({ reconcile }) => ({
      kind: 'unknown',
      error: { code: 'worker_lost', message: reconcile === true ? 'cannot tell' : 'gone' },
    }));
    bench.run();
    expect(bench.view(id).error?.code).to.equal('outcome_unknown');
    bench.on('once', ({ reconcile }) => (reconcile === true ? success('found') : fatal('ran blindly')));
    again(bench, id);
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
  });

  it('finds a large input and large outputs again', async () => {
    const { bench, id } = await start(chain(s('a'), s('b'), step('c', work, ref('a'))));
    const large = 'x'.repeat(50_000);
    let broken = true;
    bench.on('work', ({ step: of }) => (of === 'b' && broken ? fatal('broken') : success(of === 'a' ? large : null)));
    bench.run();
    broken = false;
    again(bench, id);
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
    expect(bench.workers.sent.at(-1)?.message.input).to.equal(large);
    settled(bench);
  });
});

describe('a retry is refused', () => {
  const volumes = async (plan: PlanNode = chain(s('a'), s('b'))) => {
    const executor = createExecutor({ name: 'test', family: 'update', resource: Volume, plan: () => plan });
    const other = createExecutor({ name: 'other', family: 'update', resource: Volume, plan: () => s('o') });
    const bench = createBench({ tasks, executors: [executor, other] });
    bench.store.put('volume', 'v1', { state: 'OK' });
    const broken = breaking(bench, 'b');
    const id = await bench.command('test', { resource: v1 });
    bench.run();
    broken.clear();
    return { bench, id };
  };
  const refusal = (bench: Bench): unknown =>
    bench.events
      .filter(({ topic }) => topic.at(-1) === 'retryRefused')
      .map(({ body }) => (body as { error: { message: string } }).error.message);

  it('if another operation has had the resource since; then everything stays as it was', async () => {
    const { bench, id } = await volumes();
    await bench.command('other', { id: 'o', resource: v1 });
    bench.run();
    const before = bench.record('volume', 'v1');
    again(bench, id);
    bench.run();
    expect(refusal(bench)).to.deep.equal(['another operation has had volume v1 since']);
    expect(bench.view(id)).to.include({ outcome: 'failed', isRetryable: true });
    expect(bench.view(id).error?.code).to.equal('b-broke');
    expect(bench.record('volume', 'v1')).to.deep.include({ state: before?.state, error: before?.error, currentOperation: null });
    settled(bench);
  });

  it('while another one has it, and can be asked for again', async () => {
    const { bench, id } = await volumes();
    bench.store.seize('volume', 'v1', 'somebody');
    again(bench, id);
    bench.run();
    expect(refusal(bench)).to.deep.equal(['volume v1 is ERRED, owned by operation somebody']);
    expect(bench.view(id)).to.include({ outcome: 'failed', isRetryable: true });
  });

  it('if the resource is gone', async () => {
    const { bench, id } = await volumes();
    bench.store.vanish('volume', 'v1');
    again(bench, id);
    bench.run();
    expect(refusal(bench)).to.deep.equal(['there is no volume v1']);
    expect(bench.view(id).outcome).to.equal('failed');
    settled(bench);
  });

  it('if what it did was taken back', async () => {
    const { bench, id } = await volumes(chain(undoable(s('a'), s('un-a')), s('b')));
    again(bench, id);
    bench.run();
    expect(refusal(bench)).to.deep.equal(['retry: what it did was taken back: send the command again']);
    expect(bench.view(id).isRetryable).to.equal(undefined);
  });

  it('of a child alone, and a parent is told when its child cannot', async () => {
    const inner = createExecutor({ name: 'inner', family: 'free', plan: () => chain(undoable(s('i1'), s('un-i1')), s('b')) });
    const outer = createExecutor({ name: 'test', family: 'free', plan: () => child('c', 'inner') });
    const bench = createBench({ tasks, executors: [outer, inner] });
    const broken = breaking(bench, 'b');
    const id = await bench.command('test');
    bench.run();
    broken.clear();
    again(bench, `${id}.0`);
    bench.run();
    expect(refusal(bench)).to.deep.equal([`retry: it is a part of operation ${id}: retry that one`]);
    again(bench, id);
    bench.run();
    expect(bench.view(id)).to.include({ outcome: 'failed' });
    expect(refusal(bench)).to.have.length(2);
    settled(bench);
  });

  it('if it ended well, and means nothing while it runs', async () => {
    const { bench, id } = await start(chain(s('a'), s('b')));
    bench.on('work', () => ({ outcome: success(), afterMs: 1_000 }));
    bench.run(() => steps(bench).includes('a'));
    again(bench, id);
    bench.run();
    again(bench, id);
    bench.run();
    expect(refusal(bench)).to.deep.equal(['retry: it ended succeeded']);
    expect(sent(bench)).to.deep.equal({ a: 1, b: 1 });
  });

  it('if no host knows the executor any more', async () => {
    const { bench, id } = await volumes();
    bench.deploy({ executors: [] });
    again(bench, id);
    bench.run();
    expect(refusal(bench)).to.deep.equal(['retry: no host here knows the executor test']);
  });
});
