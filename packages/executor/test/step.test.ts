import { expect } from 'chai';
import { chain, ref, step } from '@troupe/executor';
import { create, failure, fatal, hostile, look, once, settled, start, START, steps, success, task, work } from './bench/index.ts';

describe('a step', () => {
  it('sends one task message with all that a worker needs', async () => {
    const { bench, id } = await start(step('a', create, { size: 3 }, { deadline: '1h' }));
    bench.run();
    const [sent] = bench.workers.sent;
    expect(sent?.message).to.deep.include({
      v: 1,
      id: `${id}:a:1`,
      task: 'create',
      input: { size: 3 },
      attempt: 1,
      attempts: 5,
      replyTo: { kind: 'operation', key: id },
      step: 'a',
      idempotencyToken: `${id}:a`,
      orderedAt: START,
      deadline: START + 3_600_000,
    });
    expect(sent?.message.token).to.match(/^token-/);
    expect(sent?.message.timeLimitMs).to.equal(60_000);
    expect(sent?.message.fence).to.equal(undefined);
  });

  for (const { name, faults } of hostile()) {
    it(`is retried with backoff until an attempt succeeds, ${name}`, async () => {
      const { bench, id } = await start(step('a', work, {}), faults);
      bench.on('work', (message) => (message.attempt < 4 ? failure('flaky') : success('done')));
      bench.run();
      expect(bench.view(id).outcome).to.equal('succeeded');
      expect(bench.workers.sent.map(({ message }) => message.attempt)).to.deep.equal([1, 2, 3, 4]);
      expect(bench.view(id).log.map((entry) => [entry.step, entry.attempt, entry.error.code])).to.deep.equal(
        [1, 2, 3].map((n) => ['a', n, 'flaky']),
      );
      const pauses = bench.view(id).endedAt! - START;
      expect(pauses).to.be.within(7_000, 9_000);
      settled(bench);
    });

    it(`fails with the code of its last attempt, ${name}`, async () => {
      const { bench, id } = await start(step('a', work, {}), faults);
      bench.on('work', () => failure('flaky'));
      bench.run();
      expect(bench.view(id)).to.include({ outcome: 'failed', failedStep: 'a' });
      expect(bench.view(id).error).to.include({ code: 'flaky' });
      expect(bench.workers.sent).to.have.length(5);
      settled(bench);
    });
  }

  it('gives every attempt a token of its own and the same idempotency token', async () => {
    const { bench } = await start(step('a', work, {}));
    bench.on('work', (message) => (message.attempt < 3 ? failure() : success()));
    bench.run();
    const messages = bench.workers.sent.map(({ message }) => message);
    expect(new Set(messages.map((m) => m.token)).size).to.equal(3);
    expect(new Set(messages.map((m) => m.idempotencyToken)).size).to.equal(1);
    expect(new Set(messages.map((m) => m.id)).size).to.equal(3);
  });

  it('is not retried when its handler says that it is of no use', async () => {
    const { bench, id } = await start(step('a', work, {}));
    bench.on('work', () => fatal('not_found'));
    bench.run();
    expect(bench.workers.sent).to.have.length(1);
    expect(bench.view(id).error).to.include({ code: 'not_found' });
  });

  it('waits as long as its handler asked for', async () => {
    const { bench } = await start(step('a', work, {}));
    bench.on('work', (message) =>
      message.attempt === 1 ? { kind: 'failed', error: { code: 'busy', message: 'later' }, retryAfterMs: 90_000 } : success(),
    );
    bench.run();
    expect(bench.now - START).to.equal(90_000);
  });

  it('wraps what has no code of its own', async () => {
    const { bench, id } = await start(step('a', work, {}, { retry: { attempts: 1 } }));
    bench.on('work', () => failure('handler_error'));
    bench.run();
    expect(bench.view(id).error).to.deep.include({ code: 'step_failed', data: { step: 'a', attempt: 1 } });
    expect(bench.view(id).error?.cause).to.include({ code: 'handler_error' });
  });

  it('takes its own retry policy before that of the contract', async () => {
    const { bench } = await start(chain(step('a', work, {}, { retry: { attempts: 2 } }), step('b', work, {})));
    bench.on('work', (message) =>
      message.step === 'a' && message.attempt === 1 ? failure() : message.step === 'b' && message.attempt < 5 ? failure() : success(),
    );
    bench.run();
    expect(bench.workers.sent.map(({ message }) => `${message.step}${message.attempt}/${message.attempts}`)).to.deep.equal([
      'a1/2',
      'a2/2',
      'b1/5',
      'b2/5',
      'b3/5',
      'b4/5',
      'b5/5',
    ]);
  });

  it('starts after its delay, which is a timer and nothing else', async () => {
    const { bench } = await start(step('a', work, {}, { after: '30s' }), { rebuild: true });
    bench.run(() => bench.workers.sent.length > 0);
    expect(bench.now - START).to.equal(30_000);
    bench.run();
    settled(bench);
  });

  it('fails clearly when an output that it needs is missing', async () => {
    const { bench, id } = await start(chain(step('a', work, {}), step('b', work, { id: ref('a.volume.id') })));
    bench.on('work', () => success({ volume: {} }));
    bench.run();
    expect(bench.view(id)).to.include({ outcome: 'failed', failedStep: 'b' });
    expect(bench.view(id).error).to.include({ code: 'missing_output', field: 'a.volume.id' });
    settled(bench);
  });

  it('keeps an empty output that a later step names', async () => {
    const { bench, id } = await start(chain(step('a', work, {}), step('b', work, { all: ref('a') })));
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
    expect(bench.workers.sent[1]?.message.input).to.deep.equal({ all: null });
  });

  it('gives its output another name', async () => {
    const { bench } = await start(chain(step('a', work, {}, { output: 'made' }), step('b', work, { x: ref('made.x') })), { rebuild: true });
    bench.on('work', () => success({ x: 5 }));
    bench.run();
    expect(bench.workers.sent[1]?.message.input).to.deep.equal({ x: 5 });
  });

  it('does not take what merely looks like a reference for one', async () => {
    const evil = { $ref: 'a', 'Symbol(troupe.ref)': 'a', ref: { path: 'a' } };
    const { bench } = await start(chain(step('a', work, {}), step('b', work, { evil, good: ref('a.secret') })), { rebuild: true });
    bench.on('work', () => success({ secret: 's3cret' }));
    bench.run();
    expect(bench.workers.sent[1]?.message.input).to.deep.equal({ evil, good: 's3cret' });
  });

  it('refuses an output that is too large, without trying again', async () => {
    const { bench, id } = await start(step('a', work, {}));
    bench.on('work', () => success('x'.repeat(300_000)));
    bench.run();
    expect(bench.view(id).error).to.include({ code: 'output_too_large', field: 'a.output' });
    expect(bench.workers.sent).to.have.length(1);
  });

  it('refuses an output that does not fit its contract', async () => {
    const isNumber = {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: (value: unknown) => (typeof value === 'number' ? { value } : { issues: [{ message: 'no number' }] }),
      },
    };
    const counted = task('counted', { output: isNumber });
    const { bench, id } = await start(step('a', counted, {}), { tasks: [counted] });
    bench.on('counted', () => success('seven'));
    bench.run();
    expect(bench.view(id).error).to.deep.include({ code: 'invalid_output', field: 'a.output' });
  });

  it('refuses an input that has grown too large to travel', async () => {
    const { bench, id } = await start(chain(step('a', work, {}), step('b', work, { x: ref('a') })), { rebuild: true });
    bench.on('work', () => success('x'.repeat(200_000)));
    bench.run();
    expect(bench.view(id)).to.include({ failedStep: 'b' });
    expect(bench.view(id).error).to.include({ code: 'too_large' });
    expect(steps(bench)).to.deep.equal(['a']);
  });

  it('shows the progress of its newest attempt', async () => {
    const { bench, id } = await start(step('a', work, {}), { rebuild: true });
    bench.on('work', () => 'lost');
    bench.run(() => bench.workers.lost.length > 0);
    const { token } = bench.workers.lost[0]!;
    bench.mail(id, 'task.progress', { step: 'a', attempt: 1, token: 'forged', progress: 'no' }, 'task-test');
    bench.mail(id, 'task.progress', { step: 'a', attempt: 1, token, progress: 'no' }, 'task-other');
    bench.mail(id, 'task.progress', { step: 'a', attempt: 1, token, progress: { percent: 40 } }, 'task-test');
    while (bench.view(id).current[0]?.progress === undefined) bench.step();
    expect(bench.view(id).current[0]?.progress).to.equal('{"percent":40}');
  });
});

