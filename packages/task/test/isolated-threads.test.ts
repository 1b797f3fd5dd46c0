import { expect } from 'chai';
import { handle } from '@troupe/task';
import { inRealTime, isolated } from './support/real-time.ts';
import { createStage, type Stage, type StageOptions, task } from './support/stage.ts';

/** A worker that has started one attempt of the handler. */
async function setup(name: string, options: Partial<StageOptions> = {}, message = {}) {
  const stage: Stage = await createStage({
    handlers: [handle(task(), isolated(name, 64)), handle(task({ name: 'quick' }), () => 'done')],
    ...options,
  });
  const worker = await stage.worker('w');
  const id = stage.send('work', message);
  await inRealTime(stage, () => worker.types().includes('taskStarted'));
  const until = (done: () => boolean): Promise<void> => inRealTime(stage, done);
  const cancel = (): void => stage.broker.process('teller').effects.tell([{ type: 'signal', pool: 'p', body: { cancel: id } }]);
  return { stage, worker, until, cancel, [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose]() };
}

describe('the signal of an isolated handler', () => {
  it('aborts in its thread, with the reason', async () => {
    await using s = await setup('succeedingLate');
    await s.until(() => s.worker.of('log').length > 0);
    s.cancel();
    await s.until(() => s.stage.ended.length > 0);
    expect(s.stage.outcome()).to.deep.equal({ kind: 'succeeded', output: 'heard notWanted' });
  });

  it('that it heeds makes it cancelled', async () => {
    await using s = await setup('heeding');
    await s.until(() => s.worker.of('log').length > 0);
    s.cancel();
    await s.until(() => s.stage.ended.length > 0);
    expect(s.stage.outcome()).to.deep.equal({ kind: 'cancelled' });
    expect(s.worker.of('taskIgnoresSignal')).to.deep.equal([]);
  });

  for (const [how, input] of [
    ['deaf', null],
    ['blocking', 60_000],
  ] as const) {
    it(`that it does not heed (${how}) is followed by the end of its thread, a second later: its slot is free`, async () => {
      await using s = await setup(how, {}, { input, timeLimitMs: 300 });
      await s.until(() => s.stage.ended.length > 0);
      expect(s.stage.outcome()).to.have.nested.include({ 'error.code': 'step_timeout', 'error.retryable': true });
      await s.until(() => s.worker.worker.running === 0);
      expect(s.worker.of('taskIgnoresSignal')).to.deep.equal([]);
      expect(s.worker.of('taskCrashed')).to.deep.equal([]);
    });
  }

  it('that it does not heed in a drain hands it over, and leaves nothing behind', async () => {
    await using s = await setup('deaf', { graceMs: 0 });
    let stopped = false;
    const stopping = s.worker.worker.stop().then(() => (stopped = true));
    await s.until(() => stopped);
    await stopping;
    expect(s.worker.of('drained')[0]).to.include({ finished: 0, handedBack: 1, abandoned: 0 });
    expect(s.worker.worker.running).to.equal(0);
  });

  it('that was cut in the middle of an effect that must not be repeated leaves it unknown', async () => {
    const handlers = [handle(task({ idempotent: 'no' }), isolated('blocking'))];
    await using s = await setup('blocking', { handlers }, { input: 60_000, timeLimitMs: 5_000 });
    await s.until(() => s.stage.ended.length > 0);
    expect(s.stage.outcome()).to.have.nested.include({ kind: 'unknown', 'error.code': 'step_timeout', 'error.data.phase': 'run' });
  }).timeout(30_000);
});

describe('G7 a thread that dies', () => {
  for (const [name, says] of [
    ['exiting', 'ended with code 3'],
    ['exhausting', 'ERR_WORKER_OUT_OF_MEMORY'],
    ['throwingOutside', 'nobody catches this'],
  ] as const) {
    it(`(${name}) is a crash and no failure: no outcome, no attempt, and buried after so many`, async () => {
      await using s = await setup(name, { crashes: 2 });
      await s.until(() => s.stage.ended.length > 0);
      const crashed = s.worker.of('taskCrashed');
      expect(crashed).to.have.length(2);
      expect(JSON.stringify(crashed[0])).to.include(says);
      expect(s.worker.of('taskStarted').map(({ attempt }) => attempt)).to.deep.equal([1, 1]);
      expect(s.stage.outcome()).to.have.nested.include({ kind: 'failed', 'error.code': 'worker_lost', 'error.retryable': false });
      expect(s.stage.broker.dead.map(({ reason, attempts }) => [reason, attempts])).to.deep.equal([['worker_lost', 2]]);
      expect(s.worker.worker.state).to.equal('running');
    }).timeout(30_000);
  }

  it('in an effect that must not be repeated leads to a look', async () => {
    const handlers = [handle(task({ idempotent: 'no' }), isolated('exiting'))];
    await using s = await setup('exiting', { handlers });
    await s.until(() => s.stage.ended.length > 0);
    expect(s.worker.of('taskStarted').map(({ reconcile }) => reconcile)).to.deep.equal([false, true]);
    expect(s.stage.outcome()).to.have.nested.include({ kind: 'unknown', 'error.code': 'outcome_unknown' });
  });
});

describe('G1 an isolated handler that blocks its event loop', () => {
  it('holds up neither the renewals of its worker nor its neighbours', async () => {
    await using s = await setup('blocking', { broker: { taskAckWaitMs: 1_000 } }, { input: 4_000 });
    const other = await s.stage.worker('other');
    for (let n = 0; n < 20; n++) s.stage.send('quick');
    await s.until(() => s.stage.ended.length === 20);
    expect(s.stage.ended.map(({ body }) => body.outcome.kind)).to.deep.equal(Array(20).fill('succeeded'));
    await s.until(() => s.stage.ended.length === 21);
    expect(s.stage.ended.at(-1)!.body.outcome).to.deep.equal({ kind: 'succeeded', output: 'has computed' });
    expect([...s.worker.of('stoodStill'), ...other.of('taskStarted').filter((event) => event.task === 'work')]).to.deep.equal([]);
  }).timeout(30_000);
});
