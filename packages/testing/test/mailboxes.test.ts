import { expect } from 'chai';
import type { Delivery } from '@troupe/actor/internal';
import { createMemoryBroker, type MemoryBrokerOptions, type MemoryPorts } from '@troupe/testing';

const to = (key: string) => ({ kind: 'counter', key });

function setup(options: MemoryBrokerOptions = {}) {
  const broker = createMemoryBroker(options);
  const seen: { host: string; delivery: Delivery; at: number }[] = [];
  const host = (name: string, mode: 'ack' | 'hold' = 'ack', kinds = ['counter']): MemoryPorts => {
    const ports = broker.process(name);
    ports.serve(kinds, (delivery) => {
      seen.push({ host: name, delivery, at: broker.clock.now() });
      if (mode === 'ack') delivery.ack();
    });
    return ports;
  };
  const post = (key: string, n = 0, extra = {}) => broker.post(to(key), { type: 'add', body: { n }, sender: 'entity', ...extra });
  const bodies = (): unknown[] => seen.map((s) => (s.delivery.message.body as { n: number }).n);
  return { broker, clock: broker.clock, seen, host, post, bodies };
}

describe('mail in memory', () => {
  it('comes to the host that serves its kind, as it was sent', async () => {
    const s = setup();
    s.host('a');
    s.post('k', 7, { context: { user: 'u' }, from: to('sender') });
    await s.clock.tick(0);
    const { delivery } = s.seen[0]!;
    expect(delivery).to.deep.include({ to: to('k'), deliveries: 1, tries: 0 });
    expect(delivery.message).to.deep.include({ type: 'add', body: { n: 7 }, sender: 'entity', context: { user: 'u' }, from: to('sender') });
    expect(s.broker.isQuiet).to.equal(true);
  });

  it('waits for a host, and comes in the order in which it was sent', async () => {
    const s = setup();
    for (let n = 0; n < 5; n++) s.post('k', n);
    await s.clock.tick(60_000);
    expect(s.seen).to.deep.equal([]);
    s.host('other', 'ack', ['throttle']);
    s.host('a');
    await s.clock.tick(0);
    expect(s.bodies()).to.deep.equal([0, 1, 2, 3, 4]);
  });

  it('comes again when it is not acknowledged within the hold, with the count of deliveries', async () => {
    const s = setup({ ackWaitMs: 2_000 });
    s.host('a', 'hold');
    const ref = s.post('k');
    await s.clock.tick(4_500);
    expect(s.seen.map(({ at, delivery }) => [at - s.seen[0]!.at, delivery.deliveries])).to.deep.equal([
      [0, 1],
      [2_000, 2],
      [4_000, 3],
    ]);
    expect(s.broker.mailboxes.isPresent(ref!)).to.equal(true);
    s.seen[0]!.delivery.ack();
    await s.clock.tick(10_000);
    expect(s.seen).to.have.length(3);
    expect(s.broker.mailboxes.isPresent(ref!)).to.equal(false);
  });

  it('stays away while its hold is renewed', async () => {
    const s = setup({ ackWaitMs: 2_000 });
    s.host('a', 'hold');
    s.post('k');
    for (let i = 0; i < 10; i++) {
      await s.clock.tick(1_500);
      s.seen[0]!.delivery.extend();
    }
    expect(s.seen).to.have.length(1);
  });

  it('goes to another host when its holder dies, after the hold; what the dead one says is not heard', async () => {
    const s = setup({ ackWaitMs: 2_000 });
    const a = s.host('a', 'hold');
    s.post('k');
    await s.clock.tick(0);
    s.host('b');
    a.process.kill();
    s.seen[0]!.delivery.ack();
    s.seen[0]!.delivery.extend();
    await s.clock.tick(1_999);
    expect(s.seen).to.have.length(1);
    await s.clock.tick(1);
    expect(s.seen.map((one) => one.host)).to.deep.equal(['a', 'b']);
  });

  it('of one key goes to one owner, and of many keys to all hosts; a host that leaves moves its own keys only', async () => {
    const s = setup();
    const hosts = ['a', 'b', 'c'].map((name) => s.host(name));
    const keys = Array.from({ length: 60 }, (_, i) => `k${i}`);
    const owners = async (): Promise<Map<string, Set<string>>> => {
      s.seen.length = 0;
      for (const key of [...keys, ...keys]) s.post(key);
      await s.clock.tick(0);
      const out = new Map<string, Set<string>>();
      for (const { host, delivery } of s.seen) out.set(delivery.to.key, (out.get(delivery.to.key) ?? new Set()).add(host));
      return out;
    };
    const before = await owners();
    expect([...before.values()].every((set) => set.size === 1)).to.equal(true);
    expect(new Set([...before.values()].flatMap((set) => [...set])).size).to.equal(3);
    hosts[0]!.process.kill();
    const after = await owners();
    for (const key of keys) if (!before.get(key)!.has('a')) expect(after.get(key)).to.deep.equal(before.get(key));
  });

  it('strays to other hosts as often as it is told to', async () => {
    const s = setup({ stray: 0.5 });
    for (const name of ['a', 'b']) s.host(name);
    for (let n = 0; n < 50; n++) s.post('k', n);
    await s.clock.tick(0);
    expect(new Set(s.seen.map((one) => one.host))).to.deep.equal(new Set(['a', 'b']));
  });

  it('is stored once per message id within the window, and again after it', async () => {
    const s = setup({ dedupWindowMs: 1_000 });
    s.host('a');
    expect(s.post('k', 0, { id: 'same' })).to.not.equal(undefined);
    expect(s.post('k', 0, { id: 'same' })).to.equal(undefined);
    await s.clock.tick(1_000);
    expect(s.post('k', 0, { id: 'same' })).to.not.equal(undefined);
    await s.clock.tick(0);
    expect(s.seen).to.have.length(2);
  });

  it('comes again after its acknowledgement as often as asked, and is there until the last one', async () => {
    const s = setup({ repeats: 2, repeatWithinMs: 5_000 });
    s.host('a');
    const ref = s.post('k');
    await s.clock.tick(0);
    expect(s.broker.mailboxes.isPresent(ref!)).to.equal(true);
    await s.clock.tick(10_000);
    expect(s.seen.map((one) => one.delivery.deliveries)).to.deep.equal([1, 2, 3]);
    expect(s.broker.isQuiet).to.equal(true);
  });

  it('is shuffled the same way for the same seed', async () => {
    const course = async (seed: number): Promise<unknown[]> => {
      const s = setup({ seed, shuffleMs: 100 });
      s.host('a');
      for (let n = 0; n < 20; n++) s.post('k', n);
      await s.clock.tick(100);
      return s.bodies();
    };
    const inOrder = Array.from({ length: 20 }, (_, i) => i);
    expect(await course(1)).to.deep.equal(await course(1));
    expect(await course(1)).to.not.deep.equal(await course(2));
    expect(await course(1)).to.not.deep.equal(inOrder);
    expect([...(await course(1))].sort((a, b) => Number(a) - Number(b))).to.deep.equal(inOrder);
  });

  it('is a copy: what becomes of an object after it was sent or received stays there', async () => {
    const s = setup({ ackWaitMs: 1_000 });
    s.host('a', 'hold');
    const body = { n: 1, list: [1] };
    s.broker.post(to('k'), { type: 'add', body, sender: 'entity' });
    body.list.push(2);
    await s.clock.tick(0);
    (s.seen[0]!.delivery.message.body as typeof body).list.push(3);
    await s.clock.tick(1_000);
    expect(s.seen[1]!.delivery.message.body).to.deep.equal({ n: 1, list: [1] });
  });

  it('refuses what no wire could carry', () => {
    const s = setup();
    expect(() => s.broker.post(to('k'), { type: 'add', body: { at: new Date(0) } as never, sender: 'entity' })).to.throw(
      TypeError,
      'a Date',
    );
  });
});

