import { expect } from 'chai';
import { attempt, chain, child, createExecutor, group, nothing, poll, ref, step, throttled, undoable, wait } from '@troupe/executor';
import {
  type Bench,
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

const HOUR = 3_600_000;
const send = (bench: Bench, key: string, verb: string, body: object = {}): void => bench.mail(key, `verb.${verb}`, body, 'verb');
/** Work ends after a second. */
const slow = (bench: Bench): void => bench.on('work', () => ({ outcome: success(), afterMs: 1_000 }));
const isPaused = (bench: Bench, id: string) => (): boolean => bench.seen(id)?.status === 'paused';

/** Lets virtual time pass although the operation does nothing. */
function pass(bench: Bench, ms: number): void {
  const until = bench.now + ms;
  bench.later(until, 'nobody');
  bench.run(() => bench.now >= until);
}

describe('a pause', () => {
  for (const { name, faults } of hostile(3)) {
    it(`lets what runs end, starts nothing, and goes on where it was, ${name}`, async () => {
      const { bench, id } = await start(chain(step('a', work, {}), step('b', work, {}), step('c', work, {})), faults);
      slow(bench);
      bench.run(() => steps(bench).includes('a'));
      send(bench, id, 'pause', { by: 'ann', reason: 'maintenance' });
      pass(bench, HOUR);
      expect(steps(bench)).to.deep.equal(['a']);
      expect(bench.view(id)).to.deep.include({ status: 'paused', steps: { done: 1, total: 3 } });
      expect(bench.view(id).paused).to.include({ by: 'ann', reason: 'maintenance' });
      send(bench, id, 'resume');
      bench.run();
      expect(steps(bench)).to.deep.equal(['a', 'b', 'c']);
      expect(bench.view(id).outcome).to.equal('succeeded');
      settled(bench);
    });

    it(`holds retries, looks and members of groups as well, ${name}`, async () => {
      const plan = group(
        {},
        step('r', work, {}),
        poll('p', look, { until: { done: true }, every: '1m' }),
        chain(wait('w', { for: '10s' }), step('x', work, {})),
      );
      const { bench, id } = await start(plan, faults);
      bench.on('work', ({ attempt: n, step: of }) => (of === 'r' && n === 1 ? failure('busy') : success()));
      bench.on('look', ({ attempt: n }) => success({ done: n === 3 }));
      bench.run(() => bench.seen(id)?.current.some(({ name: of, phase }) => of === 'r' && phase === 'retry') ?? false);
      send(bench, id, 'pause');
      bench.run(isPaused(bench, id));
      const before = bench.workers.sent.length;
      pass(bench, HOUR);
      expect(bench.workers.sent.length - before).to.equal(0);
      send(bench, id, 'resume');
      bench.run();
      expect(bench.view(id).outcome).to.equal('succeeded');
      settled(bench);
    });
  }

  it('takes no time of the operation, nor of what it waits for', async () => {
    const plan = poll('p', look, { until: { done: true }, every: '1m', for: '10m' });
    const { bench, id } = await start(plan, { executor: { deadline: '11m' } });
    bench.on('look', ({ attempt: n }) => success({ done: n === 8 }));
    bench.run(() => (bench.seen(id)?.current[0]?.attempt ?? 0) > 1);
    send(bench, id, 'pause');
    pass(bench, 5 * HOUR);
    send(bench, id, 'resume');
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
  });

  it('keeps the lease that it has, and asks for none', async () => {
    const plan = chain(
      throttled({ scope: 'p', need: { x: 1 } }, step('a', work, {}), step('b', work, {})),
      throttled({ scope: 'q', need: { x: 1 } }, step('c', work, {})),
    );
    const { bench, id } = await start(plan);
    slow(bench);
    bench.run(() => steps(bench).includes('a'));
    send(bench, id, 'pause');
    pass(bench, HOUR);
    expect(bench.scopes.held).to.have.length(1);
    send(bench, id, 'resume');
    bench.run(() => steps(bench).includes('c'));
    send(bench, id, 'pause');
    bench.run(isPaused(bench, id));
    send(bench, id, 'resume');
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
    settled(bench);
  });

  it('reaches the children, and so does its end', async () => {
    const inner = createExecutor({ name: 'inner', family: 'free', plan: () => chain(step('i1', work, {}), step('i2', work, {})) });
    const outer = createExecutor({ name: 'test', family: 'free', plan: () => child('c', 'inner') });
    const bench = createBench({ tasks, executors: [outer, inner] });
    slow(bench);
    const id = await bench.command('test');
    bench.run(() => steps(bench).includes('i1'));
    send(bench, id, 'pause');
    pass(bench, HOUR);
    expect(steps(bench)).to.deep.equal(['i1']);
    send(bench, id, 'resume');
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
    settled(bench);
  });

  it('before the plan is there holds its first step', async () => {
    const v1 = { kind: 'volume', id: 'v1' };
    const inner = createExecutor({ name: 'inner', family: 'update', resource: Volume, plan: () => step('i1', work, {}) });
    const outer = createExecutor({ name: 'test', family: 'free', plan: () => child('c', 'inner', { resource: v1 }) });
    const bench = createBench({ tasks, executors: [outer, inner] });
    bench.store.put('volume', 'v1', { state: 'UPDATING', currentOperation: 'somebody' });
    const id = await bench.command('test');
    bench.run(() => bench.seen(`${id}.0`)?.status === 'accepting');
    send(bench, id, 'pause');
    bench.run(() => bench.seen(`${id}.0`)?.paused !== undefined);
    bench.store.put('volume', 'v1', { state: 'OK', currentOperation: null });
    pass(bench, HOUR);
    expect(bench.view(`${id}.0`)).to.include({ status: 'paused' });
    expect(steps(bench)).to.deep.equal([]);
    send(bench, id, 'resume');
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
    settled(bench);
  });

  it('is over when it is cancelled, and handlers that have begun go on', async () => {
    const plan = attempt({ body: step('bad', work, {}), catch: [{ code: 'any', do: chain(step('h1', work, {}), step('h2', work, {})) }] });
    const { bench, id } = await start(chain(undoable(nothing(), step('un', work, {})), plan));
    bench.on('work', ({ step: of }) => (of === 'bad' ? fatal('broken') : { outcome: success(), afterMs: 1_000 }));
    bench.run(() => steps(bench).includes('h1'));
    send(bench, id, 'pause');
    pass(bench, HOUR);
    expect(steps(bench)).to.deep.equal(['bad', 'h1']);
    send(bench, id, 'cancel');
    bench.run();
    expect(steps(bench)).to.deep.equal(['bad', 'h1', 'h2', 'un']);
    expect(bench.view(id)).to.include({ outcome: 'cancelled' });
    settled(bench);
  });

  it('does not keep a group from stopping at a failure', async () => {
    const { bench, id } = await start(group({ window: 2 }, step('bad', work, {}), chain(step('a', look, {}), step('b', look, {}))));
    bench.on('work', () => ({ outcome: fatal('broken'), afterMs: 5_000 }));
    bench.run(() => steps(bench).includes('a'));
    send(bench, id, 'pause');
    bench.run();
    expect(bench.view(id)).to.include({ outcome: 'failed' });
    expect(steps(bench)).not.to.include('b');
    settled(bench);
  });
});

describe('to skip a step', () => {
  for (const { name, faults } of hostile(3)) {
    it(`that runs is to go on as if it had succeeded, with a given output, ${name}`, async () => {
      const { bench, id } = await start(chain(step('stuck', look, {}), step('after', work, ref('stuck.id'))), faults);
      bench.on('look', () => 'lost');
      bench.run(() => steps(bench).includes('stuck'));
      send(bench, id, 'skip', { step: 'stuck', output: { id: 'by-hand' }, by: 'ann' });
      bench.run();
      expect(bench.workers.sent.at(-1)?.message.input).to.equal('by-hand');
      expect(bench.view(id).outcome).to.equal('succeeded');
      expect(bench.view(id).audit).to.have.length(1);
      expect(bench.view(id).audit?.[0]).to.include({ verb: 'skip', step: 'stuck', by: 'ann' });
      expect(bench.signals).to.deep.include({ cancel: `${id}:stuck:1` });
      settled(bench);
    });
  }

  it('that is not reached yet is to pass over it then', async () => {
    const { bench, id } = await start(chain(step('a', look, {}), step('b', work, {}), step('c', work, {})));
    bench.on('look', () => ({ outcome: success(), afterMs: 1_000 }));
    bench.run(() => steps(bench).includes('a'));
    send(bench, id, 'skip', { step: 'b' });
    bench.run();
    expect(steps(bench)).to.deep.equal(['a', 'c']);
    expect(bench.events.filter(({ topic }) => topic.at(-1) === 'skipped').map(({ body }) => body)).to.deep.equal([{ step: 'b' }]);
    expect(bench.view(id).steps).to.deep.equal({ done: 3, total: 3 });
  });

  for (const [what, plan] of [
    ['a poll', poll('x', look, { until: { done: true } })],
    ['a wait for a signal', wait('x', { signal: 's', deadline: '1h' })],
    ['a pause of the plan', wait('x', { for: '10h' })],
  ] as const) {
    it(`works for ${what}`, async () => {
      const { bench, id } = await start(chain(plan, step('after', work, {})));
      bench.on('look', () => success({ done: false }));
      bench.run(() => bench.seen(id)?.current[0]?.name === 'x');
      send(bench, id, 'skip', { step: 'x' });
      bench.run();
      expect(bench.view(id).outcome).to.equal('succeeded');
      expect(bench.now - bench.view(id).acceptedAt!).to.be.below(HOUR);
      settled(bench);
    });
  }

  it('that is put aside by a pause goes on when it is resumed', async () => {
    const { bench, id } = await start(chain(step('a', work, {}), step('b', work, {}), step('c', work, {})));
    slow(bench);
    bench.run(() => steps(bench).includes('a'));
    send(bench, id, 'pause');
    pass(bench, HOUR);
    send(bench, id, 'skip', { step: 'b' });
    send(bench, id, 'resume');
    bench.run();
    expect(steps(bench)).to.deep.equal(['a', 'c']);
  });

  it('that nobody knows says so in the log and changes nothing', async () => {
    const { bench, id } = await start(step('a', work, {}));
    slow(bench);
    bench.run(() => steps(bench).includes('a'));
    send(bench, id, 'skip', { step: 'nobody' });
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
    expect(bench.view(id).log[0]?.error).to.include({ code: 'invalid_input', field: 'step' });
  });
});

describe('a kill', () => {
  for (const { name, faults } of hostile(3)) {
    it(`ends at once, without handlers and without taking back, and leaves nothing held, ${name}`, async () => {
      const inner = createExecutor({ name: 'inner', family: 'free', plan: () => step('i1', look, {}) });
      const plan = chain(
        undoable(step('a', work, {}), step('un-a', work, {})),
        throttled(
          { scope: 'p', need: { x: 1 } },
          attempt({
            body: group({}, step('stuck', look, {}), child('c', 'inner'), wait('w', { for: '9h' })),
            finally: step('finally', work, {}),
          }),
        ),
      );
      const outer = createExecutor({ name: 'test', family: 'update', resource: Volume, plan: () => plan });
      const bench = createBench({ tasks, executors: [outer, inner], ...faults });
      bench.store.put('volume', 'v1', { state: 'OK' });
      bench.on('look', () => 'lost');
      const id = await bench.command('test', { resource: { kind: 'volume', id: 'v1' } });
      bench.run(() => steps(bench).includes('i1') && steps(bench).includes('stuck'));
      send(bench, id, 'kill', { by: 'ann', reason: 'wrong tenant' });
      bench.run();
      expect(steps(bench)).to.deep.equal(['a', ...steps(bench).slice(1, 3)]);
      expect(bench.view(id).error).to.deep.include({ code: 'killed', message: 'killed by ann: wrong tenant' });
      expect(bench.record('volume', 'v1')).to.deep.include({ state: 'ERRED', currentOperation: null });
      settled(bench);
    });
  }
});

describe('verbs', () => {
  it('are folded once each, whatever comes twice', async () => {
    const { bench, id } = await start(chain(step('a', work, {}), step('b', work, {})), { twice: true, rebuild: true });
    slow(bench);
    bench.run(() => steps(bench).includes('a'));
    for (const verb of ['pause', 'resume', 'pause', 'resume']) send(bench, id, verb);
    bench.run();
    expect(bench.view(id).audit?.map((one) => one.verb)).to.deep.equal(['pause', 'resume', 'pause', 'resume']);
    expect(bench.view(id).outcome).to.equal('succeeded');
  });

  it('change nothing after the end', async () => {
    const { bench, id } = await start(step('a', work, {}));
    bench.run();
    const before = bench.root(id);
    for (const verb of ['pause', 'resume', 'kill', 'cancel', 'skip', 'signal', 'whatever']) send(bench, id, verb, { step: 'a', name: 's' });
    bench.run();
    expect(bench.root(id)).to.deep.equal(before);
  });
});
