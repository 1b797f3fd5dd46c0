import { expect } from 'chai';
import type { Behaviour } from '@troupe/actor';
import { createBroker } from './bench.ts';
import { counter } from './counter.ts';

function setup() {
  const broker = createBroker();
  let loads = 0;
  broker.fault = (call) => {
    if (call === 'load') loads++;
  };
  const behaviour: Behaviour = { ...(counter() as Behaviour), begins: ({ type }) => type !== 'read' };
  return { broker, loads: () => loads, host: () => broker.host(behaviour) };
}

describe('mail that begins a record', () => {
  it('is folded without a look for one', async () => {
    const { broker, loads, host } = setup();
    broker.post('a', 'add');
    await broker.deliverAll(host());
    expect(broker.root('a')?.s).to.include({ count: 1 });
    expect([loads(), broker.mail.size]).to.deep.equal([0, 0]);
  });

  it('is folded into the record that there is after all', async () => {
    const { broker, loads, host } = setup();
    for (let i = 0; i < 2; i++) {
      broker.post('a', 'add');
      await broker.deliverAll(host());
    }
    expect(broker.root('a')?.s).to.include({ count: 2 });
    // the first one leaves once more, under its id, as after any activation
    const sent = new Map(broker.emitted.flatMap((e) => (e.type === 'send' ? [[e.id, e.mail.body]] : [])));
    expect([...sent.values()]).to.deep.equal([1, 2]);
    expect(broker.mail.size).to.equal(0);
    expect(loads()).to.be.greaterThan(0);
  });

  it('and changes nothing is answered by the record, not by a guess', async () => {
    const { broker, loads, host } = setup();
    broker.post('a', 'add');
    await broker.deliverAll(host());
    broker.post('a', 'ask');
    await broker.deliverAll(host());
    expect([broker.told.length, loads(), broker.mail.size]).to.deep.equal([1, 1, 0]);
  });

  it('and comes again is looked up at once, for it may have made its record', async () => {
    const { broker, loads, host } = setup();
    let lost = true;
    const counting = broker.fault;
    broker.fault = (call) => {
      counting(call);
      if (call === 'emit' && lost) throw new Error('dies');
    };
    broker.post('a', 'add');
    const first = host();
    await broker.deliverAll(first);
    void first.stop();
    lost = false;
    await broker.deliverAll(host());
    expect(broker.events.filter((e) => e.type === 'conflict')).to.deep.equal([]);
    expect([loads(), broker.commits.length, broker.mail.size]).to.deep.equal([1, 1, 0]);
  });

  it('writes no items on a guess: those of a refused commit would lie there for ever', async () => {
    const { broker, loads, host } = setup();
    for (let i = 0; i < 2; i++) {
      broker.post('a', 'put', `item ${i}`);
      await broker.deliverAll(host());
    }
    expect([broker.items.size, loads(), broker.events.filter((e) => e.type === 'conflict').length]).to.deep.equal([2, 2, 0]);
  });

  it('is nothing special where anything else comes before it was looked', async () => {
    const { broker, loads, host } = setup();
    broker.post('a', 'read');
    await broker.deliverAll(host());
    expect([loads(), broker.mail.size]).to.deep.equal([1, 0]);
  });
});
