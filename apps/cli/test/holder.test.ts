import { setTimeout as sleep } from 'node:timers/promises';
import { connectRuntime, startThrottle } from '@troupe/runtime';
import { applyTopology, connectNats } from '@troupe/jetstream';
import { createThrottleClient } from '@troupe/throttle';
import { expect } from 'chai';
import { startWithUsers } from './users.ts';

for (const layout of ['accounts', 'authorization'] as const) {
  describe(`a holder of tokens with its rights, ${layout === 'accounts' ? 'in an account of its own' : 'in one account'}`, () => {
    it('waits, holds, renews and gives back; an operator sets limits; neither is ever refused', async () => {
      await using at = await startWithUsers(layout);
      const shape = { partitions: 2, maxLogBytes: 16_777_216 };
      const admin = await connectNats(at.as('admin'));
      await applyTopology(admin, { subjects: at.subjects, ...shape });
      await admin.close();
      await using runtime = await connectRuntime({ connection: at.as('throttle'), ...shape });
      await using _role = await startThrottle(runtime, { limits: { default: 1 } });
      const connections = [await connectNats(at.as('holder')), await connectNats(at.as('operator'))] as const;
      const holder = createThrottleClient(connections[0]);
      const operator = createThrottleClient(connections[1]);
      const first = await holder.acquire('cloud', { vm: 1 }, { ttl: '4s' });
      const second = holder.acquire('cloud', { vm: 1 }, { ttl: '4s', lease: 'second' });
      await operator.setLimit('cloud', 'vm', 2, 'ann');
      expect((await second).fence).to.equal(2);
      expect((await operator.status('cloud')).held).to.equal(2);
      // longer than it lives without a renewal
      await sleep(4_500);
      expect(first.isHeld).to.equal(true);
      await first.observe({ latencyMs: 5 });
      await operator.setRate('cloud', 'call', { bucket: 2, refill: 1, every: '100ms' }, 'ann');
      await first.spend({ call: 1 });
      await Promise.all([first.release(), (await second).release()]);
      await operator.drain('cloud', { by: 'ann' });
      await operator.open('cloud');
      expect(await holder.status('cloud')).to.include({ held: 0 });
      expect(at.violations()).to.deep.equal([]);
      // nothing but that: the server refuses, and the client says so
      const refused = await holder.setLimit('cloud', 'vm', 9).catch((error: unknown) => error);
      expect(refused).to.have.property('code', 'not_permitted');
      expect(await holder.drain('cloud').catch((error: unknown) => error)).to.have.property('code', 'not_permitted');
      expect((await operator.status('cloud')).limits.every(({ limit }) => limit !== 9)).to.equal(true);
      for (const connection of connections) await connection.close();
    }).timeout(60_000);
  });
}
