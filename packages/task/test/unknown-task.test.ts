import { expect } from 'chai';
import { handle, loneTaskBehaviour } from '@troupe/task';
import { createEntityHost } from '@troupe/actor';
import { createStage, type Stage, task } from './support/stage.ts';

/** Sends of a new type while only workers of the old version are there. */
async function setup(): Promise<Stage> {
  const stage = await createStage({ handlers: [handle(task({ name: 'old' }), () => 'old')] });
  const ports = stage.broker.process('entities');
  const { clock } = ports.process;
  const { dedupWindowMs, ackWaitMs, random } = stage.broker;
  const host = createEntityHost({ ...ports, behaviours: [loneTaskBehaviour()], clock, random, dedupWindowMs, ackWaitMs });
  ports.serve(['task'], (delivery) => host.deliver(delivery));
  return stage;
}

describe('G10 a task type that a worker does not know', () => {
  it('is told, offered once more, then parked: nothing of it waits in the queue of those who know their tasks', async () => {
    await using stage = await setup();
    const { of } = await stage.worker('v1');
    stage.send('new', { replyTo: undefined } as never);
    await stage.clock.tick(1_000);
    expect(of('unknownTask')).to.deep.equal([{ type: 'unknownTask', task: 'new', subject: 'troupe.task.regular.p.new' }]);
    await stage.clock.tick(1_500);
    expect(of('unknownTask')).to.have.length(2);
    expect(stage.broker.tasks.unacknowledged).to.equal(0);
  });

  it('is delivered to a worker of the new version, unchanged, whenever that comes', async () => {
    await using stage = await setup();
    const v1 = await stage.worker('v1');
    stage.send('new', { id: 'n', attempt: 2, input: 7 });
    await stage.clock.tick(300_000);
    expect(stage.ended).to.deep.equal([]);
    // a rolling deploy: the old ones go last
    await stage.worker('v2', { handlers: [handle(task({ name: 'new' }), (input, { attempt }) => ({ input, attempt }))] });
    await stage.untilEnded();
    await v1.stop();
    expect(stage.outcome()).to.deep.equal({ kind: 'succeeded', output: { input: 7, attempt: 2 } });
    expect(stage.ended[0]!.body.token).to.equal('token-n');
    expect(stage.broker.dead).to.deep.equal([]);
  });

  it('is had within 2 s by the worker that takes the place of the old one: it was not parked yet', async () => {
    await using stage = await setup();
    const v1 = await stage.worker('v1');
    stage.send('new');
    await stage.clock.tick(0);
    await v1.stop();
    const v2 = await stage.worker('v2', { handlers: [handle(task({ name: 'new' }), () => 'new')] });
    await stage.clock.tick(2_500);
    expect(v1.of('unknownTask')).to.have.length(1);
    expect(v2.of('taskEnded')).to.have.length(1);
  });

  it('holds up no task that is known, however many there are', async () => {
    await using stage = await setup();
    await stage.worker('v1');
    for (let n = 0; n < 200; n++) stage.send('new', { id: `n${n}` });
    stage.send('old');
    await stage.untilEnded();
    expect(stage.outcome()).to.deep.equal({ kind: 'succeeded', output: 'old' });
  });
});
