import { expect } from 'chai';
import { createBroker, settle } from './bench.ts';
import { counter } from './counter.ts';

const ACK_WAIT_MS = 2_000;

/** A broker whose named port calls fail, or hang, while `down` says so. */
function setup(how: 'fails' | 'hangs' = 'fails', calls: readonly string[] = ['write']) {
  const broker = createBroker();
  const state = { down: true };
  broker.fault = (call) => {
    if (!state.down || !calls.includes(call)) return undefined;
    if (how === 'hangs') return new Promise<void>(() => undefined);
    throw new Error('the store is down');
  };
  return {
    broker,
    state,
    types: () => broker.events.map((e) => e.type),
    /** Past the hold of what is being tried. */
    async wait(ms = ACK_WAIT_MS + 500) {
      await broker.clock.advance(ms);
    },
  };
}

describe('a store that is down for longer than the hold', () => {
  for (const how of ['fails', 'hangs'] as const) {
    it(`and ${how}: what waits for it is put off and acknowledged, and applied once when it is back`, async () => {
      const { broker, state, types, wait } = setup(how);
      const host = broker.host(counter());
      const first = broker.post('a', 'writeOnce');
      await broker.deliverAll(host);
      const second = broker.post('a', 'add');
      await broker.deliverAll(host);
      expect(broker.mail.has(first)).to.equal(true);
      await wait();
      expect(types()).to.include('putOff');
      expect([...broker.mail.keys()].filter((seq) => seq <= second)).to.deep.equal([]);
      expect(broker.putOffs.map(({ tries }) => tries)).to.deep.equal([0, 0]);
      // again and again, for as long as it is down
      await broker.deliverAll(host);
      await wait();
      expect(broker.putOffs).to.have.lengthOf(4);
      state.down = false;
      await broker.deliverAll(host);
      await wait();
      expect(broker.root('a')?.s).to.deep.include({ written: 1, count: 1 });
      expect(broker.mail.size).to.equal(0);
      expect(types()).to.not.include('quarantined');
    });
  }

  it('leaves a mark in the record: its effects are emitted again at any age, though the input is gone', async () => {
    const { broker, state, wait } = setup();
    const first = broker.host(counter());
    broker.post('a', 'writeOnce');
    await broker.deliverAll(first);
    await wait();
    expect(broker.root('a')).to.have.property('d', true);
    await first.stop();
    broker.clock.jump(3_600_000);
    state.down = false;
    const second = broker.host(counter());
    await broker.deliverAll(second);
    expect(broker.root('a')?.s).to.deep.include({ written: 1 });
    expect(broker.root('a')).to.not.have.property('d');
    expect(broker.mail.size).to.equal(0);
  });

  it('does not touch a record that does not name the input', async () => {
    const { broker, wait } = setup('fails', ['never']);
    const host = broker.host(counter());
    broker.post('a', 'add');
    await broker.deliverAll(host);
    const text = JSON.stringify(broker.root('a'));
    // this record can be read and not written
    broker.fault = (call) => {
      if (call === 'commit') throw new Error('full');
    };
    broker.post('a', 'add');
    await broker.deliverAll(host);
    await wait();
    expect(broker.putOffs).to.have.lengthOf(1);
    expect(JSON.stringify(broker.root('a'))).to.equal(text);
  });

  it('does not make messages suspect that come again to the same process', async () => {
    const { broker, state, types } = setup('fails', ['write', 'putOff']);
    const host = broker.host(counter());
    broker.post('a', 'writeOnce');
    // the server was away, too: holds lapsed over and over
    for (let i = 0; i < 10; i++) {
      await broker.deliverAll(host);
      await broker.clock.advance(1_000);
    }
    state.down = false;
    await broker.clock.advance(20_000);
    await broker.deliverAll(host);
    expect(broker.root('a')?.s).to.deep.include({ written: 1 });
    expect(types()).to.not.include('quarantined');
    expect(broker.emitted.filter((e) => e.type === 'bury')).to.deep.equal([]);
  });

  it('leaves what cannot even be put off where it is: held on to, and applied when the outage is over', async () => {
    const { broker, state, types, wait } = setup('hangs', ['write', 'putOff']);
    const host = broker.host(counter());
    const seq = broker.post('a', 'writeOnce');
    await broker.deliverAll(host);
    await wait(30_000);
    expect(broker.mail.has(seq)).to.equal(true);
    expect(types()).to.not.include('putOff');
    state.down = false;
    await wait(5_000);
    await broker.deliverAll(host);
    expect(broker.root('a')?.s).to.deep.include({ written: 1 });
    expect(broker.mail.size).to.equal(0);
  });

  it('does not acknowledge while nobody knows whether a commit was stored', async () => {
    const { broker, types, wait } = setup('hangs', ['commit']);
    const host = broker.host(counter());
    const seq = broker.post('a', 'add');
    await broker.deliverAll(host);
    await wait(30_000);
    expect(broker.mail.has(seq)).to.equal(true);
    expect(types()).to.not.include('putOff');
    void host.stop();
    await broker.clock.advance(5_000);
  });

  it('does not keep a host from stopping', async () => {
    const { broker, wait } = setup('hangs', ['write', 'putOff', 'load']);
    const host = broker.host(counter());
    broker.post('a', 'writeOnce');
    await broker.deliverAll(host);
    let isStopped = false;
    void host.stop().then(() => (isStopped = true));
    await wait(5_000);
    await settle();
    expect(isStopped).to.equal(true);
  });

  it('holds up no other key', async () => {
    const { broker, wait } = setup('hangs');
    const host = broker.host(counter());
    broker.post('a', 'writeOnce');
    broker.post('b', 'add');
    await broker.deliverAll(host);
    expect(broker.root('b')?.s).to.include({ count: 1 });
    await wait();
  });
});
