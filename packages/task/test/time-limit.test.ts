import { expect } from 'chai';
import { Fatal, handle, type HandlerFunction, Retry, type TaskOptions } from '@troupe/task';
import { createStage, gate, task } from './support/stage.ts';

type Run = HandlerFunction<unknown, unknown>;

async function setup(run: Run, options: Partial<TaskOptions> = {}) {
  const stage = await createStage({
    handlers: [handle(task(options), run as never)],
    slots: { total: 3, regular: one, heavy: one, background: one },
  });
  const worker = await stage.worker('w');
  stage.send('work', { timeLimitMs: 5_000 });
  await stage.clock.tick(0);
  return { stage, worker, [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose]() };
}

const one = { floor: 1, ceiling: 1 };
/** Ends with `how` as soon as its signal aborts. */
const heeding =
  (how: (reason: unknown) => unknown): Run =>
  (_input, { signal }) =>
    new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => {
        try {
          resolve(how(signal.reason));
        } catch (error) {
          reject(error as Error);
        }
      });
    });
const throwing = (error: unknown) => (): never => {
  throw error;
};

describe('an attempt past its time limit', () => {
  it('is aborted by its signal with the reason, and not a moment before', async () => {
    const reasons: unknown[] = [];
    await using s = await setup(heeding((reason) => (reasons.push(reason), throwing(new Error('stopped'))())));
    await s.stage.clock.tick(4_999);
    expect(reasons).to.deep.equal([]);
    await s.stage.clock.tick(1);
    expect(reasons).to.deep.equal(['timeLimit']);
  });

  it('that throws then has failed by its time limit, and may be tried again', async () => {
    await using s = await setup(heeding(throwing(new Error('stopped'))));
    await s.stage.untilEnded();
    expect(s.stage.outcome()).to.deep.equal({
      kind: 'failed',
      error: {
        code: 'step_timeout',
        message: 'work ran past its time limit of 5000 ms',
        data: { timeLimitMs: 5_000, phase: 'run' },
        retryable: true,
      },
    });
  });

  it('that succeeds all the same has succeeded', async () => {
    await using s = await setup(heeding(() => 'made it'));
    await s.stage.untilEnded();
    expect(s.stage.outcome()).to.deep.equal({ kind: 'succeeded', output: 'made it' });
  });

  for (const [name, error, code] of [
    ['Fatal', new Fatal('no', { code: 'refused' }), 'refused'],
    ['Retry', new Retry('later', { after: '1s', code: 'busy' }), 'busy'],
  ] as const) {
    it(`that throws ${name} means what it says`, async () => {
      await using s = await setup(heeding(throwing(error)));
      await s.stage.untilEnded();
      expect(s.stage.outcome()).to.have.nested.include({ kind: 'failed', 'error.code': code });
    });
  }

  it('of an effect that must not be repeated is unknown', async () => {
    await using s = await setup(heeding(throwing(new Error('stopped'))), { idempotent: 'no' });
    await s.stage.untilEnded();
    expect(s.stage.outcome()).to.have.nested.include({ kind: 'unknown', 'error.code': 'step_timeout' });
  });
});

describe('a handler that ignores its signal', () => {
  it('is reported a second later without it, and keeps its slot until it ends', async () => {
    const done = gate();
    await using s = await setup(() => done.promise);
    await s.stage.untilEnded();
    expect(s.worker.of('taskIgnoresSignal')).to.deep.equal([{ type: 'taskIgnoresSignal', id: 't1', task: 'work', reason: 'timeLimit' }]);
    expect(s.stage.outcome()).to.have.nested.include({ 'error.code': 'step_timeout' });
    expect(s.stage.broker.tasks.unacknowledged).to.equal(0);
    s.stage.send('work');
    await s.stage.clock.tick(20_000);
    expect([s.worker.worker.running, s.worker.of('taskStarted').length]).to.deep.equal([1, 1]);
    done.open();
    await s.stage.clock.tick(20_000);
    expect(s.worker.of('taskEndedLate')).to.have.length(1);
    expect(s.worker.of('taskStarted')).to.have.length(2);
  });

  it('has no second outcome when it ends', async () => {
    const done = gate();
    await using s = await setup(() => done.promise);
    await s.stage.untilEnded();
    done.open();
    await s.stage.clock.tick(60_000);
    expect(s.stage.ended).to.have.length(1);
  });
});
