import { expect } from 'chai';
import { createWorker, handle } from '@troupe/task';
import { createMemoryBroker, createSeededRandom, type Faults, noFaults, stressService } from '@troupe/testing';
import { createStage, type Stage, type StageOptions, type StageWorker, task } from './support/stage.ts';

const slow =
  (stage: () => Stage, ms: number) =>
  (_input: unknown, { signal }: { signal: AbortSignal }) =>
    new Promise((resolve, reject) => {
      const cancel = stage().clock.setTimer(ms, () => resolve('done'));
      signal.addEventListener('abort', () => {
        cancel();
        reject(new Error('stopped'));
      });
    });

/** A worker with a running task; `ms` is how long its handler takes. */
async function setup(ms: number, options: { graceMs?: number; idempotent?: 'yes' | 'no' } = {}) {
  const { graceMs = 20_000, idempotent = 'yes' } = options;
  const handlers = [
    handle(task({ idempotent }), { run: slow(() => stage, ms) as never, reconcile: async () => ({ found: false }) as const }),
  ];
  const stage: Stage = await createStage({ handlers, graceMs });
  const first = await stage.worker('first');
  stage.send('work');
  await stage.clock.runUntil(() => first.types().includes('taskStarted'));
  return { stage, first, [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose]() };
}

function drained({ of }: StageWorker) {
  const { finished, handedBack, abandoned } = of('drained')[0]!;
  return { finished, handedBack, abandoned };
}

describe('G9 a worker that is told to stop', () => {
  it('finishes what fits in the grace', async () => {
    await using s = await setup(5_000);
    const before = s.stage.clock.now();
    await s.first.stop();
    expect(s.stage.clock.now() - before).to.be.within(4_900, 5_100);
    expect(s.stage.outcome().kind).to.equal('succeeded');
    expect(drained(s.first)).to.deep.equal({ finished: 1, handedBack: 0, abandoned: 0 });
  });

  for (const idempotent of ['yes', 'no'] as const) {
    it(`hands the rest to another worker and burns no attempt (idempotent: ${idempotent})`, async () => {
      await using s = await setup(40_000, { idempotent });
      const before = s.stage.clock.now();
      const second = await s.stage.worker('second');
      await s.first.stop();
      expect(s.stage.clock.now() - before, 'ms until it has stopped').to.be.within(20_000, 22_000);
      expect(drained(s.first)).to.deep.equal({ finished: 0, handedBack: 1, abandoned: 0 });
      expect(s.stage.ended).to.deep.equal([]);
      // handed over at once, not after the hold
      await s.stage.clock.tick(1_000);
      expect(second.of('taskStarted')).to.have.length(1);
      expect(second.of('taskStarted')[0]).to.include({ attempt: 1, reconcile: idempotent === 'no' });
      await s.stage.untilEnded();
      expect(s.stage.outcome().kind).to.equal('succeeded');
      expect(s.stage.ended[0]!.body).to.include({ attempt: 1, worker: 'second' });
    });
  }

  it('starts nothing that comes in the last moment', async () => {
    await using s = await setup(5_000);
    const stopping = s.first.worker.stop();
    s.stage.send('work', { id: 'late' });
    await s.stage.passing(stopping);
    expect(s.first.of('taskStarted')).to.have.length(1);
    await s.stage.worker('second');
    await s.stage.untilEnded(2);
    expect(s.stage.ended.map(({ body }) => body.worker)).to.deep.equal(['first', 'second']);
  });

  it('pulls nothing any more: what comes meanwhile goes to others at once', async () => {
    await using s = await setup(5_000);
    const stopping = s.first.worker.stop();
    await s.stage.clock.settle();
    const seen: number[] = [];
    const tamper: StageOptions['tamper'] = (delivery) => (seen.push(delivery.deliveries), delivery);
    const second = await s.stage.worker('second', { handlers: [handle(task(), () => 'done')], tamper });
    for (let n = 0; n < 5; n++) s.stage.send('work');
    await s.stage.passing(stopping);
    await s.stage.untilEnded(6);
    expect(second.of('taskStarted')).to.have.length(5);
    expect(seen).to.deep.equal([1, 1, 1, 1, 1]);
  });

  it('hands back what was delivered and not yet admitted, with its start taken back', async () => {
    const handler = { run: () => 'done', reconcile: async () => ({ found: false }) as const };
    // between the mark and the start lies the way back of the mark's acknowledgement
    const stage: Stage = await createStage({
      handlers: [handle(task({ idempotent: 'no' }), handler)],
      broker: { latencyMs: 400, seed: 3 },
    });
    await using _ = stage;
    const first = await stage.worker('first');
    stage.send('work');
    await stage.clock.runUntil(() => first.worker.running === 1);
    await first.stop();
    expect(first.of('taskStarted')).to.deep.equal([]);
    const mark = await stage.passing(stage.broker.process('reader').taskSource('p').readMark('t1'));
    expect(mark?.starts).to.equal(0);
    await stage.worker('second');
    await stage.untilEnded();
    expect(stage.outcome().kind).to.equal('succeeded');
  });

  it('leaves alone what ignores the signal: nobody runs it beside it, before its hold lapses', async () => {
    const stage: Stage = await createStage({ handlers: [handle(task(), () => new Promise(() => undefined))], graceMs: 1_000 });
    await using _ = stage;
    const first = await stage.worker('first');
    stage.send('work');
    await stage.clock.runUntil(() => first.types().includes('taskStarted'));
    const second = await stage.worker('second', { handlers: [handle(task(), () => 'done')] });
    await first.stop();
    expect(drained(first)).to.deep.equal({ finished: 0, handedBack: 0, abandoned: 1 });
    expect(second.of('taskStarted')).to.deep.equal([]);
    await stage.untilEnded();
    expect(stage.ended[0]!.body.worker).to.equal('second');
  });

  it('stops also while the server does not answer, and what is not stored comes again', async () => {
    let down = false;
    const stage: Stage = await createStage({
      handlers: [handle(task(), () => 'done')],
      broker: { faults: ({ client }) => (down && client === 'first' ? 'fail' : 'none') },
      graceMs: 3_000,
    });
    await using _ = stage;
    const first = await stage.worker('first');
    down = true;
    stage.send('work');
    await stage.clock.tick(1_000);
    await first.stop();
    expect(stage.ended).to.deep.equal([]);
    await stage.worker('second');
    await stage.untilEnded();
    expect(stage.ended[0]!.body.worker).to.equal('second');
  });
});

function idleWorker(faults: Faults) {
  const { process, taskSource } = createMemoryBroker({ faults }).process('w');
  const { clock } = process;
  const service = createWorker({ handlers: [], source: taskSource('p'), clock, random: createSeededRandom(1), name: 'w', graceMs: 0 });
  return { service, isGone: () => service.running === 0 };
}

stressService(async () => idleWorker(noFaults), {
  name: 'a worker',
  makeFailing: async () => idleWorker(({ name }) => (name === 'tasks.open' ? 'fail' : 'none')),
});
