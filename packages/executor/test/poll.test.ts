import { expect } from 'chai';
import { chain, createExecutor, poll, type PollOptions, ref, step } from '@troupe/executor';
import type { Json, TaskOutcome } from '@troupe/protocol';
import {
  type Bench,
  createBench,
  failure,
  fatal,
  hostile,
  look,
  settled,
  start,
  START,
  steps,
  success,
  task,
  tasks,
  Volume,
  work,
} from './bench/index.ts';

const says = (runtimeState: string): TaskOutcome => success(null, { runtimeState });

/** A poll of a volume that an action owns. */
async function watched(options: Partial<PollOptions>, faults: object = {}): Promise<{ bench: Bench; id: string }> {
  const executor = createExecutor({
    name: 'watch',
    family: 'action',
    resource: Volume,
    plan: () => poll('ready', look, { until: { runtimeState: ['available'] }, fail: { runtimeState: ['error'] }, ...options } as never),
  });
  const bench = createBench({ executors: [executor], tasks, ...faults });
  bench.store.put('volume', 'v1', { state: 'OK', runtimeState: 'creating', backendId: 'b1' });
  const id = await bench.command('watch', { resource: { kind: 'volume', id: 'v1' } });
  return { bench, id };
}

describe('a poll', () => {
  for (const { name, faults } of hostile()) {
    it(`looks until the state comes, ${name}`, async () => {
      const { bench, id } = await watched({ every: '5s', after: '30s' }, faults);
      bench.on('look', (message) => says(message.attempt < 4 ? 'creating' : 'available'));
      bench.run();
      expect(bench.view(id).outcome).to.equal('succeeded');
      expect(bench.workers.sent.map(({ message }) => message.attempt)).to.deep.equal([1, 2, 3, 4]);
      expect(bench.view(id).endedAt! - START).to.equal(45_000);
      expect(bench.record('volume', 'v1')).to.include({ state: 'OK', runtimeState: 'available', currentOperation: null });
      settled(bench);
    });

    it(`fails at once in a state that counts as failure, ${name}`, async () => {
      const { bench, id } = await watched({}, faults);
      bench.on('look', (message) => says(message.attempt < 2 ? 'creating' : 'error'));
      bench.run();
      expect(bench.view(id).error).to.deep.include({ code: 'poll_failed', data: { step: 'ready', runtimeState: 'error' } });
      expect(bench.record('volume', 'v1')).to.include({ state: 'ERRED', runtimeState: 'error', currentOperation: null });
      settled(bench);
    });
  }

  it('costs a timer and a task per look, and no write while nothing changes', async () => {
    const { bench } = await watched({ every: '5s' });
    bench.on('look', (message) => says(message.attempt < 10 ? 'creating' : 'available'));
    bench.run();
    expect(bench.trace.filter((line) => line === 'timer timer.poll')).to.have.length(9);
    expect(bench.trace.filter((line) => line.startsWith('write'))).to.deep.equal([
      'write take volume/v1 UPDATE_SCHEDULED',
      'write change volume/v1 UPDATING',
      'write change volume/v1 OK (available) finish',
    ]);
  });

  it('shows a passing state on the resource when it changes', async () => {
    const { bench } = await watched({});
    const states = ['creating', 'in-use', 'in-use', 'deleting', 'available'];
    bench.on('look', (message) => says(states[message.attempt - 1]!));
    bench.run();
    expect(bench.trace.filter((line) => line.startsWith('write change volume/v1 ('))).to.deep.equal([
      'write change volume/v1 (in-use)',
      'write change volume/v1 (deleting)',
    ]);
  });

  it('gives up with a sentence that says what it saw last', async () => {
    const { bench, id } = await watched({ for: '20s', every: '5s' }, { rebuild: true });
    bench.on('look', () => says('creating'));
    bench.run();
    expect(bench.view(id).error).to.deep.include({
      code: 'poll_timeout',
      message: 'ready waited 20s for available; the last state seen was creating',
      data: { step: 'ready', waited: 20_000, lastRuntimeState: 'creating' },
    });
    expect(bench.now - START).to.equal(20_000);
    settled(bench);
  });

  it('gives up also when a look never comes back', async () => {
    const { bench, id } = await watched({ for: '20s' });
    bench.on('look', () => 'lost');
    bench.run();
    expect(bench.view(id).error).to.deep.include({ code: 'poll_timeout', data: { step: 'ready', waited: 20_000, lastRuntimeState: null } });
    expect(bench.signals).to.have.length(1);
    settled(bench);
  });

  it('tolerates so many failed looks in a row, and counts anew after a good one', async () => {
    const { bench, id } = await watched({ tolerate: 2 }, { rebuild: true });
    const script: TaskOutcome[] = [
      failure('network'),
      failure('network'),
      says('creating'),
      failure('network'),
      failure('network'),
      says('available'),
    ];
    bench.on('look', (message) => script[message.attempt - 1]!);
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
    expect(bench.view(id).log).to.have.length(4);
  });

  it('fails with the error of one look too many', async () => {
    const { bench, id } = await watched({ tolerate: 2 });
    bench.on('look', () => failure('network'));
    bench.run();
    expect(bench.workers.sent).to.have.length(3);
    expect(bench.view(id).error).to.include({ code: 'network' });
  });

  it('tolerates nothing of a look that is of no use', async () => {
    const { bench, id } = await watched({});
    bench.on('look', () => fatal('forbidden'));
    bench.run();
    expect(bench.workers.sent).to.have.length(1);
    expect(bench.view(id).error).to.include({ code: 'forbidden' });
  });

  for (const [what, outcome] of [
    ['by its error code', failure('missing_on_backend')],
    ['by a word of its own', says('vanished')],
  ] as const) {
    it(`fails when the object is gone, told ${what}`, async () => {
      const { bench, id } = await watched({ gone: { runtimeState: ['vanished'], means: 'failure' } });
      bench.on('look', () => outcome);
      bench.run();
      expect(bench.workers.sent).to.have.length(1);
      expect(bench.view(id).error).to.include({ code: 'missing_on_backend' });
    });

    it(`succeeds when the object is gone and that is what was wanted, told ${what}`, async () => {
      const { bench, id } = await watched({ gone: { runtimeState: ['vanished'], means: 'success' } });
      bench.on('look', () => outcome);
      bench.run();
      expect(bench.view(id).outcome).to.equal('succeeded');
    });
  }

  it('goes on in a state that nobody knows', async () => {
    const { bench, id } = await watched({});
    bench.on('look', (message) => says(message.attempt < 5 ? 'martian' : 'available'));
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
  });

  it('fails after so many states in a row that the kind does not declare', async () => {
    const { bench, id } = await watched({ unknown: { failAfter: 3 } }, { rebuild: true });
    const states = ['martian', 'martian', 'creating', 'martian', 'venusian', 'martian'];
    bench.on('look', (message) => says(states[message.attempt - 1]!));
    bench.run();
    expect(bench.workers.sent).to.have.length(6);
    expect(bench.view(id).error).to.deep.include({ code: 'poll_failed', data: { step: 'ready', runtimeState: 'martian' } });
  });

  it('does not count a look that shows no state yet as an unknown one', async () => {
    const { bench, id } = await watched({ unknown: { failAfter: 1 } }, { rebuild: true });
    bench.on('look', (message) => says(message.attempt < 4 ? '' : 'available'));
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
  });

  it('makes longer pauses as it goes, if asked to', async () => {
    const { bench } = await watched({ backoff: ['1s', '2s', '4s'], every: '10s' });
    const at: number[] = [];
    bench.on('look', (message) => {
      at.push(bench.now - START);
      return says(message.attempt < 6 ? 'creating' : 'available');
    });
    bench.run();
    expect(at).to.deep.equal([0, 1_000, 3_000, 7_000, 17_000, 27_000]);
  });

  it('spreads its looks by jitter, seeded', async () => {
    const { bench } = await watched({ every: '10s', jitter: 0.5 });
    const at: number[] = [];
    bench.on('look', (message) => {
      at.push(bench.now);
      return says(message.attempt < 5 ? 'creating' : 'available');
    });
    bench.run();
    const gaps = at.slice(1).map((time, i) => time - at[i]!);
    for (const gap of gaps) expect(gap).to.be.within(10_000, 15_000);
    expect(new Set(gaps).size).to.be.greaterThan(1);
  });

  it('writes its transition and its during value before the first look', async () => {
    const { bench } = await watched(
      { transition: 'beginUpdating', runtimeState: { during: 'in-use', success: 'available' }, after: '10s' },
      { rebuild: true },
    );
    bench.on('look', () => says('available'));
    bench.run();
    const before = bench.trace.slice(
      0,
      bench.trace.findIndex((line) => line.startsWith('task')),
    );
    expect(before).to.include('write change volume/v1 UPDATING (in-use)');
    expect(bench.now).to.be.at.least(START + 10_000);
    settled(bench);
  });

  it('drops the answer of a look that it does not wait for', async () => {
    const { bench, id } = await watched({ every: '5s' });
    bench.on('look', (message) => (message.attempt === 1 ? says('creating') : 'lost'));
    bench.run(() => bench.workers.lost.length > 0);
    const before = JSON.stringify(bench.root(id));
    bench.workers.answer(bench.workers.sent[0]!.message, says('available'));
    bench.step();
    expect(JSON.stringify(bench.root(id))).to.equal(before);
  });
});

