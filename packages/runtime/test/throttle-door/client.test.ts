// needs TEST_NATS_URL
import { setTimeout as sleep } from 'node:timers/promises';
import { createThrottleClient } from '@troupe/throttle';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { startThrottleAlone } from './installation.ts';

async function setup(limits: Parameters<typeof startThrottleAlone>[0] = {}) {
  const s = await startThrottleAlone(limits);
  const client = createThrottleClient(s.nc, { ns: s.ns, holder: 'test' });
  return { s, client };
}

describe('the client of a throttle', () => {
  it('runs work while it holds the tokens, one after the other at a limit of one, and ends as the work does', async () => {
    const { s, client } = await setup();
    await using _ = s;
    let running = 0;
    let peak = 0;
    const fences: number[] = [];
    const all = Array.from({ length: 8 }, (_none, n) =>
      client.withTokens('cloud', { vm: 1 }, async (lease) => {
        peak = Math.max(peak, ++running);
        fences.push(lease.fence);
        await sleep(5);
        running--;
        if (n === 3) throw new Error('the work failed');
        return n;
      }),
    );
    const ended = await Promise.allSettled(all);
    expect(peak).to.equal(1);
    expect(fences).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(ended.map((one) => (one.status === 'fulfilled' ? one.value : (one.reason as Error).message))).to.deep.equal([
      0,
      1,
      2,
      'the work failed',
      4,
      5,
      6,
      7,
    ]);
    expect(await client.status('cloud')).to.include({ held: 0, waiting: 0 });
  }).timeout(60_000);

  it('renews in the background: work may take longer than the time to live', async () => {
    const { s, client } = await setup();
    await using _ = s;
    await client.withTokens(
      'cloud',
      { vm: 1 },
      async (lease) => {
        await sleep(4_500);
        expect(lease.isHeld).to.equal(true);
        expect((await client.explain('cloud', lease.id)).state).to.equal('held');
      },
      { ttl: '4s' },
    );
  }).timeout(60_000);

  it('loses a lease loudly: its signal aborts, and withTokens rejects, whatever the work does', async () => {
    const { s, client } = await setup();
    await using _ = s;
    let aborted: unknown;
    const work = client.withTokens(
      'cloud',
      { vm: 1 },
      async (lease) => {
        // whoever has its name may give it back
        await s.ask('release', { lease: lease.id, holder: 'test' });
        await new Promise((resolve) => lease.signal.addEventListener('abort', resolve));
        aborted = lease.signal.reason;
        expect(() => lease.assertHeld())
          .to.throw()
          .that.includes({ code: 'lease_lost' });
        return 'done all the same';
      },
      { ttl: '3s' },
    );
    const lost = await work.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(lost).to.include({ code: 'lease_lost' });
    expect(aborted).to.include({ code: 'lease_lost' });
  }).timeout(60_000);

  it('gives its place up when its signal aborts, and tells meanwhile how many are before it', async () => {
    const { s, client } = await setup();
    await using _ = s;
    const held = await client.acquire('cloud', { vm: 1 });
    const heard: number[] = [];
    const controller = new AbortController();
    const options = { signal: controller.signal, onQueued: (ahead: number) => heard.push(ahead), ttl: '6s', lease: 'impatient' } as const;
    const waits = client.acquire('cloud', { vm: 1 }, options).catch((error: unknown) => error);
    await until('it is told', () => heard.length > 0);
    controller.abort();
    expect(await waits).to.include({ code: 'cancelled' });
    await until('its place is given up', async () => (await client.explain('cloud', 'impatient')).state === 'unknown');
    expect(heard[0]).to.equal(0);
    await held.release();
    await held.release();
    expect(await client.status('cloud')).to.include({ held: 0, waiting: 0 });
  }).timeout(60_000);

  it('gives parts back early, and is refused what can never be granted', async () => {
    const { s, client } = await setup({ limits: { default: 2 } });
    await using _ = s;
    const lease = await client.acquire('cloud', { vm: 1, volume: 2 });
    await lease.giveBack({ volume: 2 });
    const other = await client.acquire('cloud/tenant', { volume: 2 });
    expect(other.fence).to.equal(2);
    const refused = await client.acquire('cloud', { vm: 3 }).catch((error: unknown) => error);
    expect(refused).to.include({ code: 'need_exceeds_limit' });
    expect(await client.acquire('cloud', { vm: 1 }, { ttl: '1ms' }).catch((error: unknown) => error)).to.include({ field: 'ttl' });
    await Promise.all([lease.release(), other.release()]);
  }).timeout(60_000);

  it('spends rates alone or together with tokens', async () => {
    const { s, client } = await setup({ limits: { default: 1, rates: { kinds: { call: { bucket: 1, refill: 1, every: '300ms' } } } } });
    await using _ = s;
    const first = await client.acquire('cloud', { vm: 1 }, { spend: { call: 1 } });
    const second = await client.acquire('cloud', {}, { spend: { call: 1 } });
    expect(second.fence).to.be.above(first.fence);
    await Promise.all([first.release(), second.release()]);
  }).timeout(60_000);

  it('spends inside of what it holds, while others wait for both', async () => {
    const { s, client } = await setup({ limits: { default: 1, rates: { kinds: { call: { bucket: 1, refill: 1, every: '200ms' } } } } });
    await using _ = s;
    const options = { spend: { call: 1 } };
    const ended: string[] = [];
    const work = (name: string) =>
      client.withTokens(
        'cloud',
        { vm: 1 },
        async (lease) => {
          for (let n = 0; n < 2; n++) await lease.spend({ call: 1 });
          ended.push(name);
        },
        options,
      );
    await Promise.all([work('a'), work('b'), client.spend('cloud', { call: 1 }).then(() => ended.push('c'))]);
    expect(ended).to.have.members(['a', 'b', 'c']);
    expect(await client.status('cloud')).to.include({ held: 0, waiting: 0 });
  }).timeout(60_000);

  it('changes rates, and drains: resolves when nobody holds anything, and is told when it is opened before', async () => {
    const { s, client } = await setup();
    await using _ = s;
    await client.setRate('cloud', 'call', { bucket: 5, refill: 1, every: '1.5s' }, 'ann');
    await client.spend('cloud', { call: 1 });
    await until('the rate is known', async () => (await client.status('cloud')).rates[0]?.rate === '5 at once, 1 every 1500ms');
    expect(await client.setRate('cloud', 'call', { window: '1m', most: -1 }).catch((error: unknown) => error)).to.include({
      field: 'rate.most',
    });
    const lease = await client.acquire('cloud', { vm: 1 });
    const opened = client.drain('cloud', { by: 'ann', reason: 'new disks' }).catch((error: unknown) => error);
    await until('it is in maintenance', async () => (await client.status('cloud')).maintenance.length === 1);
    const impatient = client.drain('cloud', { signal: AbortSignal.timeout(300) }).catch((error: unknown) => error);
    expect(await impatient).to.include({ code: 'cancelled' });
    const waits = client.acquire('cloud', { vm: 1 }, { lease: 'waits' });
    await until('it is told why', async () => (await client.explain('cloud', 'waits')).maintenance?.reason === 'new disks');
    await client.open('cloud');
    expect(await opened).to.include({ code: 'cancelled' });
    const drained = client.drain('cloud');
    await until('it is in maintenance again', async () => (await client.status('cloud')).maintenance.length === 1);
    await lease.release();
    await drained;
    await client.open('cloud');
    await (await waits).release();
  }).timeout(90_000);

  it('tells how the backend does, and limits adapt themselves', async () => {
    const { s, client } = await setup({ limits: { adaptive: { kinds: { vm: { least: 1, most: 2 } } } } });
    await using _ = s;
    const lease = await client.acquire('cloud', { vm: 1 }, { lease: 'a' });
    const waits = client.acquire('cloud', { vm: 1 }, { lease: 'b' });
    await until('b waits', async () => (await client.explain('cloud', 'b')).state === 'waiting');
    await lease.observe({ latencyMs: 3 });
    const other = await waits;
    await other.observe({ refused: true });
    expect((await client.status('cloud')).limits).to.deep.equal([{ path: 'cloud', kind: 'vm', used: 2, waiting: 0, limit: 1 }]);
    await Promise.all([lease.release(), other.release()]);
    // not held any more: not heard, and no harm
    await lease.observe({ latencyMs: 3 });
  }).timeout(60_000);

  it('waits for a throttle that is not there yet', async () => {
    const { s, client } = await setup();
    await using _ = s;
    await s.roles[0]!.stop();
    const waits = client.acquire('cloud', { vm: 1 }, { ttl: '6s' });
    const early = await Promise.race([waits.then(() => 'granted'), sleep(500).then(() => 'waiting')]);
    expect(early).to.equal('waiting');
    await s.serve();
    const lease = await waits;
    expect(lease.fence).to.be.above(0);
    await lease.release();
  }).timeout(60_000);
});
