import { expect } from 'chai';
import { handle } from '@troupe/task';
import { createStage, type Stage, task } from './support/stage.ts';

const HOLD_MS = 2_000;
const never = (): Promise<never> => new Promise(() => undefined);

async function setup(run: () => unknown = never, idempotent: 'yes' | 'no' = 'yes') {
  const handler = { run, reconcile: never };
  return createStage({ handlers: [handle(task({ idempotent }), handler)], broker: { taskAckWaitMs: HOLD_MS }, crashes: 3 });
}

/** A worker that dies while the handler runs. Returns whether it came so far. */
async function dieRunning(stage: Stage, name: string): Promise<boolean> {
  const { process, types } = await stage.worker(name);
  await stage.clock.runUntil(() => types().includes('taskStarted') || types().includes('taskBuried'));
  process.kill();
  return types().includes('taskStarted');
}

describe('G7 a message that kills its workers', () => {
  it('is buried with a reason after so many starts without an end, and its step hears of it', async () => {
    await using stage = await setup();
    stage.send('work');
    // the first start of a task that may run twice is not written down: what counts are its redeliveries
    for (let crash = 1; crash <= 4; crash++) expect(await dieRunning(stage, `w${crash}`), `start ${crash}`).to.equal(true);
    const { of } = await stage.worker('survivor');
    await stage.untilEnded();
    expect(of('taskStarted')).to.deep.equal([]);
    expect(of('taskBuried')[0]?.error).to.deep.include({ code: 'worker_lost', retryable: false });
    expect(stage.outcome()).to.have.nested.include({ kind: 'failed', 'error.code': 'worker_lost', 'error.retryable': false });
    const [letter] = stage.broker.dead;
    expect(letter).to.include({ reason: 'worker_lost', attempts: 3, subject: 'troupe.task.regular.p.work' });
    expect(JSON.parse(letter!.body)).to.include({ id: 't1', task: 'work' });
    expect(stage.broker.tasks.unacknowledged).to.equal(0);
  });

  it('is counted from its first start where it must not run twice, looks included', async () => {
    await using stage = await setup(never, 'no');
    stage.send('work');
    for (let crash = 1; crash <= 3; crash++) expect(await dieRunning(stage, `w${crash}`), `start ${crash}`).to.equal(true);
    await stage.worker('survivor');
    await stage.untilEnded();
    expect(stage.broker.dead).to.have.length(1);
  });

  it('harms no other message', async () => {
    await using stage = await setup();
    stage.send('work');
    for (let crash = 1; crash <= 4; crash++) await dieRunning(stage, `w${crash}`);
    await stage.worker('survivor', { handlers: [handle(task(), () => 'fine')] });
    stage.send('work', { id: 'healthy' });
    await stage.untilEnded(2);
    expect(stage.ended.map(({ body }) => body.outcome.kind).toSorted()).to.deep.equal(['failed', 'succeeded']);
  });
});

describe('G7 what is no crash', () => {
  it('is a failure: it is told, never counted, and burns an attempt of its policy instead', async () => {
    await using stage = await setup(() => Promise.reject(new Error('no')));
    await stage.worker('w');
    for (let n = 1; n <= 10; n++) stage.send('work', { attempt: n });
    await stage.untilEnded(10);
    expect(stage.broker.dead).to.deep.equal([]);
    expect(new Set(stage.ended.map(({ body }) => body.outcome.kind))).to.deep.equal(new Set(['failed']));
  });

  it('is a graceful shutdown, however often it happens', async () => {
    const aborted = (_input: unknown, { signal }: { signal: AbortSignal }): Promise<never> =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))));
    await using stage = await setup(aborted as never);
    stage.send('work');
    for (let n = 1; n <= 10; n++) {
      const worker = await stage.worker(`w${n}`, { graceMs: 0 });
      await stage.clock.runUntil(() => worker.types().includes('taskStarted'));
      await worker.stop();
      expect(worker.of('drained')[0]).to.include({ handedBack: 1 });
    }
    await stage.worker('last', { handlers: [handle(task(), () => 'done')] });
    await stage.untilEnded();
    expect(stage.outcome().kind).to.equal('succeeded');
    expect(stage.broker.dead).to.deep.equal([]);
  });

  it('is a worker that dies before the handler starts', async () => {
    await using stage = await setup(() => 'done');
    stage.send('work');
    for (let n = 1; n <= 10; n++) {
      await stage.clock.tick(HOLD_MS);
      expect(stage.broker.tasks.pull(stage.broker.process(`d${n}`).process, 'regular', 'p', 1)).to.have.length(1);
    }
    await stage.worker('w');
    await stage.untilEnded();
    expect(stage.outcome().kind).to.equal('succeeded');
  });
});
