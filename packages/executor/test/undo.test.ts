import { expect } from 'chai';
import { attempt, chain, child, createExecutor, group, nothing, type PlanNode, ref, step, throttled, undoable } from '@troupe/executor';
import { type Bench, fatal, hostile, settled, start, steps, success, tasks, Volume, work, createBench } from './bench/index.ts';

const done = (id: string): PlanNode => undoable(step(id, work, {}), step(`un-${id}`, work, { of: ref(id) }));
const bad = step('bad', work, {});

/** `bad` fails; every other step puts out its own id. */
function fails(bench: Bench, ...more: string[]): void {
  bench.on('work', ({ step: id }) => (id === 'bad' || more.includes(id!) ? fatal(`${id}-broke`) : success(id!)));
}

const undone = (bench: Bench): string[] => steps(bench).filter((id) => id.startsWith('un-'));

describe('what is undoable', () => {
  for (const { name, faults } of hostile(3)) {
    it(`is taken back in reverse order when the operation fails, with what it put out, ${name}`, async () => {
      const { bench, id } = await start(chain(done('a'), done('b'), group({}, done('c')), bad, done('never')), faults);
      fails(bench);
      bench.run();
      expect(undone(bench)).to.deep.equal(['un-c', 'un-b', 'un-a']);
      expect(bench.workers.sent.find(({ message }) => message.step === 'un-b')?.message.input).to.deep.equal({ of: 'b' });
      expect(bench.view(id)).to.deep.include({ outcome: 'failed', steps: { done: 7, total: 8 } });
      expect(bench.view(id).error?.code).to.equal('bad-broke');
      expect(bench.view(id).left).to.equal(undefined);
      settled(bench);
    });

    it(`stays when the operation ends well, ${name}`, async () => {
      const { bench, id } = await start(chain(done('a'), done('b')), faults);
      bench.run();
      expect(undone(bench)).to.deep.equal([]);
      expect(bench.view(id).outcome).to.equal('succeeded');
      settled(bench);
    });

    it(`is taken back after a cancel, once everything else has ended, ${name}`, async () => {
      const { bench, id } = await start(chain(done('a'), done('b'), step('long', work, {})), faults);
      bench.on('work', ({ step: of }) => (of === 'long' ? 'lost' : success(of!)));
      bench.run(() => steps(bench).includes('long'));
      bench.cancel(id);
      bench.run();
      expect(undone(bench)).to.deep.equal(['un-b', 'un-a']);
      expect(bench.view(id).outcome).to.equal('cancelled');
      settled(bench);
    });
  }

  it('stays after a cancel that says so', async () => {
    const { bench, id } = await start(chain(done('a'), step('long', work, {})));
    bench.on('work', ({ step: of }) => (of === 'long' ? 'lost' : success()));
    bench.run(() => steps(bench).includes('long'));
    bench.mail(id, 'verb.cancel', { compensate: false }, 'verb');
    bench.run();
    expect(undone(bench)).to.deep.equal([]);
    expect(bench.view(id).outcome).to.equal('cancelled');
    settled(bench);
  });

  it('may be noted before the step that does it, whose outcome may stay unknown; the step of its undo names what is left', async () => {
    const { bench, id } = await start(chain(undoable(nothing(), step('un-a', work, {})), bad));
    fails(bench, 'un-a');
    bench.run();
    expect(undone(bench)).to.deep.equal(['un-a']);
    expect(bench.view(id).left).to.deep.equal(['un-a']);
    settled(bench);
  });

  it('that cannot be taken back is listed, and the others are taken back all the same', async () => {
    const { bench, id } = await start(chain(done('a'), done('b'), done('c'), bad));
    fails(bench, 'un-b');
    bench.run();
    expect(undone(bench)).to.deep.equal(['un-c', 'un-b', 'un-a']);
    expect(bench.view(id).left).to.deep.equal(['b']);
    expect(bench.view(id).error?.code).to.equal('bad-broke');
    expect(bench.view(id).log.map(({ error }) => error.code)).to.include('compensation_failed');
    settled(bench);
  });

  it('is let through to its end: neither a cancel nor the deadline stops taking back', async () => {
    const { bench, id } = await start(chain(done('a'), done('b'), bad), { executor: { deadline: '1m' } });
    bench.on('work', ({ step: of }) => ({
      outcome: of === 'bad' ? fatal('bad-broke') : success(),
      afterMs: of!.startsWith('un-') ? 50_000 : 0,
    }));
    bench.run(() => undone(bench).length === 1);
    bench.cancel(id);
    bench.run();
    expect(undone(bench)).to.deep.equal(['un-b', 'un-a']);
    expect(bench.view(id)).to.include({ outcome: 'failed' });
    expect(bench.view(id).error?.code).to.equal('bad-broke');
    settled(bench);
  });

  it('is not taken back by a handler that has dealt with the failure, only if all ends badly', async () => {
    const handled = attempt({ body: chain(done('a'), bad), catch: [{ code: 'any', do: step('handler', work, {}) }] });
    const good = await start(handled);
    fails(good.bench);
    good.bench.run();
    expect(undone(good.bench)).to.deep.equal([]);
    const ill = await start(chain(handled, step('worse', work, {})));
    fails(ill.bench, 'worse');
    ill.bench.run();
    expect(undone(ill.bench)).to.deep.equal(['un-a']);
  });

  it('is taken back outside of the leases that it was done under', async () => {
    const { bench } = await start(chain(throttled({ scope: 'p', need: { x: 1 } }, done('a')), bad), { limits: { p: { x: 1 } } });
    fails(bench);
    bench.run();
    expect(undone(bench)).to.deep.equal(['un-a']);
    expect(bench.workers.sent.find(({ message }) => message.step === 'un-a')?.message.fence).to.equal(undefined);
    settled(bench);
  });

  it('may be a child, taken back by a child', async () => {
    const make = createExecutor({ name: 'make', family: 'create', resource: Volume, plan: () => step('make', work, {}) });
    const drop = createExecutor({
      name: 'drop',
      family: 'delete',
      resource: Volume,
      neverCreated: 'plan',
      plan: () => step('drop', work, {}),
    });
    const v1 = { kind: 'volume', id: 'v1' };
    const plan = chain(undoable(child('make', 'make', { resource: v1 }), child('drop', 'drop', { resource: v1 })), bad);
    const outer = createExecutor({ name: 'test', family: 'free', plan: () => plan });
    const bench = createBench({ tasks, executors: [outer, make, drop] });
    bench.store.put('volume', 'v1', { state: 'CREATION_SCHEDULED' });
    fails(bench);
    const id = await bench.command('test');
    bench.run();
    expect(steps(bench)).to.deep.equal(['make', 'bad', 'drop']);
    expect(bench.record('volume', 'v1')).to.equal(undefined);
    expect(bench.view(id).outcome).to.equal('failed');
    settled(bench);
  });

  it('is left alone when a newer owner has the resource', async () => {
    const plan = chain(done('a'), step('b', work, {}, { runtimeState: { during: 'odd' } }));
    const executor = createExecutor({ name: 'test', family: 'update', resource: Volume, plan: () => plan });
    const bench = createBench({ tasks, executors: [executor] });
    bench.store.put('volume', 'v1', { state: 'OK' });
    const id = await bench.command('test', { resource: { kind: 'volume', id: 'v1' } });
    bench.run(() => steps(bench).includes('a'));
    bench.store.seize('volume', 'v1', 'newer');
    bench.run();
    expect(bench.view(id).outcome).to.equal('superseded');
    expect(undone(bench)).to.deep.equal([]);
  });
});
