import { createLocalThrottle } from '@troupe/throttle';
import { expect } from 'chai';

describe('a local throttle with rates', () => {
  it('spends no faster than its rate, and wakes who waits for it by itself', async () => {
    const throttle = createLocalThrottle({ limits: { rates: { kinds: { call: { bucket: 2, refill: 1, every: '20ms' } } } } });
    const began = performance.now();
    await Promise.all(Array.from({ length: 5 }, () => throttle.spend('cloud', { call: 1 })));
    // two at once and three after 20 ms each; clocks of timers and of the test may differ by a part of a millisecond
    expect(performance.now() - began).to.be.at.least(58);
    expect(throttle.occupancy()).to.deep.equal([]);
  });

  it('is spent of inside of a lease, while others wait for its tokens and for the rate', async () => {
    const throttle = createLocalThrottle({ limits: { default: 1, rates: { kinds: { call: { bucket: 1, refill: 1, every: '5ms' } } } } });
    const lease = await throttle.acquire('cloud', { build: 1 }, { spend: { call: 1 } });
    const next = throttle.acquire('cloud', { build: 1 }, { spend: { call: 1 } });
    for (let n = 0; n < 3; n++) await lease.spend({ call: 1 });
    expect(throttle.occupancy()).to.deep.equal([{ path: 'cloud', kind: 'build', used: 1, waiting: 1, limit: 1 }]);
    lease.release();
    expect((await next).fence).to.equal(5);
  });

  it('takes tokens and a rate together', async () => {
    const throttle = createLocalThrottle({ limits: { default: 1, rates: { kinds: { call: { window: '1h', most: 1 } } } } });
    const first = await throttle.acquire('cloud', { build: 1 }, { spend: { call: 1 } });
    first.release();
    const second = throttle.acquire('cloud', { build: 1 }, { spend: { call: 1 }, lease: 'second' });
    expect(throttle.explain('cloud', 'second').text).to.match(/^number 1 for the rate call of cloud \(1 in 1h\): next in /);
    throttle.setRate('cloud', 'call', { window: '1h', most: 2 });
    expect((await second).fence).to.equal(2);
    expect(() => throttle.setRate('cloud', 'call', { window: '1h', most: -1 }))
      .to.throw()
      .that.deep.includes({ code: 'invalid_options', field: 'rate.most' });
  });
});

describe('a local throttle in maintenance', () => {
  it('resolves when it is empty, grants nothing meanwhile, and goes on when it is opened', async () => {
    const throttle = createLocalThrottle({ limits: { default: 2 } });
    const held = await throttle.acquire('cloud', { build: 1 });
    let isEmpty = false;
    const drained = throttle.drain('cloud', { reason: 'new disks' }).then(() => (isEmpty = true));
    const waiting = throttle.acquire('cloud', { build: 1 }, { lease: 'next' });
    await Promise.resolve();
    expect([isEmpty, throttle.explain('cloud', 'next').state]).to.deep.equal([false, 'waiting']);
    held.release();
    await drained;
    await throttle.drain('cloud');
    expect(throttle.explain('cloud', 'next').text).to.match(/^cloud is in maintenance for .*: new disks; 0 still held there$/);
    throttle.open('cloud');
    (await waiting).release();
  });

  it('rejects who waits for it to be empty when it is opened before', async () => {
    const throttle = createLocalThrottle();
    const held = await throttle.acquire('cloud', { build: 1 });
    const drained = throttle.drain('cloud').catch((e: { code: string }) => e.code);
    throttle.open('cloud');
    expect(await drained).to.equal('cancelled');
    held.release();
  });
});