describe('the outcome of an attempt', () => {
  const late = async (): Promise<Awaited<ReturnType<typeof start>>> => {
    const run = await start(chain(step('a', work, {}), step('b', look, {})), { rebuild: true });
    run.bench.on('work', (message) => (message.attempt === 1 ? failure('flaky') : 'lost'));
    run.bench.run(() => run.bench.workers.lost.length > 0);
    return run;
  };

  it('counts from a worker of its pool only, whatever a worker of another one has read', async () => {
    const { bench, id } = await start(chain(step('a', work, {}), step('b', look, { from: ref('a') })), { rebuild: true });
    bench.on('work', () => 'lost');
    bench.run(() => bench.workers.lost.length > 0);
    const { token } = bench.workers.lost[0]!;
    const end = (output: string): object => ({ v: 1, id: 'x', step: 'a', attempt: 1, token, outcome: { kind: 'succeeded', output } });
    bench.mail(id, 'task.ended', end('forged'), 'task-other');
    bench.mail(id, 'task.ended', end('true'), 'task-test');
    bench.run();
    expect(bench.workers.sent.at(-1)!.message).to.deep.include({ step: 'b', input: { from: 'true' } });
  });

  it('of an earlier attempt settles the step if it is a success, and the newer one is told', async () => {
    const { bench, id } = await late();
    bench.workers.answer(bench.workers.sent[0]!.message, success());
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
    expect(steps(bench)).to.deep.equal(['a', 'b']);
    expect(bench.signals).to.deep.equal([{ cancel: `${id}:a:2` }]);
    settled(bench);
  });

  it('of an earlier attempt is dropped if it is a failure', async () => {
    const { bench, id } = await late();
    const before = JSON.stringify(bench.root(id));
    bench.workers.answer(bench.workers.sent[0]!.message, fatal('broken'));
    bench.step();
    expect(JSON.stringify(bench.root(id))).to.equal(before);
  });

  it('counts only with the token of that attempt', async () => {
    const { bench, id } = await late();
    const before = JSON.stringify(bench.root(id));
    const { message } = bench.workers.sent[1]!;
    bench.workers.answer({ ...message, token: 'forged' }, success());
    bench.workers.answer({ ...message, token: bench.workers.sent[0]!.message.token }, success());
    bench.workers.answer({ ...message, attempt: 7 }, success());
    bench.workers.answer({ ...message, step: 'other' }, success());
    for (let i = 0; i < 4; i++) bench.step();
    expect(JSON.stringify(bench.root(id))).to.equal(before);
  });

  it('that was given up by its worker is tried again', async () => {
    const { bench, id } = await start(step('a', work, {}));
    bench.on('work', (message) => (message.attempt === 1 ? { kind: 'cancelled' } : success()));
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
  });
});

