// needs TEST_NATS_URL
import { expect } from 'chai';
import { startInstallation } from './installation.ts';

describe('G7 a message that kills workers is buried, with a reason, after N crashes', function () {
  this.timeout(90_000);

  for (const [executor, nodeArgs] of [
    ['exits', []],
    ['exhausts', ['--max-old-space-size=96']],
  ] as const) {
    it(`(its handler ${executor}), its operation fails, and workers go on`, async () => {
      await using s = await startInstallation({ taskAckWaitMs: 1_000 });
      const operation = await s.client.execute({ executor, input: {} });
      const ended = operation.ended();
      let deaths = 0;
      let isOver = false;
      void ended.finally(() => (isOver = true)).catch(() => undefined);
      while (!isOver) {
        const worker = await s.worker({ nodeArgs });
        if (await Promise.race([worker.gone.then(() => true), ended.then(() => false)])) deaths++;
      }
      const { outcome, error } = await ended;
      expect([outcome, error?.code]).to.deep.equal(['failed', 'worker_lost']);
      // a first delivery is not counted before it starts, which saves every healthy task a write
      expect(deaths).to.equal(3);
      const [letter, ...more] = await s.client.deadLetters();
      expect(more).to.deep.equal([]);
      expect(letter).to.deep.include({ reason: 'worker_lost', attempts: 2 });
      // the worker that buried it runs others
      expect(await (await s.client.execute({ executor: 'lasts', input: {} })).ended()).to.include({ outcome: 'succeeded' });
    });
  }
});
