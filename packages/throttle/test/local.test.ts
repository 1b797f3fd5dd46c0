import { expect } from 'chai';
import { createLocalThrottle } from '@troupe/throttle';

describe('a local throttle', () => {
  it('never runs more than its limit at once, and runs all', async () => {
    const throttle = createLocalThrottle({ limits: { default: 4 } });
    let running = 0;
    let peak = 0;
    let done = 0;
    await Promise.all(
      Array.from({ length: 40 }, () =>
        throttle.withTokens('cloud', { call: 1 }, async () => {
          peak = Math.max(peak, ++running);
          await new Promise<void>((resolve) => setImmediate(resolve));
          running--;
          done++;
        }),
      ),
    );
    expect([peak, done]).to.deep.equal([4, 40]);
    expect(throttle.occupancy()).to.deep.equal([]);
  });

  it('releases however the work ends', async () => {
    const throttle = createLocalThrottle({ limits: { default: 1 } });
    const failed = await throttle.withTokens('cloud', { call: 1 }, () => Promise.reject(new Error('no'))).catch((e: Error) => e.message);
    expect(failed).to.equal('no');
    expect(await throttle.withTokens('cloud', { call: 1 }, () => Promise.resolve('next'))).to.equal('next');
  });

  it('gives up a wait by signal, and keeps the place of the others', async () => {
    const throttle = createLocalThrottle({ limits: { default: 1 } });
    const held = await throttle.acquire('cloud', { call: 1 });
    const abort = new AbortController();
    const waiting = throttle.acquire('cloud', { call: 1 }, { signal: abort.signal }).catch((e: { code: string }) => e.code);
    const next = throttle.acquire('cloud', { call: 1 });
    abort.abort();
    expect(await waiting).to.equal('cancelled');
    held.release();
    (await next).release();
  });

  it('refuses what can never be granted', async () => {
    const throttle = createLocalThrottle({ limits: { default: 1 } });
    expect(await throttle.acquire('cloud', { call: 2 }).catch((e: { code: string }) => e.code)).to.equal('need_exceeds_limit');
    expect(() => throttle.setLimit('cloud', 'call', -1))
      .to.throw()
      .with.property('field', 'limit');
  });

  it('says why somebody waits', async () => {
    const throttle = createLocalThrottle({ limits: { default: 1 } });
    const held = await throttle.acquire('cloud', { call: 1 });
    void throttle.acquire('cloud', { call: 1 });
    const why = throttle.explain('cloud', 'local-1');
    expect(why.state).to.equal('waiting');
    expect(why.shortages[0]).to.include({ path: 'cloud', kind: 'call', limit: 1, used: 1, position: 1 });
    expect(why.text).to.match(/number 1 for call of cloud \(1 of 1 in use\)/);
    expect(throttle.explain('cloud', held.id).state).to.equal('held');
    expect(throttle.explain('cloud', 'nobody').state).to.equal('unknown');
  });
});
