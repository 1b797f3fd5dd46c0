import { connectNats } from '@troupe/jetstream';
import { createThrottleClient, type RemoteLease } from '@troupe/throttle';
import { needsNats, startNatsServer, until } from '@troupe/test-infra';
import { expect } from 'chai';
import { startThrottleAlone } from './installation.ts';

describe('a client of a throttle whose server is killed and starts again', () => {
  before(needsNats);

  it('keeps what it holds and its place in the queue', async () => {
    await using server = await startNatsServer();
    await using s = await startThrottleAlone({ url: server.url, storage: 'file' });
    const nc = await connectNats({ servers: server.url });
    const client = createThrottleClient(nc, { ns: s.ns, holder: 'test' });
    try {
      const heard: number[] = [];
      const held = await client.acquire('cloud', { vm: 1 }, { ttl: '30s', lease: 'held' });
      const waits = client.acquire('cloud', { vm: 1 }, { ttl: '30s', lease: 'waits', onQueued: (ahead) => heard.push(ahead) });
      await until('it waits', async () => (await client.explain('cloud', 'waits')).state === 'waiting');
      await server.kill();
      await server.restart();
      const later = await until(
        'it can be asked again',
        () =>
          client.acquire('cloud', { vm: 1 }, { ttl: '30s', lease: 'later', signal: AbortSignal.timeout(2_000) }).catch((error: unknown) => {
            expect(error).to.include({ code: 'cancelled' });
            return client.explain('cloud', 'waits').catch(() => undefined);
          }),
        60_000,
      );
      expect(later).to.include({ state: 'waiting' });
      expect(held.isHeld).to.equal(true);
      expect((await client.explain('cloud', 'held')).state).to.equal('held');
      await held.release();
      const granted = await waits;
      expect([granted.id, granted.fence, held.fence]).to.deep.equal(['waits', 2, 1]);
      await granted.release();
    } finally {
      await nc.close();
    }
  }).timeout(120_000);

  it('works on in withTokens, renews when it is back, and ends as the work does', async () => {
    await using server = await startNatsServer();
    await using s = await startThrottleAlone({ url: server.url, storage: 'file' });
    const nc = await connectNats({ servers: server.url });
    const client = createThrottleClient(nc, { ns: s.ns, holder: 'test' });
    try {
      const work = async (lease: RemoteLease): Promise<string> => {
        await server.kill();
        await server.restart();
        await until('it can be asked again', () => client.explain('cloud', lease.id).catch(() => undefined), 25_000);
        lease.assertHeld();
        return 'done';
      };
      expect(await client.withTokens('cloud', { vm: 1 }, work, { ttl: '60s' })).to.equal('done');
      expect(await client.status('cloud')).to.include({ held: 0, waiting: 0 });
    } finally {
      await nc.close();
    }
  }).timeout(120_000);

  it('loses its lease loudly where the server is away for longer than it lives: the signal aborts, withTokens rejects, the next has a higher fence', async () => {
    await using server = await startNatsServer();
    await using s = await startThrottleAlone({ url: server.url, storage: 'file' });
    const nc = await connectNats({ servers: server.url });
    const client = createThrottleClient(nc, { ns: s.ns, holder: 'test' });
    try {
      let fence = 0;
      let aborted: unknown;
      const work = async (lease: RemoteLease): Promise<string> => {
        fence = lease.fence;
        const lost = new Promise((resolve) => lease.signal.addEventListener('abort', resolve));
        await server.kill();
        await lost;
        aborted = lease.signal.reason;
        expect(lease.isHeld).to.equal(false);
        return 'done all the same';
      };
      const rejected = await client.withTokens('cloud', { vm: 1 }, work, { ttl: '2s' }).catch((error: unknown) => error);
      expect(aborted).to.include({ code: 'lease_lost' });
      expect(rejected).to.include({ code: 'lease_lost' });
      await server.restart();
      const next = await client.acquire('cloud', { vm: 1 });
      expect(next.fence).to.be.above(fence);
      await next.release();
    } finally {
      await nc.close();
    }
  }).timeout(120_000);
});
