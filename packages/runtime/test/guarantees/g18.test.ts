// needs TEST_NATS_URL
import { sleep } from '@troupe/actor';
import { createExecutor, step, throttled } from '@troupe/executor';
import { until } from '@troupe/test-infra';
import { defineTask, handle } from '@troupe/task';
import { createRehearsal } from '@troupe/testing';
import { expect } from 'chai';
import { startInstallation } from './installation.ts';

const HOUR_MS = 3_600_000;

describe('G18 waiting is not an attempt', function () {
  this.timeout(60_000);

  it('first come, first served, each at its first attempt; until then its position is told', async () => {
    await using s = await startInstallation({ app: { limits: { kinds: { build: 1 } } }, limits: { build: 1 } });
    await s.serveAll();
    await s.build('holder');
    await until('it builds', () => s.backend.began('holder'), 20_000);
    const waiters = ['w1', 'w2', 'w3', 'w4'];
    for (const [index, name] of waiters.entries()) {
      await s.build(name);
      await until(`${name} waits`, async () => (await s.scope()).waiters.length === index + 1, 20_000);
    }
    for (const [index, name] of waiters.entries()) {
      const { waits } = await s.client.explain(name);
      expect(waits.map(({ sentence }) => sentence).join(), name).to.contain(`number ${index + 1} for`);
    }
    for (const [index, name] of ['holder', ...waiters].entries()) {
      s.backend.finish(name);
      expect(await s.outcome(name)).to.equal('succeeded');
      const next = waiters[index];
      if (next !== undefined) await until(`${next} builds`, () => s.backend.began(next), 20_000);
    }
    expect(s.backend.order()).to.deep.equal(['holder', ...waiters]);
    for (const name of waiters) {
      // of a failed attempt there would be an error
      expect((await s.client.operation(name))!.log, name).to.deep.equal([]);
    }
    expect(s.account.wrong).to.deep.equal([]);
  });

  it('two hours behind a limit, in virtual time: then it runs, at its first attempt, within its time limit of a minute', async () => {
    const hold = defineTask({ name: 'hold', class: 'heavy', idempotent: 'yes', timeLimit: '3h' });
    const work = defineTask({ name: 'work', idempotent: 'yes', timeLimit: '1m', retry: { attempts: 1 } });
    const behind = (name: string, task: typeof hold | typeof work) =>
      createExecutor({ name, family: 'free', plan: () => throttled({ scope: 'cloud', need: { build: 1 } }, step('only', task, {})) });
    const runs: { attempt: number; at: number }[] = [];
    const rehearsal = createRehearsal({
      executors: [behind('first', hold), behind('second', work)],
      handlers: ({ clock }) => [
        handle(hold, () => sleep(clock, 2 * HOUR_MS).then(() => null)),
        handle(work, (_input, { attempt }) => {
          runs.push({ attempt, at: clock.now() });
          return null;
        }),
      ],
      limits: { default: 1 },
    });
    const start = rehearsal.clock.now();
    await rehearsal.submit('first');
    await rehearsal.clock.tick(1_000);
    const second = await rehearsal.submit('second');
    await rehearsal.runToEnd();
    expect(rehearsal.outcome(second)).to.equal('succeeded');
    expect(runs.map(({ attempt }) => attempt)).to.deep.equal([1]);
    expect(runs[0]!.at - start).to.be.at.least(2 * HOUR_MS);
  });
});
