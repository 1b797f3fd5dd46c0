import { expect } from 'chai';
import { createBroker } from './bench.ts';
import { counter } from './counter.ts';

const types = (broker: ReturnType<typeof createBroker>): string[] => broker.events.map((e) => e.type);

describe('supervision', () => {
  it('puts a message off that throws, and applies its neighbours', async () => {
    const broker = createBroker();
    const host = broker.host(counter());
    broker.post('a', 'add');
    broker.post('a', 'boom');
    broker.post('a', 'add');
    await broker.deliverAll(host);
    expect(broker.root('a')?.s).to.include({ count: 2 });
    expect(broker.putOffs).to.have.length(1);
    expect(broker.putOffs[0]).to.include({ tries: 1 });
    expect(broker.putOffs[0]!.at).to.be.greaterThan(broker.clock.now());
  });

  it('buries a message after its budget and quarantines its entity alone', async () => {
    const broker = createBroker();
    const host = broker.host(counter());
    broker.post('a', 'boom');
    for (let i = 0; i < 5; i++) await broker.deliverAll(host);
    expect(broker.emitted.filter((e) => e.type === 'bury')).to.have.length(1);
    expect(types(broker)).to.include('quarantined');
    expect(broker.root('a')?.q?.reason).to.match(/boom/);
    expect(broker.mail.size).to.equal(0);
    broker.post('b', 'add');
    await broker.deliverAll(host);
    expect(broker.root('b')?.s).to.include({ count: 1 });
  });

  it('puts messages to a quarantined entity off until a verb releases it', async () => {
    const broker = createBroker();
    const host = broker.host(counter());
    broker.post('a', 'boom');
    for (let i = 0; i < 5; i++) await broker.deliverAll(host);
    broker.post('a', 'add');
    await broker.deliverAll(host);
    expect(broker.root('a')?.s).to.equal(undefined);
    expect(broker.mail.size).to.equal(1);
    broker.post('a', 'verb.release', null, { sender: 'verb' });
    await broker.deliverAll(host);
    await broker.deliverAll(host);
    expect(broker.root('a')?.q).to.equal(undefined);
    expect(broker.root('a')?.s).to.include({ count: 1 });
    expect(broker.mail.size).to.equal(0);
  });

  it('refuses what a sender may not say, and keeps it with the reason', async () => {
    const broker = createBroker();
    const host = broker.host(counter());
    broker.post('a', 'end', null, { sender: 'task-default' });
    broker.post('a', 'add', null, { sender: 'task-default' });
    await broker.deliverAll(host);
    expect(types(broker)).to.include('refused').and.not.include('quarantined');
    expect(broker.emitted.filter((e) => e.type === 'bury')).to.have.length(1);
    expect(broker.root('a')?.s).to.include({ count: 1 });
  });

  it('counts starts without an end, and buries what kills its hosts', async () => {
    const broker = createBroker();
    const seq = broker.post('a', 'add');
    // hosts die after the delivery, before anything is committed
    for (let i = 0; i < 6; i++) {
      const host = broker.host(counter());
      broker.fault = (call) => {
        if (call === 'commit') throw new Error('dies');
      };
      await broker.deliverAll(host);
      void host.stop();
    }
    broker.fault = () => undefined;
    await broker.deliverAll(broker.host(counter()));
    expect(broker.mail.has(seq)).to.equal(false);
    expect(broker.emitted.find((e) => e.type === 'bury')).to.have.property('reason', 'worker_lost');
  });

  it('quarantines an entity that cannot fold the outcome of its write, and folds it after the release', async () => {
    const broker = createBroker();
    let poison = true;
    const host = broker.host(counter({ poison: () => poison }));
    broker.post('a', 'write');
    await broker.deliverAll(host);
    await broker.clock.advance(60_000);
    expect(types(broker)).to.include('quarantined');
    expect(broker.root('a')).to.have.property('d', true);
    poison = false;
    broker.clock.jump(3_600_000);
    broker.post('a', 'verb.release', null, { sender: 'verb' });
    await broker.deliverAll(host);
    await broker.clock.advance(60_000);
    expect(broker.root('a')?.s).to.include({ written: 1 });
    expect(broker.mail.size).to.equal(0);
  });

  it('survives a listener that throws', async () => {
    const broker = createBroker();
    const host = broker.host(counter(), {
      onEvent: () => {
        throw new Error('listener');
      },
    });
    broker.post('a', 'add');
    await broker.deliverAll(host);
    expect(broker.root('a')?.s).to.include({ count: 1 });
  });
});
