import { headers } from '@nats-io/nats-core';
import { expect } from 'chai';
import { until } from '@troupe/test-infra';
import { natsUrl } from './support/stream.ts';
import { setupPulling } from './support/pulling.ts';

const numbers = (count: number, start = 0): string[] => Array.from({ length: count }, (_, i) => String(start + i));
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('the puller', () => {
  it('brings what is stored, in order, with its place and time', async () => {
    await using s = await setupPulling();
    const before = Date.now();
    await s.store(25);
    const p = await s.pull();
    await until('all have come', () => p.received.length === 25);
    expect(p.bodies()).to.deep.equal(numbers(25));
    const [first] = p.received;
    expect(first).to.include({ subject: `${s.prefix}.m`, stream: s.name, sequence: 1, deliveries: 1, hasHeaders: false });
    expect(first!.storedAt).to.be.within(before - 1, Date.now() + 1);
  });

  it('gives the headers where there are any', async () => {
    await using s = await setupPulling();
    const colours = headers();
    colours.append('Colour', 'red');
    colours.append('Colour', 'blue');
    s.nc.publish(`${s.prefix}.m`, 'x', { headers: colours });
    const p = await s.pull();
    await until('it has come', () => p.received.length === 1);
    const [message] = p.received;
    expect(message!.hasHeaders).to.equal(true);
    expect(message!.header('Colour')).to.equal('red');
    expect(message!.header('Taste')).to.equal(undefined);
    expect([...message!.headers()]).to.deep.equal([['Colour', ['red', 'blue']]]);
  });

  it('acknowledges, with and without confirmation', async () => {
    await using s = await setupPulling();
    await s.store(2);
    const p = await s.pull();
    await until('both have come', () => p.received.length === 2);
    expect(await p.received[0]!.ackConfirmed()).to.equal(true);
    expect(await s.left()).to.equal(1);
    p.received[1]!.ack();
    await until('the queue is empty', async () => (await s.left()) === 0);
  });

  it('keeps a message while its hold is renewed, and gets it again when it is not', async () => {
    await using s = await setupPulling({ ack_wait: 3_000 * 1_000_000 });
    await s.store(2);
    const p = await s.pull();
    await until('both have come', () => p.received.length === 2);
    const kept = p.received[0]!;
    const renewal = setInterval(() => kept.extend(), 100);
    await until('the other comes again', () => p.received.length === 3);
    await pause(300);
    clearInterval(renewal);
    expect(p.received.filter((m) => m.sequence === kept.sequence)).to.have.length(1);
    expect(p.received[2]).to.include({ sequence: 2, deliveries: 2 });
  });

  it('hands a message back, to come again after a delay', async () => {
    await using s = await setupPulling();
    await s.store(1);
    const at: number[] = [];
    const p = await s.pull({ onMessage: () => at.push(performance.now()) });
    await until('it has come', () => p.received.length === 1);
    p.received[0]!.nak(300);
    await until('it comes again', () => p.received.length === 2);
    // long before its hold is over
    expect(at[1]! - at[0]!).to.be.within(290, 15_000);
    expect(p.received[1]!.deliveries).to.equal(2);
  });

  it('asks for free slots only, and for each as it is freed', async () => {
    await using s = await setupPulling();
    await s.store(40);
    const slots = 4;
    let busy = 0;
    let most = 0;
    const p = await s.pull({
      demand: () => slots - busy,
      onMessage(message) {
        most = Math.max(most, ++busy);
        setTimeout(() => {
          busy--;
          message.ack();
          p.puller.wake();
        }, 3);
      },
    });
    await until('the queue is empty', async () => (await s.left()) === 0);
    expect(most).to.equal(slots);
    expect(p.bodies()).to.deep.equal(numbers(40));
  });

  it('keeps to its slots when pulls expire half served', async () => {
    await using s = await setupPulling();
    let busy = 0;
    const p = await s.pull({ demand: () => 6 - busy, onMessage: () => busy++ });
    await s.store(2);
    await until('two have come', () => busy === 2);
    await until('the pull has expired and another stands', () => p.puller.outstanding === 4);
    await pause(1_300);
    await s.store(10, 2);
    await until('the slots are full', () => busy === 6);
    await pause(100);
    expect(busy).to.equal(6);
    expect(p.puller.outstanding).to.equal(0);
  });

  it('asks for nothing while there is no demand, and finds grown demand by itself', async () => {
    await using s = await setupPulling();
    await s.store(3);
    let demand = 0;
    const p = await s.pull({ demand: () => demand });
    await pause(300);
    expect(p.received).to.have.length(0);
    demand = 3;
    await until('they come without a call', () => p.received.length === 3);
  });

  it('goes on when pulls expire, and is heard of while nothing comes', async () => {
    await using s = await setupPulling();
    const p = await s.pull({ expiresMs: 1_000 });
    for (let n = 0; n < 4; n++) {
      const heard = p.puller.lastHeardAt();
      await until('a heartbeat came', () => p.puller.lastHeardAt() > heard);
    }
    await s.store(5);
    await until('they come', () => p.received.length === 5);
    expect(p.events).to.deep.equal([]);
  });

  it('is not disturbed by a callback that throws: the message comes again', async () => {
    await using s = await setupPulling({ ack_wait: 200 * 1_000_000 });
    await s.store(2);
    const p = await s.pull({
      onMessage(message) {
        if (message.sequence === 1 && message.deliveries === 1) throw new Error('thrown by the test');
        message.ack();
      },
    });
    await until('the queue is empty', async () => (await s.left()) === 0);
    expect(p.events[0]).to.deep.include({ type: 'messageThrew', stream: s.name, durable: 'c' });
  });

  it('asks for no more while it is paused', async () => {
    await using s = await setupPulling();
    const p = await s.pull({ demand: () => 2 });
    p.puller.pause();
    await s.store(10);
    await until('what was asked for has come', () => p.received.length === 2);
    await pause(300);
    expect(p.received).to.have.length(2);
    p.puller.resume();
    await until('it goes on', () => p.received.length === 10);
  });

  it('forgets what was sent before a reset, which comes again after its hold', async () => {
    await using s = await setupPulling({ ack_wait: 3_000 * 1_000_000, max_ack_pending: 5 });
    const p = await s.pull();
    await s.jsm.consumers.info(s.name, 'c');
    for (let i = 0; i < 5; i++) s.nc.publish(`${s.prefix}.m`, String(i));
    // what the client has to send leaves with the next microtasks; then the loop is blocked, and the messages are in the socket
    await Promise.resolve();
    const blockedUntil = performance.now() + 150;
    while (performance.now() < blockedUntil);
    p.puller.reset();
    await pause(100);
    expect(p.received).to.have.length(0);
    await until('they come again', () => p.received.length === 5);
    expect(Math.min(...p.received.map((m) => m.deliveries))).to.be.at.least(2);
  });

  it('takes nothing more after it was stopped, and leaves the rest to others', async () => {
    await using s = await setupPulling({ ack_wait: 2_000 * 1_000_000 });
    const p = await s.pull();
    await s.store(1);
    await until('it pulls', () => p.received.length === 1);
    await p.puller.stop();
    await p.puller.stop();
    await s.store(5, 1);
    const other = await s.pull({ nc: await s.connect(natsUrl()), onMessage: (message) => message.ack() });
    await until('the other gets all', () => new Set(other.bodies()).size === 6);
    expect(p.received).to.have.length(1);
    for (const call of [() => p.puller.wake(), () => p.puller.reset(), () => p.puller.resume(), () => p.puller.start()]) call();
    await pause(50);
    expect(p.puller.outstanding).to.equal(0);
  });
});
