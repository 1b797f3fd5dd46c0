import { entityRecordOf } from '@troupe/actor/internal';
import { expect } from 'chai';
import { createBroker } from './bench.ts';
import { counter } from './counter.ts';

describe('items', () => {
  it('are written before the root and counted by it', async () => {
    const broker = createBroker();
    const host = broker.host(counter());
    broker.post('a', 'put', 'x');
    await broker.deliverAll(host);
    expect(Object.values(broker.root('a')?.nx ?? {})).to.deep.equal([1]);
    expect(broker.items.size).to.equal(1);
  });

  it('of one name count as they were last written, whatever a killed server has brought back', () => {
    const stored = (nonce: string, n: number, body: string) => ({ nonce, n, item: 'x', body });
    const root = { v: 1, w: 'c.1', s: {}, fx: [], in: [], nx: { z: 9, a: 9, c: 9 } } as const;
    const bodyOf = (...items: ReturnType<typeof stored>[]) => entityRecordOf({ revision: 9, storedAt: 0, root, items })?.items.get('x');
    expect(bodyOf(stored('z', 1, 'old'), stored('a', 1, 'new'))).to.equal('new');
    expect(bodyOf(stored('a', 1, 'old'), stored('z', 1, 'new'))).to.equal('new');
    // written side by side they may be stored in any order
    expect(bodyOf(stored('a', 2, 'new'), stored('a', 1, 'old'))).to.equal('new');
    expect(bodyOf(stored('z', 1, 'old'), stored('a', 4, 'new'), stored('a', 3, 'old'))).to.equal('new');
  });

  it('of an uncommitted turn never count', async () => {
    const broker = createBroker();
    const first = broker.host(counter());
    broker.post('a', 'add');
    await broker.deliverAll(first);
    // the first host writes an item and dies before its commit
    broker.fault = (call) => {
      if (call === 'commit') throw new Error('dies');
    };
    broker.post('a', 'put', 'ghost');
    await broker.deliverAll(first);
    void first.stop();
    expect(broker.items.size).to.equal(1);
    broker.mail.clear();
    broker.fault = () => undefined;
    let seen: string[] = [];
    const behaviour = counter();
    const second = broker.host({
      ...behaviour,
      activate: (key, record) => {
        seen = [...(record?.items.keys() ?? [])];
        return behaviour.activate(key, record);
      },
    });
    broker.post('a', 'put', 'real');
    await broker.deliverAll(second);
    await second.stop();
    const third = broker.host({
      ...behaviour,
      activate: (key, record) => {
        seen = [...(record?.items.keys() ?? [])];
        return behaviour.activate(key, record);
      },
    });
    broker.post('a', 'ask');
    await broker.deliverAll(third);
    expect(seen).to.deep.equal(['real']);
  });

  it('replaced or removed are named in the effects of the root, so they never count again', async () => {
    const broker = createBroker();
    const host = broker.host(counter());
    broker.post('a', 'put', 'x');
    await broker.deliverAll(host);
    broker.post('a', 'put', 'x');
    await broker.deliverAll(host);
    expect(broker.emitted.map((e) => e.type)).to.deep.equal(['removeItem']);
    expect(broker.items.size).to.equal(1);
    broker.post('a', 'drop', 'x');
    await broker.deliverAll(host);
    expect(broker.items.size).to.equal(0);
  });

  it('put and dropped within one turn are never written', async () => {
    const broker = createBroker();
    const host = broker.host(counter());
    broker.post('a', 'add');
    broker.post('a', 'put', 'x');
    broker.post('a', 'drop', 'x');
    await broker.deliverAll(host);
    expect(broker.items.size).to.equal(0);
    expect(broker.emitted.filter((e) => e.type === 'removeItem')).to.have.length(0);
  });

  it('go when the record ends', async () => {
    const broker = createBroker();
    const host = broker.host(counter());
    for (const name of ['x', 'y', 'z']) broker.post('a', 'put', name);
    await broker.deliverAll(host);
    expect(broker.items.size).to.equal(3);
    broker.post('a', 'end');
    await broker.deliverAll(host);
    expect(broker.items.size).to.equal(0);
    expect(broker.root('a')?.ttl).to.equal(5);
  });

  it('of the turn that ends the record stay if it says so, as long as the root; older ones go', async () => {
    const broker = createBroker();
    const host = broker.host(counter());
    broker.post('a', 'put', 'old');
    await broker.deliverAll(host);
    broker.post('a', 'endKeeping');
    await broker.deliverAll(host);
    expect([...broker.items.values()].map(({ item }) => item)).to.deep.equal(['kept']);
    expect([...broker.lives.values()]).to.deep.equal([5_000]);
    await host.stop();
    // another host finds them, and takes the end back: what it puts from then on has no time to live
    let seen: string[] = [];
    const behaviour = counter();
    const next = broker.host({
      ...behaviour,
      activate: (key, record) => {
        seen = [...(record?.items.keys() ?? [])];
        return behaviour.activate(key, record);
      },
    });
    broker.post('a', 'reopen');
    broker.post('a', 'put', 'new');
    await broker.deliverAll(next);
    expect(seen).to.deep.equal(['kept']);
    expect(broker.root('a')?.ttl).to.equal(undefined);
    expect([...broker.items].map(([name, { item }]) => [item, broker.lives.get(name)])).to.deep.equal([
      ['kept', 5_000],
      ['new', undefined],
    ]);
  });
});