describe('timers in memory', () => {
  const letter = (id: string) => ({ id, type: 'timer.poll', body: { n: 1 }, sender: 'timer' as const, timer: id });

  function timed(options: MemoryBrokerOptions = {}) {
    const s = setup(options);
    s.host('a');
    const set = (id: string, inMs: number, once = true): void =>
      s.broker.mailboxes.schedule(to('k'), id, { atMs: s.clock.now() + inMs, to: to('k'), letter: letter(id), once });
    return { ...s, set };
  }

  it('fire at their time, to their mailbox, with their id', async () => {
    const s = timed();
    s.set('t1', 5_000);
    await s.clock.tick(4_999);
    expect([s.seen.length, s.broker.mailboxes.timers]).to.deep.equal([0, 1]);
    await s.clock.tick(1);
    expect(s.seen[0]!.delivery.ref.stream).to.equal('timers');
    expect(s.seen[0]!.delivery.message).to.deep.include({ timer: 't1', sender: 'timer', type: 'timer.poll' });
    expect(s.broker.isQuiet).to.equal(true);
  });

  it('fire at once if their time has passed', async () => {
    const s = timed();
    s.set('t1', -60_000);
    await s.clock.tick(0);
    expect(s.seen).to.have.length(1);
  });

  it('do not fire when cancelled; cancelling one that fired or never was is harmless', async () => {
    const s = timed();
    s.set('t1', 1_000);
    s.set('t2', 1_000);
    s.broker.mailboxes.cancel(to('k'), 't1');
    s.broker.mailboxes.cancel(to('k'), 'never');
    await s.clock.tick(2_000);
    s.broker.mailboxes.cancel(to('k'), 't2');
    expect(s.seen.map((one) => one.delivery.message.timer)).to.deep.equal(['t2']);
  });

  it('stand once under a name: set again they replace, within the window they are dropped', async () => {
    const s = timed({ dedupWindowMs: 10_000 });
    s.set('t1', 1_000);
    s.set('t1', 5_000);
    await s.clock.tick(1_000);
    expect(s.seen).to.have.length(1);
    s.set('t1', 1_000);
    await s.clock.tick(5_000);
    expect(s.seen).to.have.length(1);
    s.set('put-off', 1_000, false);
    s.set('put-off', 3_000, false);
    await s.clock.tick(2_999);
    expect(s.seen).to.have.length(1);
    await s.clock.tick(1);
    expect(s.seen).to.have.length(2);
  });

  it('may be late by as much as they are told to', async () => {
    const s = timed({ timerLatenessMs: 250, seed: 3 });
    for (let i = 0; i < 20; i++) s.set(`t${i}`, 1_000);
    const start = s.clock.now();
    await s.clock.tick(1_250);
    const late = s.seen.map((one) => one.at - start - 1_000);
    expect(late).to.have.length(20);
    expect(Math.max(...late)).to.be.within(1, 250);
    expect(Math.min(...late)).to.be.at.least(0);
  });
});

describe('what waits', () => {
  it('is told in one line each', async () => {
    const s = setup();
    s.post('k');
    s.broker.mailboxes.schedule(to('k'), 't1', {
      atMs: s.clock.now() + 500,
      to: to('k'),
      letter: { id: 't1', type: 'x', body: null, sender: 'timer' },
      once: true,
    });
    expect(s.broker.describe()).to.deep.equal(['mail to counter/k: add, delivered 0 times', 'timer counter/k t1 to counter/k in 500 ms']);
    expect(s.broker.isQuiet).to.equal(false);
  });
});
