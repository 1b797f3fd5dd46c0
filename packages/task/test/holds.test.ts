import { expect } from 'chai';
import { handle } from '@troupe/task';
import { createStage, gate, type StageOptions, task } from './support/stage.ts';

const HOLD_MS = 2_000;

/** Two workers; the handler ends when the test says so. */
async function setup(options: Partial<StageOptions> = {}) {
  const done = gate<string>();
  const runs: string[] = [];
  const handlers = (name: string) => [handle(task(), () => (runs.push(name), done.promise))];
  const stage = await createStage({ handlers: [], broker: { taskAckWaitMs: HOLD_MS }, ...options });
  const first = await stage.worker('first', { handlers: handlers('first') });
  stage.send('work');
  await stage.clock.tick(0);
  const second = await stage.worker('second', { handlers: handlers('second') });
  return { stage, done, runs, first, second, [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose]() };
}

describe('G1 a task that runs longer than its hold', () => {
  it('stays with its worker, who renews the hold, and has one completion', async () => {
    await using s = await setup();
    await s.stage.clock.tick(30_000);
    expect(s.runs).to.deep.equal(['first']);
    s.done.open('made');
    await s.stage.untilEnded();
    await s.stage.clock.tick(60_000);
    expect(s.stage.ended).to.have.length(1);
    expect(s.stage.ended[0]!.body.worker).to.equal('first');
    expect(s.stage.broker.tasks.unacknowledged).to.equal(0);
  });

  it('goes to another worker when its own dies, within one hold', async () => {
    await using s = await setup();
    s.first.process.kill();
    await s.stage.clock.tick(HOLD_MS + 100);
    expect(s.runs).to.deep.equal(['first', 'second']);
    s.done.open('made');
    await s.stage.untilEnded();
    expect(s.stage.ended.map(({ body }) => body.worker)).to.deep.equal(['second']);
  });

  it('whose worker stood still is told of, and the late outcome carries the token of its attempt', async () => {
    await using s = await setup();
    // both stand still: the server's hold lapses meanwhile
    s.stage.clock.freeze(5_000);
    await s.stage.clock.tick(100);
    expect(s.first.of('stoodStill')[0]).to.include({ attempts: 1 });
    expect(s.first.of('stoodStill')[0]!.ms).to.be.greaterThan(HOLD_MS);
    s.done.open('made');
    await s.stage.untilEnded();
    await s.stage.clock.tick(60_000);
    // whoever waits applies one: all outcomes name the same attempt
    expect(new Set(s.stage.ended.map(({ body }) => body.token))).to.deep.equal(new Set(['token-t1']));
    expect(s.stage.broker.tasks.unacknowledged).to.equal(0);
  });

  it('and comes again to the worker that runs it is run once: the newer hold replaces the older', async () => {
    const done = gate<string>();
    let runs = 0;
    let renewed = 0;
    await using stage = await createStage({
      handlers: [handle(task(), () => (runs++, done.promise))],
      broker: { taskAckWaitMs: HOLD_MS },
      // the renewals of the first hold are lost on their way
      tamper: (delivery) =>
        delivery.deliveries > 1
          ? { ...delivery, extend: () => (renewed++, delivery.extend()) }
          : { ...delivery, extend: () => undefined, ack: () => undefined },
    });
    const { of } = await stage.worker('only');
    stage.send('work');
    await stage.clock.tick(30_000);
    expect(of('taskCameAgain')).to.have.length(1);
    // what runs here was never started a second time, so no start is counted
    const { readMark } = stage.broker.process('reader').taskSource('p');
    expect(await readMark('t1')).to.equal(undefined);
    expect(renewed).to.be.greaterThan(30);
    done.open('made');
    await stage.untilEnded();
    await stage.clock.tick(60_000);
    expect([runs, stage.ended.length, stage.broker.tasks.unacknowledged]).to.deep.equal([1, 1, 0]);
  });
});
