import { expect } from 'chai';
import type { TaskMessage } from '@troupe/protocol';
import { createMemoryBroker, type HeldTask, type MemoryBrokerOptions } from '@troupe/testing';

function message(id: string, more: Partial<TaskMessage> = {}): TaskMessage {
  return {
    v: 1,
    id,
    task: 'openstack.create',
    input: { n: 1 },
    attempt: 1,
    attempts: 3,
    token: `token-${id}`,
    idempotencyToken: 'i',
    timeLimitMs: 1_000,
    orderedAt: 0,
    ...more,
  };
}

function idOf({ text }: HeldTask): string {
  return (JSON.parse(text) as TaskMessage).id;
}

function setup(options: MemoryBrokerOptions = {}) {
  const broker = createMemoryBroker({ taskAckWaitMs: 30_000, ...options });
  const { tasks, clock } = broker;
  const push = (id: string, cls: 'regular' | 'heavy' = 'regular', pool = 'p'): void =>
    tasks.push(id, cls, pool, message(id), { user: 'u' });
  const { process } = broker.process('worker-1');
  const pull = (count: number, from = process) => tasks.pull(from, 'regular', 'p', count);
  return { broker, tasks, clock, push, pull, process };
}

describe('tasks in memory', () => {
  it('are pulled by class and pool, oldest first, no more than asked for', async () => {
    const s = setup();
    for (const id of ['a', 'b', 'c']) s.push(id);
    s.push('heavy', 'heavy');
    s.push('elsewhere', 'regular', 'q');
    await s.clock.tick(0);
    expect(s.pull(2).map(idOf)).to.deep.equal(['a', 'b']);
    expect(s.pull(2).map(idOf)).to.deep.equal(['c']);
    expect(s.pull(2)).to.deep.equal([]);
  });

  it('arrive as they were sent, with their context and the count of deliveries', async () => {
    const s = setup();
    s.push('a');
    await s.clock.tick(0);
    const [task] = s.pull(1);
    expect(task).to.deep.include({ class: 'regular', pool: 'p', context: { user: 'u' }, deliveries: 1, task: 'openstack.create' });
    expect(JSON.parse(task!.text)).to.deep.equal(message('a'));
  });

  it('may be no task messages at all', async () => {
    const s = setup();
    s.tasks.pushBody('regular', 'p', 'work', '{"v":');
    await s.clock.tick(0);
    expect(s.tasks.describe()).to.deep.equal(['task work (regular p) that cannot be read, delivered 0 times, waits for a worker']);
    expect(s.pull(1)[0]).to.include({ task: 'work', text: '{"v":' });
  });

  it('are dealt in turn to the workers that wait for them', async () => {
    const s = setup();
    const got: string[] = [];
    for (const name of ['worker-2', 'worker-3']) {
      const { process } = s.broker.process(name);
      s.tasks.watch(process, 'regular', 'p', () => got.push(...s.pull(1, process).map((task) => `${name} ${idOf(task)}`)));
    }
    for (const id of ['a', 'b', 'c']) s.push(id);
    await s.clock.tick(0);
    expect(got).to.deep.equal(['worker-2 a', 'worker-3 b', 'worker-2 c']);
  });

  it('are gone once acknowledged, and come again when their hold lapses', async () => {
    const s = setup();
    s.push('a');
    s.push('b');
    await s.clock.tick(0);
    const [a] = s.pull(2);
    a!.ack();
    await s.clock.tick(29_999);
    expect(s.pull(2)).to.deep.equal([]);
    await s.clock.tick(1);
    expect(s.pull(2).map((task) => [idOf(task), task.deliveries])).to.deep.equal([['b', 2]]);
    expect(s.tasks.unacknowledged).to.equal(1);
  });

  it('stay with a worker that renews its hold', async () => {
    const s = setup();
    s.push('a');
    await s.clock.tick(0);
    const [a] = s.pull(1);
    for (let i = 0; i < 10; i++) {
      await s.clock.tick(10_000);
      a!.extend();
    }
    expect(s.pull(1)).to.deep.equal([]);
  });

  it('come back after the delay of a worker that gives them back', async () => {
    const s = setup();
    s.push('a');
    await s.clock.tick(0);
    s.pull(1)[0]!.giveBack(5_000);
    await s.clock.tick(4_999);
    expect(s.pull(1)).to.deep.equal([]);
    await s.clock.tick(1);
    expect(s.pull(1)).to.have.length(1);
  });

  it('of a dead worker come again after the hold, and its late acknowledgement is not heard', async () => {
    const s = setup();
    s.push('a');
    await s.clock.tick(0);
    const [a] = s.pull(1);
    s.process.kill();
    a!.ack();
    a!.extend();
    await s.clock.tick(30_000);
    expect(s.pull(1, s.broker.process('worker-2').process)).to.have.length(1);
  });

  it('are stored once per id within the window', async () => {
    const s = setup({ dedupWindowMs: 1_000 });
    s.push('a');
    s.push('a');
    await s.clock.tick(1_000);
    s.push('a');
    await s.clock.tick(0);
    expect(s.pull(9)).to.have.length(2);
    expect(s.tasks.sent).to.have.length(2);
  });

  it('come again after their acknowledgement as often as asked', async () => {
    const s = setup({ repeats: 1, repeatWithinMs: 100 });
    s.push('a');
    await s.clock.tick(0);
    s.pull(1)[0]!.ack();
    expect(s.pull(1)).to.deep.equal([]);
    await s.clock.tick(100);
    s.pull(1)[0]!.ack();
    await s.clock.tick(60_000);
    expect([s.pull(1).length, s.tasks.unacknowledged]).to.deep.equal([0, 0]);
  });

  it('call whoever watches the queue, until it stops or dies', async () => {
    const s = setup();
    const calls: string[] = [];
    const watch = (name: string, process = s.process): (() => void) => s.tasks.watch(process, 'regular', 'p', () => calls.push(name));
    const stop = watch('stopped');
    const dying = s.broker.process('worker-2').process;
    watch('dies', dying);
    watch('stays');
    s.push('a');
    await s.clock.tick(0);
    stop();
    dying.kill();
    s.push('b');
    s.push('other', 'heavy');
    await s.clock.tick(0);
    expect(calls).to.deep.equal(['stopped', 'dies', 'stays', 'stays']);
  });

  it('are told in one line each while they wait', async () => {
    const s = setup();
    s.push('a');
    await s.clock.tick(0);
    expect(s.broker.describe()).to.deep.equal([
      'task openstack.create (regular p) step - attempt 1, delivered 0 times, waits for a worker',
    ]);
  });
});
