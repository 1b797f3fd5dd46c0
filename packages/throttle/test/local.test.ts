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

  it('knows a wait by the name that it was given, and refuses a name that is taken', async () => {
    const throttle = createLocalThrottle({ limits: { default: 1 } });
    const held = await throttle.acquire('cloud', { call: 1 }, { lease: 'backup' });
    const next = throttle.acquire('cloud', { call: 1 }, { lease: 'restore' });
    expect(throttle.explain('cloud', 'restore').state).to.equal('waiting');
    for (const lease of ['backup', 'restore']) {
      const error = await throttle.acquire('cloud', { call: 1 }, { lease }).catch((e: { code: string; field: string }) => e);
      expect(error).to.include({ code: 'invalid_options', field: 'lease' });
    }
    held.release();
    (await next).release();
    (await throttle.acquire('cloud', { call: 1 }, { lease: 'backup' })).release();
  });

  it('serves priorities, keeps its roots apart, and hands out fences that grow', async () => {
    const throttle = createLocalThrottle({ limits: { default: 1 } });
    const held = await throttle.acquire('cloud', { call: 1 });
    const order: string[] = [];
    const ask = (name: string, priority: number) =>
      throttle.withTokens(
        'cloud',
        { call: 1 },
        async ({ fence }) => {
          order.push(name);
          expect(fence).to.equal(held.fence + order.length);
        },
        { priority },
      );
    const all = [ask('low', 0), ask('high', 5), ask('middle', 1)];
    await throttle.withTokens('elsewhere', { call: 1 }, async () => expect(order).to.deep.equal([]));
    held.release();
    held.release();
    await Promise.all(all);
    expect(order).to.deep.equal(['high', 'middle', 'low']);
  });

  it('pauses at 0 and goes on when the limit is back, and rejects what is malformed', async () => {
    const throttle = createLocalThrottle();
    throttle.setLimit('cloud', 'call', 0);
    const waiting = throttle.acquire('cloud', { call: 1 }, { lease: 'patient' });
    expect(throttle.explain('cloud', 'patient').text).to.contain('paused');
    throttle.setLimit('cloud', 'call', null);
    (await waiting).release();
    for (const [scope, need] of [
      ['cloud//x', { call: 1 }],
      ['cloud', {}],
      ['cloud', { call: 0.5 }],
    ] as const) {
      expect(await throttle.acquire(scope, need).catch((e: { code: string }) => e.code)).to.equal('malformed');
    }
    expect(throttle.occupancy()).to.deep.equal([]);
  });

  it('gives up at once for a signal that has aborted already', async () => {
    const throttle = createLocalThrottle();
    const refused = await throttle.acquire('cloud', { call: 1 }, { signal: AbortSignal.abort() }).catch((e: { code: string }) => e.code);
    expect(refused).to.equal('cancelled');
    expect(throttle.occupancy()).to.deep.equal([]);
  });
});
