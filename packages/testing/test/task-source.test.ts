import { expect } from 'chai';
import type { TaskDelivery } from '@troupe/actor/internal';
import type { TaskMessage } from '@troupe/protocol';
import { createMemoryBroker, type MemoryBrokerOptions } from '@troupe/testing';

function message(id: string): TaskMessage {
  return {
    v: 1,
    id,
    task: 'work',
    input: null,
    attempt: 1,
    attempts: 1,
    token: `t-${id}`,
    idempotencyToken: 'i',
    timeLimitMs: 1_000,
    orderedAt: 0,
  };
}

async function setup(options: MemoryBrokerOptions = {}) {
  const broker = createMemoryBroker(options);
  const ports = broker.process('worker-1');
  const source = ports.taskSource('p');
  const seen: TaskDelivery[] = [];
  const signals: unknown[] = [];
  await source.open({ deliver: (delivery) => void seen.push(delivery), signal: (body) => void signals.push(body) });
  const ends: number[] = [];
  const pull = (count: number, expiresMs = 1_000, cls: 'regular' | 'heavy' = 'regular'): void =>
    source.pull({ class: cls, count, expiresMs, onEnd: (undelivered) => void ends.push(undelivered) });
  const push = (id: string, pool = 'p'): void => broker.tasks.push(id, 'regular', pool, message(id), { user: 'u' });
  const ids = (): string[] => seen.map((delivery) => (JSON.parse(new TextDecoder().decode(delivery.data)) as TaskMessage).id);
  return { broker, clock: broker.clock, ports, source, seen, signals, ends, pull, push, ids };
}

describe('the tasks of a pool in memory', () => {
  it('come to a request, as bytes, with subject and context, and never within the call that asked', async () => {
    const s = await setup();
    s.push('a');
    await s.clock.tick(0);
    s.pull(1);
    expect(s.seen).to.deep.equal([]);
    await s.clock.tick(0);
    expect(s.ids()).to.deep.equal(['a']);
    expect(s.seen[0]).to.deep.include({ class: 'regular', subject: 'troupe.task.regular.p.work', context: { user: 'u' }, deliveries: 1 });
    expect(s.ends).to.deep.equal([0]);
  });

  it('fill a request as they come, until it is full or its time is over', async () => {
    const s = await setup();
    s.pull(2);
    s.push('a');
    await s.clock.tick(500);
    expect([s.ids(), s.ends]).to.deep.equal([['a'], []]);
    await s.clock.tick(500);
    expect(s.ends).to.deep.equal([1]);
    s.push('b');
    await s.clock.tick(500);
    expect(s.ids()).to.deep.equal(['a']);
    s.pull(1);
    await s.clock.tick(0);
    expect([s.ids(), s.ends]).to.deep.equal([
      ['a', 'b'],
      [1, 0],
    ]);
  });

  it('of other pools and classes are not offered', async () => {
    const s = await setup();
    s.push('elsewhere', 'q');
    s.push('here');
    s.pull(5, 1_000, 'heavy');
    await s.clock.tick(2_000);
    expect(s.ids()).to.deep.equal([]);
  });

  it('stop when pulling stops: every request ends, nothing comes any more', async () => {
    const s = await setup();
    s.pull(3);
    await s.source.stopPulling();
    s.push('a');
    await s.clock.tick(5_000);
    expect([s.ids(), s.ends]).to.deep.equal([[], [3]]);
  });

  it('hear signals of their pool until they are closed', async () => {
    const s = await setup();
    s.ports.effects.tell([
      { type: 'signal', pool: 'p', body: { cancel: 'a' } },
      { type: 'signal', pool: 'q', body: 'other' },
    ]);
    await s.source.close();
    s.ports.effects.tell([{ type: 'signal', pool: 'p', body: 'late' }]);
    expect(s.signals).to.deep.equal([{ cancel: 'a' }]);
  });

  it('are answered by mail from the sender of the pool, stored once per id', async () => {
    const s = await setup();
    const got: unknown[] = [];
    s.broker.process('host').serve(['operation'], (delivery) => {
      got.push([delivery.message.sender, delivery.message.type, delivery.message.body, delivery.message.context]);
      delivery.ack();
    });
    const to = { kind: 'operation', key: 'o' };
    for (let i = 0; i < 2; i++) await s.source.mail(to, { id: 'm1', type: 'task.ended', body: { n: 1 } }, { user: 'u' });
    await s.clock.tick(0);
    expect(got).to.deep.equal([['task-p', 'task.ended', { n: 1 }, { user: 'u' }]]);
  });

  it('keep results and bury what cannot be handled, with its reason', async () => {
    const s = await setup();
    expect(await s.source.hasResult('a')).to.equal(false);
    await s.source.result({ v: 1, id: 'a', task: 'work', attempt: 1, outcome: { kind: 'succeeded', output: 1 }, endedAt: 0 }, 1_000);
    expect(await s.source.hasResult('a')).to.equal(true);
    s.push('bad');
    s.pull(1);
    await s.clock.tick(0);
    await s.source.bury(s.seen[0]!, { code: 'malformed', message: 'no' }, 3);
    expect(s.broker.dead[0]).to.deep.include({ reason: 'malformed', attempts: 3, subject: 'troupe.task.regular.p.work' });
  });

  it('mark a start by compare-and-set, for a time, between all workers', async () => {
    const s = await setup();
    const other = s.broker.process('worker-2').taskSource('p');
    expect(await s.source.readMark('a')).to.equal(undefined);
    expect(await s.source.writeMark('a', 1, 0, 1_000)).to.equal(true);
    expect(await other.writeMark('a', 1, 0, 1_000)).to.equal(false);
    const mark = await other.readMark('a');
    expect(mark?.starts).to.equal(1);
    expect(await other.writeMark('a', 2, mark!.revision, 1_000)).to.equal(true);
    expect(await s.source.writeMark('a', 3, mark!.revision, 1_000)).to.equal(false);
    await s.clock.tick(1_000);
    expect(await s.source.readMark('a')).to.equal(undefined);
    expect(await s.source.writeMark('a', 1, 0, 1_000)).to.equal(true);
    expect((await s.source.readMark('a'))!.revision).to.be.greaterThan(mark!.revision + 1);
  });

  it('show the record of whoever waits, and that it has ended', async () => {
    const s = await setup();
    const of = { kind: 'operation', key: 'o' };
    expect(await s.source.waiter(of)).to.equal(undefined);
    const root = { v: 1, w: 'n.1', s: { phase: 'running' }, fx: [], in: [], nx: {} };
    await s.ports.records.commit(of, 0, JSON.stringify(root));
    expect(await s.source.waiter(of)).to.deep.equal({ root: { phase: 'running' }, ended: false });
    await s.ports.records.commit(of, 1, JSON.stringify({ ...root, ttl: 60 }), 60_000);
    expect(await s.source.waiter(of)).to.deep.include({ ended: true });
  });
});
