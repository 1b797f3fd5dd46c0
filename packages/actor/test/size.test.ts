import type { Behaviour } from '@troupe/actor';
import { TroupeError } from '@troupe/protocol';
import { expect } from 'chai';
import { createBroker } from './bench.ts';
import { counter } from './counter.ts';

interface Hoard {
  kept: string[];
}

/** A state that grows by what it is sent; `send` orders that many bytes of effects instead, `item` writes them as an item. */
const hoard: Behaviour<Hoard> = {
  kind: 'counter',
  activate: (_key, record) => ({ kept: [...((record?.root as { kept?: string[] } | undefined)?.kept ?? [])] }),
  receive(state, message) {
    const text = 'x'.repeat(Number(message.body));
    if (message.type === 'send') return [{ type: 'send', to: { kind: 'other', key: 'o' }, mail: { type: 'text', body: text } }];
    if (message.type === 'item') return [{ type: 'putItem', item: message.id, body: text }];
    if (message.type === 'forget') state.kept = [];
    else state.kept.push(text);
    return [];
  },
  root: (state) => ({ kept: state.kept }),
};

async function setup() {
  const broker = createBroker();
  const host = broker.host(hoard);
  return {
    broker,
    host,
    kept: () => ((broker.root('a')?.s as { kept: string[] } | undefined)?.kept ?? []).map((text) => text.length),
    failures: () => broker.events.flatMap((e) => (e.type === 'messageFailed' ? [e.error] : [])),
    buried: () => broker.emitted.flatMap((e) => (e.type === 'bury' ? [e] : [])),
    async deliver(times = 1) {
      for (let i = 0; i < times; i++) await broker.deliverAll(host);
    },
  };
}

describe('a turn', () => {
  it('folds no more messages and no more bytes than its limits', async () => {
    const broker = createBroker();
    const host = broker.host(counter(), { limits: { maxBatch: 3, maxBatchBytes: 1_000 } });
    const sizes = (): number[] => broker.events.flatMap((e) => (e.type === 'turnCommitted' ? [e.messages] : []));
    for (let i = 0; i < 8; i++) broker.post('a', 'add');
    await broker.deliverAll(host);
    // the first one starts a turn at once
    expect(sizes()).to.deep.equal([1, 3, 3, 1]);
    for (const bytes of [1, 400, 400, 400, 5_000, 400]) broker.post('b', 'add', 'x'.repeat(bytes));
    await broker.deliverAll(host);
    // what is larger than the limit has a turn of its own, and is not refused
    expect(sizes().slice(4)).to.deep.equal([1, 2, 1, 1, 1]);
    expect(broker.root('b')?.s).to.include({ count: 6 });
  });
});

describe('a state that grows over the size of a root', () => {
  it('is not stored: its message is buried with size and limit, its entity quarantined, what was there stays', async () => {
    const s = await setup();
    s.broker.post('a', 'keep', 60_000);
    await s.deliver();
    s.broker.post('a', 'keep', 6_000);
    await s.deliver(6);
    expect(s.kept()).to.deep.equal([60_000]);
    expect(s.failures()[0]).to.deep.include({ code: 'state_too_large', data: { sizeBytes: 66_016, limitBytes: 65_536 } });
    expect(s.buried()).to.have.lengthOf(1);
    expect(s.buried()[0]).to.include({ reason: 'state_too_large' });
    expect(s.broker.root('a')?.q?.reason).to.match(/^state_too_large: the state of counter\/a would have 66016 bytes/);
    expect(s.broker.mail.size).to.equal(0);
    // and it goes on without that message
    s.broker.post('a', 'verb.release', null, { sender: 'verb' });
    s.broker.post('a', 'forget');
    s.broker.post('a', 'keep', 10);
    await s.deliver(2);
    expect(s.kept()).to.deep.equal([10]);
  });

  it('makes only that message fail which is too much, not its neighbours in the batch', async () => {
    const s = await setup();
    s.broker.post('a', 'keep', 1);
    s.broker.post('a', 'keep', 20_000);
    s.broker.post('a', 'keep', 70_000);
    s.broker.post('a', 'keep', 20_000);
    await s.deliver();
    expect(s.kept()).to.deep.equal([1, 20_000, 20_000]);
    expect(s.failures().map(({ code }) => code)).to.deep.equal(['state_too_large']);
  });

  it('is measured in bytes, not in characters', async () => {
    const s = await setup();
    const host = s.broker.host({
      ...hoard,
      root: (state: unknown) => ({ kept: (state as Hoard).kept.map((text) => text.replaceAll('x', '€')) }),
    });
    s.broker.post('a', 'keep', 30_000);
    await s.broker.deliverAll(host);
    expect(s.failures().map(({ code }) => code)).to.deep.equal(['state_too_large']);
  });
});

describe('effects that are too much for one record', () => {
  it('leave in several turns when they come from several messages', async () => {
    const s = await setup();
    for (let i = 0; i < 9; i++) s.broker.post('a', 'send', 300_000);
    await s.deliver();
    // under their ids, for each load emits the last ones again
    expect(new Set(s.broker.emitted.flatMap((e) => (e.type === 'send' ? [e.id] : []))).size).to.equal(9);
    expect(s.failures()).to.deep.equal([]);
    expect(s.broker.mail.size).to.equal(0);
  });

  it('make the message fail when they come from one', async () => {
    const s = await setup();
    s.broker.post('a', 'send', 1_100_000);
    await s.deliver(6);
    expect(s.buried()).to.have.lengthOf(1);
    expect(s.broker.root('a')?.q?.reason).to.match(/with 1 effects would have/);
    expect(s.broker.emitted.filter((e) => e.type === 'send')).to.deep.equal([]);
  });
});

describe('an item that the server does not take', () => {
  it('makes its message fail instead of being tried for ever', async () => {
    const s = await setup();
    s.broker.fault = (call) => {
      if (call === 'putItems') throw new TroupeError('too_large', 'the server takes less');
    };
    s.broker.post('a', 'item', 10);
    await s.deliver(6);
    expect(s.buried().map(({ reason }) => reason)).to.deep.equal(['too_large']);
    expect(s.broker.mail.size).to.equal(0);
  });
});
