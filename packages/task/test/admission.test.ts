import { expect } from 'chai';
import type { TaskMessage } from '@troupe/protocol';
import { handle } from '@troupe/task';
import { createStage, OPERATION, type StageOptions, task } from './support/stage.ts';

/** One worker, and how often records were read and the handler ran. */
async function setup(options: Partial<StageOptions> = {}) {
  const counted = { runs: 0, reads: 0 };
  const stage = await createStage({
    handlers: [handle(task(), () => ++counted.runs)],
    broker: {
      faults: ({ name }) => {
        if (name === 'tasks.waiter') counted.reads++;
        return 'none';
      },
    },
    wants: (record, message) => (record.root as { token?: string }).token === message.token,
    ...options,
  });
  return { stage, counted, [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose]() };
}

/** Takes the next message of the pool and never answers: it is delivered a second time when its hold lapses. */
async function heldOnce({ stage }: Awaited<ReturnType<typeof setup>>): Promise<void> {
  await stage.clock.tick(0);
  expect(stage.broker.tasks.pull(stage.broker.process('dies').process, 'regular', 'p', 1)).to.have.length(1);
  await stage.clock.tick(stage.broker.taskAckWaitMs);
}

describe('a message that comes fresh and for the first time', () => {
  it('starts without a single read', async () => {
    await using s = await setup();
    await s.stage.worker('w');
    s.stage.send('work');
    await s.stage.untilEnded();
    expect(s.counted).to.deep.equal({ runs: 1, reads: 0 });
  });

  it('starts also where its turn was committed a little before', async () => {
    await using s = await setup();
    await s.stage.worker('w');
    s.stage.send('work', { orderedAt: s.stage.clock.now() - 29_000 });
    await s.stage.untilEnded();
    expect(s.counted).to.deep.equal({ runs: 1, reads: 0 });
  });
});

/** How a message comes to be doubtful. */
const doubts: readonly (readonly [string, (s: Awaited<ReturnType<typeof setup>>, message: Partial<TaskMessage>) => Promise<void>])[] = [
  [
    'that comes again',
    async (s, message) => {
      s.stage.send('work', message);
      await heldOnce(s);
      await s.stage.worker('w');
    },
  ],
  [
    'that was stored before this worker began',
    async (s, message) => {
      s.stage.send('work', message);
      await s.stage.clock.tick(1);
      await s.stage.worker('w');
    },
  ],
  [
    'that waited for a worker for more than 30 s',
    async (s, message) => {
      s.stage.send('work', message);
      await s.stage.clock.tick(30_001);
      await s.stage.worker('w');
    },
  ],
  [
    'that was stored more than 30 s after the turn that ordered it',
    async (s, message) => {
      await s.stage.worker('w');
      s.stage.send('work', { ...message, orderedAt: s.stage.clock.now() - 30_001 });
    },
  ],
];

for (const [how, arrange] of doubts) {
  describe(`a message ${how}`, () => {
    it('runs after one read if the step still wants this attempt', async () => {
      await using s = await setup();
      await s.stage.commit({ token: 'token-x' });
      await arrange(s, { id: 'x' });
      await s.stage.untilEnded();
      expect(s.counted).to.deep.equal({ runs: 1, reads: 1 });
    });

    // a step that was stopped waits to hear that its attempt never began; one that may have begun elsewhere is told by that worker
    const isFirst = how !== 'that comes again';
    it(`is not run if the step does not want it any more, and ${isFirst ? 'the operation is told that it never began' : 'nothing is told'}`, async () => {
      await using s = await setup();
      await s.stage.commit({ token: 'another' });
      await arrange(s, { id: 'x' });
      await s.stage.clock.tick(1_000);
      expect(s.counted).to.deep.equal({ runs: 0, reads: 1 });
      const told = s.stage.ended.map((one) => JSON.stringify(one)).filter((text) => text.includes('"kind":"cancelled"'));
      expect([s.stage.ended.length, told.length]).to.deep.equal(isFirst ? [1, 1] : [0, 0]);
      expect(s.stage.broker.tasks.unacknowledged).to.equal(0);
    });

    it('is dropped unseen if the operation has ended', async () => {
      await using s = await setup();
      await s.stage.commit(undefined);
      await arrange(s, { id: 'x' });
      await s.stage.clock.tick(1_000);
      expect(s.counted).to.deep.equal({ runs: 0, reads: 1 });
      expect(s.stage.ended).to.deep.equal([]);
      expect(s.stage.broker.tasks.unacknowledged).to.equal(0);
    });

    it('is dropped unseen if the operation is not known any more', async () => {
      await using s = await setup();
      await arrange(s, { id: 'x', replyTo: { ...OPERATION, key: 'forgotten' } });
      await s.stage.clock.tick(1_000);
      expect(s.counted).to.deep.equal({ runs: 0, reads: 1 });
      expect(s.stage.broker.tasks.unacknowledged).to.equal(0);
    });
  });
}

describe('a message past its deadline', () => {
  it('is answered without a run', async () => {
    await using s = await setup();
    await s.stage.worker('w');
    s.stage.send('work', { deadline: s.stage.clock.now() - 1 });
    await s.stage.untilEnded();
    expect(s.counted.runs).to.equal(0);
    expect(s.stage.outcome()).to.have.nested.include({ 'error.code': 'deadline_exceeded', 'error.retryable': false });
  });

  it('runs if it comes at its deadline', async () => {
    await using s = await setup();
    await s.stage.worker('w');
    s.stage.send('work', { deadline: s.stage.clock.now() });
    await s.stage.untilEnded();
    expect(s.counted.runs).to.equal(1);
  });
});

describe('a record that cannot be read', () => {
  it('is asked for again, and the message is neither run nor dropped meanwhile', async () => {
    let down = true;
    await using s = await setup({ broker: { faults: ({ name }) => (name === 'tasks.waiter' && down ? 'fail' : 'none') } });
    await s.stage.commit({ token: 'token-x' });
    const { of } = await s.stage.worker('w');
    s.stage.send('work', { id: 'x', orderedAt: 0 });
    await s.stage.clock.tick(120_000);
    expect(s.counted.runs).to.equal(0);
    expect(of('unavailable')).to.not.have.length(0);
    down = false;
    await s.stage.untilEnded();
    expect(s.counted.runs).to.equal(1);
  });
});
