import { expect } from 'chai';
import { until } from '@troupe/test-infra';
import { setupPulling } from './support/pulling.ts';
import { natsUrl } from './support/stream.ts';

const MAX_ACK_PENDING = 16;

/** A partition as hosts have it, and two of them on connections of their own. */
async function setup() {
  const s = await setupPulling({
    max_ack_pending: MAX_ACK_PENDING,
    ack_wait: 30_000 * 1_000_000,
    priority_groups: ['hosts'],
    priority_policy: 'prioritized' as never,
  });
  const host = async (priority: number) => {
    const nc = await s.connect(natsUrl());
    const p = await s.pull({
      nc,
      group: 'hosts',
      priority,
      // with twice as much, one to three of a hundred were measured to go to the second
      demand: () => 4 * MAX_ACK_PENDING,
      expiresMs: 3_000,
      onMessage: (message) => message.ack(),
    });
    await until('its pull stands', () => p.puller.outstanding > 0);
    await nc.flush();
    return { ...p, nc };
  };
  return { ...s, host, first: await host(0), second: await host(1), [Symbol.asyncDispose]: s[Symbol.asyncDispose] };
}

describe('pullers of one partition', () => {
  it('leave all mail to the first rank, under load', async () => {
    await using s = await setup();
    await s.store(2_000);
    await until('the queue is empty', async () => (await s.left()) === 0);
    expect(s.first.received).to.have.length(2_000);
    expect(s.second.received).to.have.length(0);
  });

  it('are followed by the next rank at once when the first is gone', async () => {
    await using s = await setup();
    await s.store(10);
    await until('the first serves', () => s.first.received.length === 10);
    const both = await s.waiting();
    await s.first.nc.close();
    // what the server still sends to a connection that it does not yet know to be gone comes back after `ack_wait` only
    await until('the server knows it', async () => (await s.waiting()) < both);
    await s.store(10, 10);
    // long before `ack_wait`
    await until('the second serves', () => s.second.received.length === 10);
  });

  it('hand over when the ranks change, long before older pulls expire', async () => {
    await using s = await setup();
    s.second.puller.setPriority(0);
    s.first.puller.setPriority(1);
    await s.first.nc.flush();
    await s.second.nc.flush();
    await s.store(500);
    await until('the queue is empty', async () => (await s.left()) === 0);
    // pulls of the old rank stand for a while yet, and are served beside those of the new first
    expect(s.second.received.length).to.be.greaterThan(100);
    await until('the older pulls have lapsed', () => performance.now() - s.second.puller.lastHeardAt() < 3_000);
    await new Promise((resolve) => setTimeout(resolve, 3_300));
    const before = s.first.received.length;
    await s.store(500, 500);
    await until('the queue is empty again', async () => (await s.left()) === 0);
    // a pause of the machine may let a pull of the new first lapse before the next one stands
    expect(s.first.received.length - before).to.be.below(50);
  });

  it('share what two first ranks get without losing anything', async () => {
    await using s = await setup();
    s.second.puller.setPriority(0);
    await s.store(1_000);
    await until('the queue is empty', async () => (await s.left()) === 0);
    const all = [...s.first.received, ...s.second.received].map((m) => m.sequence);
    expect(new Set(all).size).to.equal(1_000);
    expect(all).to.have.length(1_000);
  });
});
