import { createExecutor, step, throttled } from '@troupe/executor';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { createStage } from '../support/stage.ts';
import { act, play } from './app.ts';

const HEAVY_CEILING = 16;

/** On TEST_NATS_URL. */
describe('C15 queues', function () {
  this.timeout(40_000);

  it('S104 C15 tells how much waits in each class and since when, the queue of a throttle with positions, and dead letters', async () => {
    let letGo = (): void => undefined;
    const over = new Promise<void>((resolve) => (letGo = resolve));
    const { appOf, ran } = play({
      executors: [createExecutor({ name: 'long', family: 'free', class: 'heavy', plan: () => step('long', act, {}) })],
      plans: { limited: () => throttled({ scope: 'cloud/tenant', need: { vm: 1 } }, step('build', act, {})) },
      hands: { long: () => over, build: () => over },
    });
    await using stage = await createStage(appOf);
    try {
      const idle = await stage.client.queues();
      expect(idle.tasks.map(({ class: cls, pool, waiting, taken }) => [cls, pool, waiting, taken])).to.deep.equal([
        ['regular', 'default', 0, 0],
        ['heavy', 'default', 0, 0],
        ['background', 'default', 0, 0],
      ]);
      expect(idle).to.deep.include({ throttles: [], deadLetters: { count: 0, newest: [] } });

      for (let i = 0; i < HEAVY_CEILING + 4; i++) await stage.client.execute({ executor: 'long', id: `long-${i}` });
      for (let i = 0; i < 5; i++) await stage.client.execute({ executor: 'limited', id: `limited-${i}` });
      // refused, and kept with its reason
      await stage.client.execute({ executor: 'nobody-knows-it' });
      const of = async (cls: string) => (await stage.client.queues()).tasks.find((one) => one.class === cls)!;
      await until(
        'as many heavy ones run as may',
        async () => (await of('heavy')).waiting === 4 && (await of('heavy')).taken === HEAVY_CEILING,
      );
      await until('two are built', () => ran.filter((name) => name === 'build').length === 2);

      await until('the letter is there', async () => (await stage.client.queues()).deadLetters.count === 1);

      const { tasks, throttles, deadLetters } = await stage.client.queues();
      const heavy = tasks.find((one) => one.class === 'heavy')!;
      expect(heavy.oldestWaitingMs).to.be.within(0, 30_000);
      expect(heavy.oldestTakenMs).to.be.at.least(heavy.oldestWaitingMs!);
      expect(tasks.find((one) => one.class === 'regular')).to.deep.include({ waiting: 0, taken: 2 });
      expect(tasks.find((one) => one.class === 'background')).to.deep.include({ waiting: 0, taken: 0 });
      expect(throttles).to.have.length(1);
      const [cloud] = throttles;
      expect(cloud).to.deep.include({ root: 'cloud', held: 2, waiting: 3 });
      expect(cloud!.waiters.map(({ lease }) => lease.split(':')[0])).to.deep.equal(['limited-2', 'limited-3', 'limited-4']);
      expect(cloud!.waiters.map(({ shortages }) => shortages[0]?.position)).to.deep.equal([1, 2, 3]);
      expect(deadLetters.newest[0]).to.deep.include({ reason: 'unknown_executor' });
    } finally {
      letGo();
    }
    await stage.expectClean('cloud');
  });
});