describe('a poll with a predicate', () => {
  it('looks until its output says done, and puts it out', async () => {
    const { bench, id } = await start(
      chain(poll('gone', look, { until: { done: true }, every: '1s' }), step('next', work, { n: ref('gone.n') })),
    );
    bench.on('look', (message) => success({ done: message.attempt === 3, n: message.attempt } as Json));
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
    expect(bench.workers.sent.at(-1)?.message.input).to.deep.equal({ n: 3 });
    expect(steps(bench)).to.deep.equal(['gone', 'next']);
  });

  it('fails when its output says so', async () => {
    const { bench, id } = await start(poll('gone', look, { until: { done: true } }));
    bench.on('look', () => success({ done: false, failed: true, message: 'the volume is stuck' }));
    bench.run();
    expect(bench.view(id).error).to.deep.include({ code: 'poll_failed', message: 'the volume is stuck' });
  });

  it('fails in a runtime state that counts as failure', async () => {
    const { bench, id } = await start(poll('gone', look, { until: { done: true }, fail: { runtimeState: ['error_deleting'] } }));
    bench.on('look', () => success({ done: false, runtimeState: 'error_deleting' }));
    bench.run();
    expect(bench.view(id).error).to.include({ code: 'poll_failed' });
  });

  it('waits 50 minutes by default, one for states 100', async () => {
    for (const [until, minutes] of [
      [{ done: true }, 50],
      [{ runtimeState: ['available'] }, 100],
    ] as const) {
      const { bench } = await start(poll('p', task('look'), { until, every: '10m' }));
      bench.on('look', () => success({ done: false, runtimeState: 'creating' }));
      bench.run();
      expect(bench.now - START).to.equal(minutes * 60_000);
    }
  });
});
