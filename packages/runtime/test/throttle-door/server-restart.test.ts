import { connectNats } from '@troupe/jetstream';
import { createThrottleClient } from '@troupe/throttle';
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
});