describe('a step that may not be repeated', () => {
  const unknown = { kind: 'unknown', error: { code: 'network', message: 'no answer' } } as const;

  for (const { name, faults } of hostile(3)) {
    it(`is reconciled after an unknown outcome, ${name}`, async () => {
      const { bench, id } = await start(step('a', once, {}), faults);
      bench.on('once', (message) => (message.reconcile === true ? success('it had happened') : unknown));
      bench.run();
      expect(bench.view(id).outcome).to.equal('succeeded');
      expect(bench.workers.sent.map(({ message }) => message.reconcile ?? false)).to.deep.equal([false, true]);
      settled(bench);
    });

    it(`fails with outcome_unknown if nobody can tell, ${name}`, async () => {
      const { bench, id } = await start(step('a', once, {}), faults);
      bench.on('once', () => unknown);
      bench.run();
      expect(bench.view(id).error).to.include({ code: 'outcome_unknown' });
      expect(bench.workers.sent).to.have.length(2);
    });
  }

  it('is not tried again after a failure', async () => {
    const { bench } = await start(step('a', once, {}));
    bench.on('once', () => failure('refused'));
    bench.run();
    expect(bench.workers.sent).to.have.length(1);
  });

  it('is no concern for a task that may be repeated: an unknown outcome is a failed attempt', async () => {
    const { bench, id } = await start(step('a', create, {}));
    bench.on('create', (message) => (message.attempt === 1 ? unknown : success()));
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
    expect(bench.workers.sent.map(({ message }) => message.reconcile)).to.deep.equal([undefined, undefined]);
  });
});

describe('the deadline of a step', () => {
  it('ends it when no worker answers', async () => {
    const { bench, id } = await start(step('a', work, {}, { deadline: '10m' }), { rebuild: true });
    bench.on('work', () => 'lost');
    bench.run();
    expect(bench.view(id).error).to.deep.include({ code: 'deadline_exceeded', data: { step: 'a', waited: 600_000, attempt: 1 } });
    expect(bench.signals).to.deep.equal([{ cancel: `${id}:a:1` }]);
    expect(bench.now - START).to.equal(600_000);
    settled(bench);
  });

  it('is kept by one timer for the whole operation', async () => {
    const { bench } = await start(chain(...['a', 'b', 'c', 'd'].map((id) => step(id, work, {}, { deadline: '10m' }))));
    bench.on('work', () => ({ outcome: success(), afterMs: 400_000 }));
    bench.run();
    expect(bench.view('op-1').outcome).to.equal('succeeded');
    // armed at the start and whenever it fired, never per step
    expect(bench.trace.filter((line) => line === 'timer timer.watchdog').length).to.be.lessThan(5);
  });

  it('that is short arms the timer anew', async () => {
    const { bench, id } = await start(chain(step('a', work, {}), step('b', work, {}, { deadline: '5s' })));
    bench.on('work', (message) => (message.step === 'a' ? success() : 'lost'));
    bench.run();
    expect(bench.now - START).to.equal(5_000);
    expect(bench.view(id)).to.include({ failedStep: 'b' });
  });

  it('is what its attempts may take and an allowance for the queue, unless it says so', async () => {
    const { bench } = await start(step('a', work, {}), { defaults: { queueAllowance: '1h' } });
    bench.on('work', () => 'lost');
    bench.run();
    expect(bench.now - START).to.equal(3_600_000 + 5 * 60_000 + (1_000 + 2_000 + 4_000 + 8_000) * 1.25);
  });
});
