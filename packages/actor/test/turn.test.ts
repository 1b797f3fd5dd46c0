import { expect } from 'chai';
import { createFreezeGuard } from '@troupe/actor';
import { createBroker } from './bench.ts';
import { counter, type CounterState } from './counter.ts';

const added = (broker: ReturnType<typeof createBroker>): unknown[] =>
  broker.emitted.flatMap((e) => (e.type === 'send' ? [e.mail.body] : []));

describe('a turn', () => {
  it('folds all waiting messages, commits once, emits, then acknowledges', async () => {
    const broker = createBroker();
    const host = broker.host(counter());
    for (let i = 0; i < 5; i++) broker.post('a', 'add');
    await broker.deliverAll(host);
    // the first message starts a turn at once; the four that came meanwhile share the second
    expect(broker.commits).to.have.length(2);
    expect(broker.root('a')?.s).to.include({ count: 5 });
    expect(added(broker)).to.deep.equal([1, 2, 3, 4, 5]);
    expect(broker.mail.size).to.equal(0);
  });

  it('leaves nothing before the commit: a host that dies there changed nothing', async () => {
    const broker = createBroker();
    const first = broker.host(counter());
    broker.fault = (call) => {
      if (call === 'commit') throw new Error('dies');
    };
    broker.post('a', 'add');
    await broker.deliverAll(first);
    expect(broker.emitted).to.deep.equal([]);
    expect(broker.mail.size).to.equal(1);
    void first.stop();
    broker.fault = () => undefined;
    const second = broker.host(counter());
    await broker.deliverAll(second);
    expect(broker.root('a')?.s).to.include({ count: 1 });
    expect(broker.mail.size).to.equal(0);
  });

  it('emits again, under the same ids, what a host committed and perhaps never emitted', async () => {
    const broker = createBroker();
    const first = broker.host(counter());
    broker.fault = (call) => {
      if (call === 'emit') throw new Error('dies');
    };
    broker.post('a', 'add');
    await broker.deliverAll(first);
    void first.stop();
    const stored = broker.root('a')?.fx.map((e) => e.id);
    broker.fault = () => undefined;
    const second = broker.host(counter());
    await broker.deliverAll(second);
    expect(broker.emitted.map((e) => e.id)).to.deep.equal(stored);
    expect(broker.root('a')?.s).to.include({ count: 1 });
  });

  it('writes the tombstone of a record that has ended, also when its host dies right after the root', async () => {
    const broker = createBroker();
    const first = broker.host(counter());
    broker.post('a', 'add');
    await broker.deliverAll(first);
    broker.fault = (call) => {
      if (call === 'putTombstone') throw new Error('dies');
    };
    broker.post('a', 'end');
    await broker.deliverAll(first);
    expect([broker.root('a')?.ttl, broker.tombstones.size, broker.mail.size]).to.deep.equal([5, 0, 1]);
    void first.stop();
    broker.fault = () => undefined;
    await broker.deliverAll(broker.host(counter()));
    expect([broker.tombstones.get('counter/a'), broker.mail.size]).to.deep.equal(['gone', 0]);
  });

  it('does not emit again when the record is old and its inputs are gone: gone means confirmed', async () => {
    const broker = createBroker();
    const first = broker.host(counter());
    broker.post('a', 'add');
    await broker.deliverAll(first);
    await first.stop();
    broker.clock.jump(600_000);
    const second = broker.host(counter());
    broker.post('a', 'add');
    await broker.deliverAll(second);
    expect(added(broker)).to.deep.equal([1, 2]);
  });

  it('emits again when the record is old but an input is still there', async () => {
    const broker = createBroker();
    const first = broker.host(counter());
    let emits = 0;
    broker.fault = (call) => {
      if (call === 'emit' && emits++ < 1_000) throw new Error('dies');
    };
    broker.post('a', 'add');
    await broker.deliverAll(first);
    void first.stop();
    broker.clock.jump(600_000);
    broker.fault = () => undefined;
    await broker.deliverAll(broker.host(counter()));
    expect(added(broker)).to.deep.equal([1]);
  });

  it('never acknowledges a failed compare-and-set: it loads and applies again', async () => {
    const broker = createBroker();
    const one = broker.host(counter());
    const two = broker.host(counter());
    broker.post('a', 'add');
    await broker.deliverAll(one);
    broker.post('a', 'add');
    await broker.deliverAll(two);
    broker.post('a', 'add');
    await broker.deliverAll(one);
    expect(broker.events.map((e) => e.type)).to.include('conflict');
    expect(broker.root('a')?.s).to.include({ count: 3 });
    expect(broker.mail.size).to.equal(0);
  });

  it('knows its own commit again when only the acknowledgement was lost', async () => {
    const broker = createBroker();
    const host = broker.host(counter());
    let lost = false;
    broker.fault = (call) => {
      if (call !== 'commit' || lost) return undefined;
      lost = true;
      return false;
    };
    broker.post('a', 'add');
    await broker.deliverAll(host);
    await broker.clock.advance(1_000);
    expect(broker.commits).to.have.length(1);
    expect(broker.events.map((e) => e.type)).not.to.include('conflict');
    expect(added(broker)).to.deep.equal([1]);
    expect(broker.mail.size).to.equal(0);
  });

  it('folds the outcome of a write before it acknowledges what caused it', async () => {
    const broker = createBroker();
    const host = broker.host(counter());
    const seq = broker.post('a', 'write');
    broker.post('a', 'add');
    await broker.deliverAll(host);
    expect(broker.root('a')?.s).to.deep.include({ written: 1 });
    const withWrite = broker.commits.map((c) => JSON.parse(c.text) as { s?: { written: number }; in: { sequence: number }[] });
    const folding = withWrite.find((r) => r.s?.written === 1);
    expect(folding?.in.map((i) => i.sequence)).to.include(seq);
    expect(broker.mail.size).to.equal(0);
  });

  it('does not commit what changed nothing, and still answers', async () => {
    const broker = createBroker();
    const host = broker.host(counter());
    broker.post('a', 'ask');
    await broker.deliverAll(host);
    expect(broker.commits).to.have.length(0);
    expect(broker.told).to.have.length(1);
    expect(broker.mail.size).to.equal(0);
  });

  it('does not ignore by a stale cache what the record of another host waits for', async () => {
    const broker = createBroker();
    const stale = broker.host(counter());
    broker.post('a', 'add');
    await broker.deliverAll(stale);
    const other = broker.host(counter());
    broker.post('a', 'arm');
    await broker.deliverAll(other);
    broker.post('a', 'fire');
    await broker.deliverAll(stale);
    expect(broker.root('a')?.s).to.include({ count: 101 });
    expect(broker.mail.size).to.equal(0);
  });

  it('hands the context of the cause to every effect', async () => {
    const broker = createBroker();
    const host = broker.host(counter());
    broker.post('a', 'add', null, { context: { user: 'u1', traceparent: 't' } });
    await broker.deliverAll(host);
    expect(broker.emitted[0]).to.have.property('context').that.deep.equals({ user: 'u1', traceparent: 't' });
  });

  it('throws away after a freeze what it had received, without acknowledging it', async () => {
    const broker = createBroker();
    let thawed = 0;
    const guard = createFreezeGuard(broker.clock, 1_000, () => {
      thawed++;
      host.thaw();
    });
    const host = broker.host(counter(), { guard });
    broker.post('a', 'add');
    broker.clock.jump(5_000);
    await broker.deliverAll(host);
    expect(thawed).to.equal(1);
    expect(broker.commits).to.have.length(0);
    expect(broker.mail.size).to.equal(1);
    await broker.deliverAll(host);
    expect(broker.root('a')?.s).to.include({ count: 1 });
    guard.stop();
  });

  it('keeps no state, after a freeze during its activation, for which the outcome of a write was not folded', async () => {
    const broker = createBroker();
    const host = broker.host(counter());
    broker.fault = (call) => {
      if (call !== 'load') return;
      broker.fault = () => undefined;
      host.thaw();
    };
    broker.post('a', 'writeOnce');
    await broker.deliverAll(host);
    expect(broker.mail.size).to.equal(1);
    // the message comes again: by a kept state it would be ignored, acknowledged, and the write never heard of
    await broker.deliverAll(host);
    expect(broker.root('a')?.s).to.include({ written: 1 });
    expect(broker.mail.size).to.equal(0);
  });

  it('does not touch, after a freeze during its emission, what another host has gone on with', async () => {
    const broker = createBroker();
    const guard = createFreezeGuard(broker.clock, 1_000, () => frozen.thaw());
    const frozen = broker.host(counter(), { guard, ackWaitMs: 2_000 });
    broker.fault = (call) => (call === 'emit' ? new Promise<void>(() => undefined) : undefined);
    broker.post('a', 'writeOnce');
    await broker.deliverAll(frozen);
    broker.clock.jump(10_000);
    broker.fault = () => undefined;
    await broker.deliverAll(broker.host(counter()));
    expect(broker.root('a')?.s).to.include({ written: 1 });
    const before = broker.root('a');
    // its turn is overdue now, which must not look like a store that is down
    await broker.clock.advance(5_000);
    expect(broker.root('a')).to.deep.equal(before);
    expect(broker.putOffs).to.deep.equal([]);
    expect(broker.events.map(({ type }) => type)).to.not.include('putOff');
    guard.stop();
  });

  it('keeps no more records than configured', async () => {
    const broker = createBroker();
    const host = broker.host(counter(), { maxResident: 10 });
    for (let i = 0; i < 50; i++) broker.post(`k${i}`, 'add');
    await broker.deliverAll(host);
    broker.post('last', 'add');
    await broker.deliverAll(host);
    expect(host.resident).to.be.at.most(11);
    expect(broker.root('k0')?.s).to.include({ count: 1 } satisfies Partial<CounterState>);
  });
});
