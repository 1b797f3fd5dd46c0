import { expect } from 'chai';
import { handle, type HandlerFunction } from '@troupe/task';
import { createStage, gate, type StageOptions, task } from './support/stage.ts';

const waits: NonNullable<StageOptions['wants']> = (record) => (record.root as { waits?: boolean }).waits === true;

async function setup(run: HandlerFunction<unknown, unknown>) {
  const stage = await createStage({ handlers: [handle(task(), run as never)], wants: waits });
  const worker = await stage.worker('w');
  const signal = (id: string): void =>
    stage.broker.process(`teller of ${id}`).effects.tell([{ type: 'signal', pool: 'p', body: { cancel: id } }]);
  return { stage, worker, signal, [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose]() };
}

const heeding: HandlerFunction<unknown, unknown> = (_input, { signal }) =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error(String(signal.reason)))));

describe('a cancellation before the start', () => {
  it('holds without any signal: a message that was waiting is asked for, not run, and told to be over', async () => {
    let ran = false;
    await using stage = await createStage({ handlers: [handle(task(), () => (ran = true))], wants: waits });
    stage.send('work');
    await stage.commit({ waits: false });
    await stage.clock.tick(31_000);
    const { of } = await stage.worker('w');
    await stage.clock.tick(1_000);
    expect(ran).to.equal(false);
    expect(of('taskNotWanted')).to.deep.equal([{ type: 'taskNotWanted', id: 't1', task: 'work' }]);
    expect(stage.broker.tasks.unacknowledged).to.equal(0);
    // whoever cancelled it may wait to hear that it never began
    expect(stage.ended.map((one) => JSON.stringify(one).includes('"kind":"cancelled"'))).to.deep.equal([true]);
  });
});

describe('a cancellation while it runs', () => {
  it('is signalled, and answered at once as cancelled', async () => {
    await using s = await setup(heeding);
    const id = s.stage.send('work');
    await s.stage.clock.tick(0);
    s.signal(id);
    await s.stage.clock.tick(0);
    expect(s.stage.outcome()).to.deep.equal({ kind: 'cancelled' });
    expect(s.worker.of('taskAborted')).to.deep.equal([{ type: 'taskAborted', id, task: 'work', reason: 'notWanted' }]);
  });

  it('is found in the record though the signal was lost, within 20 s', async () => {
    await using s = await setup(heeding);
    s.stage.send('work');
    await s.stage.clock.tick(0);
    await s.stage.commit({ waits: false });
    const before = s.stage.clock.now();
    await s.stage.untilEnded();
    expect(s.stage.clock.now() - before).to.be.at.most(20_000);
    expect(s.stage.outcome()).to.deep.equal({ kind: 'cancelled' });
  });

  it('is not taken from a record that cannot be read', async () => {
    let down = false;
    const done = gate();
    await using stage = await createStage({
      handlers: [handle(task(), () => done.promise)],
      wants: waits,
      broker: { faults: ({ name }) => (down && name === 'tasks.waiter' ? 'fail' : 'none') },
    });
    await stage.worker('w');
    stage.send('work', { timeLimitMs: 600_000 });
    await stage.clock.tick(0);
    down = true;
    await stage.clock.tick(120_000);
    done.open();
    await stage.untilEnded();
    expect(stage.outcome().kind).to.equal('succeeded');
  });

  it('comes too late for what has succeeded: a success is a success', async () => {
    await using s = await setup(
      (_input, { signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve('was just done'))),
    );
    const id = s.stage.send('work');
    await s.stage.clock.tick(0);
    s.signal(id);
    await s.stage.untilEnded();
    expect(s.stage.outcome()).to.deep.equal({ kind: 'succeeded', output: 'was just done' });
  });

  it('of one attempt leaves its neighbours alone', async () => {
    await using s = await setup(heeding);
    const [one] = [s.stage.send('work'), s.stage.send('work')];
    await s.stage.clock.tick(0);
    s.signal(one);
    s.signal('nobody');
    await s.stage.clock.tick(1_000);
    expect(s.stage.ended.map(({ body }) => body.token)).to.deep.equal(['token-t1']);
    expect(s.worker.worker.running).to.equal(1);
    s.signal('t2');
    await s.stage.untilEnded(2);
  });

  for (const [what, body] of [
    ['null', null],
    ['a text', 'cancel'],
    ['an object of something else', { cancel: { id: 't1' } }],
  ] as const) {
    it(`is not read into ${what}`, async () => {
      await using s = await setup(heeding);
      s.stage.send('work');
      await s.stage.clock.tick(0);
      s.stage.broker.process('teller').effects.tell([{ type: 'signal', pool: 'p', body }]);
      await s.stage.clock.tick(1_000);
      expect(s.worker.of('taskAborted')).to.deep.equal([]);
      s.signal('t1');
      await s.stage.untilEnded();
    });
  }
});
