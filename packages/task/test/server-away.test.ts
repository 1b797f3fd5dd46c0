import { expect } from 'chai';
import { handle } from '@troupe/task';
import { faultEverywhere, type Faults } from '@troupe/testing';
import { createStage, task } from './support/stage.ts';

const charge = task({ name: 'charge', idempotent: 'no' });

/** Ten tasks and two workers, one of which may die. Every outcome must come, and none that is wrong. */
async function scenario(faults: Faults): Promise<void> {
  const made = new Map<string, number>();
  const run = (input: unknown) => {
    made.set(String(input), (made.get(String(input)) ?? 0) + 1);
    return input;
  };
  const reconcile = async (input: unknown) => (made.has(String(input)) ? { found: input } : ({ found: false } as const));
  const handlers = [handle(task(), run as never), handle(charge, { run, reconcile } as never)];
  await using stage = await createStage({
    handlers,
    broker: { faults: (call) => (call.client.startsWith('w') ? faults(call) : 'none'), taskAckWaitMs: 2_000 },
  });
  for (const name of ['w1', 'w2']) await stage.worker(name);
  for (let n = 0; n < 5; n++) {
    stage.send('work', { id: `a${n}`, input: `a${n}` });
    stage.send('charge', { id: `c${n}`, input: `c${n}` });
  }
  const seen = (): Set<string> => new Set(stage.ended.map(({ body }) => body.token));
  await stage.clock.runUntil(() => seen().size === 10, 3_600_000);
  await stage.clock.runUntil(() => stage.broker.tasks.unacknowledged === 0, 3_600_000);
  for (const { body } of stage.ended) {
    expect(body.outcome, body.token).to.deep.equal({ kind: 'succeeded', output: body.token.slice('token-'.length) });
  }
  for (let n = 0; n < 5; n++) expect(made.get(`c${n}`), `how often c${n} was made`).to.equal(1);
  expect(stage.broker.dead).to.deep.equal([]);
}

describe('a server that does not answer a worker at the n-th call, for every n', () => {
  for (const fault of ['fail', 'loseAck', 'crash', 'crashBefore'] as const) {
    it(`(${fault}) costs no outcome, and no effect happens twice that must not`, async () => {
      const hit = await faultEverywhere(fault, scenario, { counts: ({ client, name }) => client.startsWith('w') && name !== 'tasks.open' });
      expect(hit).to.be.greaterThan(10);
    }).timeout(60_000);
  }
});

describe('an outcome that cannot be stored', () => {
  it('is sent again until it is, with growing pauses, and its task is not acknowledged before', async () => {
    let down = true;
    await using stage = await createStage({
      handlers: [handle(task(), () => 'made')],
      broker: { faults: ({ name }) => (name === 'tasks.mail' && down ? 'fail' : 'none') },
    });
    const { of } = await stage.worker('w');
    stage.send('work');
    await stage.clock.tick(60_000);
    expect(stage.broker.tasks.unacknowledged).to.equal(1);
    expect(of('unavailable').length).to.be.within(12, 30);
    down = false;
    await stage.untilEnded();
    expect(stage.outcome().kind).to.equal('succeeded');
    expect(of('taskStarted')).to.have.length(1);
    await stage.clock.tick(60_000);
    expect(stage.broker.tasks.unacknowledged).to.equal(0);
  });
});
