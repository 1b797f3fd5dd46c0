import { expect } from 'chai';
import { handle } from '@troupe/task';
import { createStage, type Stage, task } from './support/stage.ts';

async function setup(): Promise<Stage> {
  return createStage({ handlers: [handle(task(), () => 'done')] });
}

const message = {
  v: 1,
  id: 'x',
  task: 'work',
  input: 1,
  attempt: 1,
  attempts: 1,
  token: 't',
  idempotencyToken: 'i',
  timeLimitMs: 1_000,
  orderedAt: 0,
};

describe('a body that is no task message', () => {
  for (const [what, body, field] of [
    ['no JSON', '{"v":1,', undefined],
    ['nothing', '', undefined],
    ['no object', '[1]', undefined],
    ['without an id', JSON.stringify({ ...message, id: undefined }), 'id'],
    ['with an attempt that is no number', JSON.stringify({ ...message, attempt: 'first' }), 'attempt'],
    ['without a token', JSON.stringify({ ...message, token: undefined }), 'token'],
    ['with a time limit below zero', JSON.stringify({ ...message, timeLimitMs: -1 }), 'timeLimitMs'],
  ] as const) {
    it(`(${what}) is buried as it came, with a typed reason, and stops nobody`, async () => {
      await using stage = await setup();
      const { of } = await stage.worker('w');
      stage.broker.tasks.pushBody('regular', 'p', 'work', body);
      stage.send('work');
      await stage.untilEnded();
      await stage.clock.tick(120_000);
      expect(stage.outcome().kind).to.equal('succeeded');
      const [letter, ...more] = stage.broker.dead;
      expect(more).to.deep.equal([]);
      expect(letter).to.deep.include({ reason: 'malformed', body, attempts: 1, subject: 'troupe.task.regular.p.work' });
      expect(letter!.error).to.include({ code: 'malformed', ...(field === undefined ? {} : { field }) });
      expect(of('taskBuried')[0]?.error.code).to.equal('malformed');
      expect(stage.broker.tasks.unacknowledged).to.equal(0);
    });
  }

  it('stays where it is until its burial is stored', async () => {
    let down = true;
    await using stage = await createStage({
      handlers: [],
      broker: { faults: ({ name }) => (name === 'tasks.bury' && down ? 'fail' : 'none') },
    });
    await stage.worker('w');
    stage.broker.tasks.pushBody('regular', 'p', 'work', 'poison');
    await stage.clock.tick(60_000);
    expect([stage.broker.tasks.unacknowledged, stage.broker.dead.length]).to.deep.equal([1, 0]);
    down = false;
    await stage.clock.tick(10_000);
    expect([stage.broker.tasks.unacknowledged, stage.broker.dead.length]).to.deep.equal([0, 1]);
  });
});

describe('a message of a newer version', () => {
  it('is never buried: it waits for a worker that reads it', async () => {
    await using stage = await setup();
    const { of } = await stage.worker('w');
    stage.broker.tasks.pushBody('regular', 'p', 'work', JSON.stringify({ ...message, v: 2 }));
    await stage.clock.tick(65_000);
    expect(of('newerVersion').length).to.equal(3);
    expect([stage.broker.tasks.unacknowledged, stage.broker.dead.length]).to.deep.equal([1, 0]);
  });
});
