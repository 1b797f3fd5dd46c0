import { expect } from 'chai';
import { handle, levelOf, type TaskContext, type WorkerEvent } from '@troupe/task';
import { createStage, gate, task } from './support/stage.ts';

async function setup(replyTo = true) {
  const done = gate();
  let context: TaskContext | undefined;
  const stage = await createStage({ handlers: [handle(task(), (_input, given) => ((context = given), done.promise))] });
  const worker = await stage.worker('w');
  stage.send('work', replyTo ? {} : { replyTo: undefined as never });
  await stage.clock.tick(0);
  const values = (): unknown[] => stage.progress.map((body) => (body as { progress: unknown }).progress);
  return { stage, worker, done, context: context!, values, [Symbol.asyncDispose]: () => (done.open(), stage[Symbol.asyncDispose]()) };
}

describe('the progress of an attempt', () => {
  it('is told at once, then at most once a second, and then the last value counts', async () => {
    await using s = await setup();
    for (const value of [1, 2, 3]) s.context.progress(value);
    await s.stage.clock.tick(0);
    expect(s.values()).to.deep.equal([1]);
    await s.stage.clock.tick(1_000);
    expect(s.values()).to.deep.equal([1, 3]);
    await s.stage.clock.tick(10_000);
    expect(s.values()).to.deep.equal([1, 3]);
    s.context.progress(4);
    await s.stage.clock.tick(0);
    expect(s.values()).to.deep.equal([1, 3, 4]);
  });

  it('is not told any more once the attempt has ended', async () => {
    await using s = await setup();
    s.context.progress(1);
    s.context.progress(2);
    s.done.open();
    await s.stage.untilEnded();
    s.context.progress(3);
    await s.stage.clock.tick(10_000);
    expect(s.values()).to.deep.equal([1]);
  });

  it('is not told by what goes on after the attempt, also if it told nothing before', async () => {
    await using s = await setup();
    s.done.open();
    await s.stage.untilEnded();
    s.context.progress(1);
    await s.stage.clock.tick(10_000);
    expect(s.values()).to.deep.equal([]);
  });

  it('may be anything: what cannot be encoded becomes text', async () => {
    await using s = await setup();
    s.context.progress({ left: 7n } as never);
    await s.stage.clock.tick(0);
    expect(s.values()).to.deep.equal([{ left: '7' }]);
  });

  it('of a lone task is an event of its worker only', async () => {
    await using s = await setup(false);
    s.context.progress(1);
    await s.stage.clock.tick(0);
    expect(s.values()).to.deep.equal([]);
    expect(s.worker.of('taskProgress')).to.have.length(1);
  });
});

describe('what a worker tells', () => {
  const ended = (outcome: string, cls: string): WorkerEvent => ({ type: 'taskEnded', outcome, class: cls }) as never;

  it('is quiet about background work, unless it fails', () => {
    expect(levelOf(ended('succeeded', 'regular'))).to.equal('info');
    expect(levelOf(ended('succeeded', 'background'))).to.equal('debug');
    expect(levelOf(ended('failed', 'background'))).to.equal('warn');
    expect(levelOf({ type: 'log', class: 'background' } as never)).to.equal('debug');
  });

  it('is loud where somebody must look', () => {
    for (const type of ['taskIgnoresSignal', 'taskBuried'] as const) expect(levelOf({ type } as never), type).to.equal('error');
    for (const type of ['unknownTask', 'newerVersion', 'stoodStill', 'unavailable', 'taskCrashed'] as const) {
      expect(levelOf({ type } as never), type).to.equal('warn');
    }
  });

  it('has one span for each attempt, failures included, and a listener that throws breaks nothing', async () => {
    const error = new Error('no');
    await using stage = await createStage({ handlers: [handle(task(), () => Promise.reject(error))] });
    const { of, events } = await stage.worker('w');
    events.push = () => {
      throw new Error('the log is full');
    };
    stage.send('work');
    await stage.untilEnded();
    Reflect.deleteProperty(events, 'push');
    stage.send('work', { attempt: 2 });
    await stage.untilEnded(2);
    const [span] = of('taskEnded');
    expect(span).to.deep.include({ task: 'work', class: 'regular', attempt: 2, operation: 'o', step: 's', outcome: 'failed', tookMs: 0 });
    expect(span!.error).to.include({ code: 'handler_error', message: 'no' });
  });
});
