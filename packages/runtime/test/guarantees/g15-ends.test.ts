// needs TEST_NATS_URL
import { encodeToken } from '@troupe/protocol';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { type Installation, startInstallation } from './installation.ts';

/** Three of four tokens stay taken for the whole test; the fourth goes from hand to hand. */
const fillers = ['f1', 'f2', 'f3'];

interface Ender {
  readonly what: string;
  readonly end: (s: Installation, id: string) => Promise<void>;
  readonly whileHeld: string;
  /** Its outcome had been stored before: that came first. */
  readonly whenDone: string;
}

const enders: readonly Ender[] = [
  { what: 'a cancel', end: (s, id) => s.client.cancel(id), whileHeld: 'cancelled', whenDone: 'succeeded' },
  { what: 'a kill', end: (s, id) => s.client.kill(id), whileHeld: 'failed', whenDone: 'succeeded' },
  {
    what: 'the deletion of its resource',
    end: ({ wipe, runtime: { subjects } }, id) => {
      const bucket = subjects.buckets.resources;
      return wipe(`KV_${bucket}`, `$KV.${bucket}.${encodeToken('machine')}.${encodeToken(id)}`);
    },
    whileHeld: 'aborted',
    whenDone: 'aborted',
  },
];

describe('G15 no token leaks, whatever ends the holder:', function () {
  this.timeout(40_000);

  for (const { what, end, whileHeld, whenDone } of enders) {
    it(`${what} while it is queued, granted, running, and between done and release`, async () => {
      await using s = await startInstallation();
      await s.serve('throttle');
      const [stopSupervisor, stopWorker] = await Promise.all([s.serve('supervisor'), s.serve('worker')]);
      await Promise.all(fillers.map((id) => s.machine(id)));
      await s.settles(fillers);

      // queued: the fourth token is taken, somebody waits behind it
      await s.machine('holder');
      await s.settles([...fillers, 'holder']);
      await s.machine('queued');
      await s.settles([...fillers, 'holder'], ['queued']);
      await end(s, 'queued');
      await until('the holder builds', () => s.backend.began('holder'));
      s.backend.finish('holder');
      expect(await s.outcome('queued')).to.equal(whileHeld);
      await s.settles(fillers);

      // granted: its task waits for a worker, another one for its token
      await stopWorker();
      await s.machine('granted');
      await s.settles([...fillers, 'granted']);
      await s.machine('next');
      await s.settles([...fillers, 'granted'], ['next']);
      await end(s, 'granted');
      await s.serve('worker');
      const goesOn = async (): Promise<boolean> => {
        // if it builds in spite of it, it may; then its end is awaited
        s.backend.finish('granted');
        return (await s.scope()).leases.some((lease) => lease.holder.key === 'next');
      };
      await until('the token goes on', goesOn, 15_000, 50);
      expect(await s.outcome('granted')).to.equal(whileHeld);
      await s.settles([...fillers, 'next']);

      // running
      await until('the next one builds', () => s.backend.began('next'));
      await end(s, 'next');
      s.backend.finish('next');
      expect(await s.outcome('next')).to.equal(whileHeld);
      await s.settles(fillers);

      // between done and release: its outcome is stored, and nobody has folded it
      await s.machine('done');
      await until('it builds', () => s.backend.began('done'));
      await stopSupervisor();
      const { mail } = s.runtime.subjects.streams;
      const before = await s.stored(mail);
      s.backend.finish('done');
      await until('its outcome is stored', async () => (await s.stored(mail)) > before);
      await end(s, 'done');
      await s.serve('supervisor');
      expect(await s.outcome('done')).to.equal(whenDone);
      await s.settles(fillers);

      for (const id of fillers) s.backend.finish(id);
      await s.settles([]);
      expect(s.account.wrong).to.deep.equal([]);
    });
  }
});
