// needs TEST_NATS_URL
import type { ChildProcess } from 'node:child_process';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { type Installation, startInstallation } from './installation.ts';

/** So many builds at once over a limit of 4, with two throttle hosts alive at first and `during` happening to them. */
async function run(count: number, during: (s: Installation, hosts: readonly ChildProcess[]) => Promise<void>): Promise<void> {
  await using s = await startInstallation({ buildMs: 20 });
  const [first, second] = await Promise.all([s.spawn('throttle'), s.spawn('throttle'), s.serve('supervisor'), s.serve('worker')]);
  const ids = Array.from({ length: count }, (_, n) => `b${n}`);
  const all = Promise.all(
    ids.map(async (id) => {
      await s.build(id, {}, 'build.whole');
      return s.outcome(id);
    }),
  );
  all.catch(() => undefined);
  await during(s, [first, second]);
  expect(new Set(await all)).to.deep.equal(new Set(['succeeded']));
  await s.settles([]);
  // counted where it hurts: at the backend
  expect(s.backend.count()).to.equal(count);
  // several at once, or it would show nothing; all four at once is a matter of speed: a busy machine was seen with three
  expect(s.backend.peak()).to.be.within(2, 4);
  // and by the scope's own account, turn by turn
  expect(s.account.wrong).to.deep.equal([]);
  expect(s.account.granted).to.have.length(count);
  // each handler got the fence of its own grant; they grow by one with each, whichever host made it
  expect(s.account.fences).to.deep.equal(ids.map((_, n) => n + 1));
  expect([...s.backend.fences()].sort((a, b) => a - b)).to.deep.equal(s.account.fences);
}

const begun = (s: Installation, count: number) => until(`${count} builds have begun`, () => s.backend.count() >= count, 30_000);

describe('G16 the limit is never exceeded', function () {
  this.timeout(60_000);

  it('by 200 acquires at once, with two hosts of the throttle alive, then one stopped, then the other killed', () =>
    run(200, async (s, [first, second]) => {
      await begun(s, 40);
      await s.end(first!, 'SIGTERM');
      await begun(s, 80);
      await s.spawn('throttle');
      await s.end(second!, 'SIGKILL');
      await begun(s, 120);
    }));

  it('by hosts that are killed between their commit and their grants, one after the other', () =>
    run(30, async (s, hosts) => {
      for (const host of hosts) await s.end(host, 'SIGKILL');
      for (const nth of [5, 3]) {
        const doomed = await s.spawn('throttle', { point: 'turn.committed', nth });
        await until('it has killed itself', () => doomed.signalCode === 'SIGKILL', 20_000);
      }
      await s.spawn('throttle');
    }));
});
