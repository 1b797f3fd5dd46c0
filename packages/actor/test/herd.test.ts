import { expect } from 'chai';
import type { HostOptions } from '@troupe/actor';
import { createBroker } from './bench.ts';
import { counter } from './counter.ts';

const ACK_WAIT_MS = 2_000;
/** What the store takes: so many activations in so long, whoever asks first. */
const LOADS = 50;
const EVERY_MS = 100;

/** A store that takes 500 activations a second, and a host whose behaviour counts. */
function setup(options: Partial<HostOptions> = {}) {
  const broker = createBroker();
  let free = broker.clock.now();
  let taken = 0;
  let atOnce = 0;
  let most = 0;
  let hangs: (call: string) => boolean = () => false;
  broker.fault = async (call) => {
    if (hangs(call)) return new Promise<void>(() => undefined);
    if (call !== 'load') return;
    most = Math.max(most, ++atOnce);
    if (++taken % LOADS === 0) free = Math.max(free, broker.clock.now()) + EVERY_MS;
    const waitMs = free - broker.clock.now();
    if (waitMs > 0) await new Promise<void>((resolve) => void broker.clock.setTimer(waitMs, resolve));
    atOnce--;
  };
  const host = broker.host(counter(), { ackWaitMs: ACK_WAIT_MS, ...options });
  return {
    broker,
    host,
    hang: (when: (call: string) => boolean) => (hangs = when),
    most: () => most,
    putOff: () => broker.putOffs.length,
    counted: () => broker.commits.length,
  };
}

const HERD = 3_000;

describe('a herd of messages, each for another entity', () => {
  it('is worked off in turns that each have their time: nothing is put off', async () => {
    const { broker, host, most, putOff } = setup();
    for (let n = 0; n < HERD / 2; n++) broker.post(`k${n}`, 'add');
    await broker.deliverAll(host);
    await broker.clock.advance(3 * EVERY_MS);
    const more = Array.from({ length: HERD / 2 }, (_, n) => broker.post(`l${n}`, 'add'));
    await broker.deliverAll(host, 'mail', more);
    await broker.clock.advance((HERD / LOADS) * EVERY_MS + ACK_WAIT_MS);
    expect(broker.mail.size).to.equal(0);
    expect(putOff()).to.equal(0);
    // renewed before half of its time is over: only a host that stands still for the other half lets one lapse
    expect(broker.longestHoldMs).to.be.within(ACK_WAIT_MS / 3, ACK_WAIT_MS / 2);
    expect(most()).to.be.within(LOADS, 256);
    expect(broker.commits).to.have.lengthOf(HERD);
    await host.stop();
  });

  it('would otherwise outlast its holds', async () => {
    const { broker, host, putOff } = setup({ maxTurns: Infinity });
    for (let n = 0; n < HERD; n++) broker.post(`k${n}`, 'add');
    await broker.deliverAll(host);
    await broker.clock.advance(2 * (HERD / LOADS) * EVERY_MS);
    expect(putOff()).to.be.above(HERD / 4);
    await broker.clock.advance(2 * (HERD / LOADS) * EVERY_MS);
    await host.stop();
  });

  it('of timers lets mail through, and what comes for a key that waits is one turn with it', async () => {
    const { broker, host, counted } = setup({ maxTurns: 10 });
    for (let n = 0; n < 500; n++) broker.post(`k${n}`, 'add');
    await broker.deliverAll(host, 'timers');
    const [first, second] = [broker.post('late', 'add'), broker.post('late', 'add')];
    await broker.deliverAll(host, 'mail', [first, second]);
    while (broker.mail.has(first)) await broker.clock.advance(EVERY_MS);
    expect(counted()).to.be.below(100);
    expect(broker.mail.has(second)).to.equal(false);
    expect(broker.commits.filter(({ address }) => address === 'counter/late')).to.have.lengthOf(1);
    await broker.clock.advance(10_000);
    expect(broker.mail.size).to.equal(0);
    await host.stop();
  });

  it('of timers lets mail through to an entity that waits in it', async () => {
    const { broker, host, counted } = setup({ maxTurns: 10 });
    for (let n = 0; n < 500; n++) broker.post(`k${n}`, 'add');
    await broker.deliverAll(host, 'timers');
    const last = [...broker.mail.keys()].at(-1)!;
    const mail = broker.post('k499', 'add');
    await broker.deliverAll(host, 'mail', [mail]);
    while (broker.mail.has(mail)) await broker.clock.advance(EVERY_MS);
    expect(broker.mail.has(last)).to.equal(false);
    expect(counted()).to.be.below(100);
    await broker.clock.advance(10_000);
    expect(broker.mail.size).to.equal(0);
    await host.stop();
  });

  it('whose store hangs does not hold up those that need another one', async () => {
    const { broker, host, hang } = setup({ maxTurns: 10 });
    hang((call) => call === 'write');
    for (let n = 0; n < 100; n++) broker.post(`k${n}`, 'write');
    await broker.deliverAll(host);
    const other = broker.post('other', 'add');
    await broker.deliverAll(host);
    await broker.clock.advance((100 / 10) * (ACK_WAIT_MS / 2) + ACK_WAIT_MS);
    expect(broker.mail.has(other)).to.equal(false);
    await host.stop();
  });

  it('whose store fails gives its slots up at once', async () => {
    const { broker, host } = setup({ maxTurns: 10 });
    const { fault } = broker;
    broker.fault = (call) => {
      if (call === 'write') throw new Error('the store is down');
      return fault(call);
    };
    for (let n = 0; n < 100; n++) broker.post(`k${n}`, 'write');
    await broker.deliverAll(host);
    const other = broker.post('other', 'add');
    await broker.deliverAll(host);
    await broker.clock.advance(4 * EVERY_MS);
    expect(broker.mail.has(other)).to.equal(false);
    await host.stop();
  });

  it('is dropped by a thaw and by a stop, without a turn', async () => {
    const { broker, host, counted } = setup({ maxTurns: 10 });
    for (let n = 0; n < 100; n++) broker.post(`k${n}`, 'add');
    await broker.deliverAll(host);
    const before = counted();
    host.thaw();
    await broker.clock.advance(5_000);
    const thawed = counted();
    expect(thawed).to.be.at.most(before + 10);
    await broker.deliverAll(host);
    const delivered = counted();
    const stopping = host.stop();
    await broker.clock.advance(5_000);
    await stopping;
    expect(counted()).to.be.at.most(delivered + 10);
    expect(counted()).to.be.below(100);
  });
});
