// needs TEST_NATS_URL
import { encodeJson } from '@troupe/protocol';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { everyTimeDecided } from '../schedules/coverage.ts';
import { type Schedules, startSchedules, stubborn, sync } from '../schedules/installation.ts';

const BACKLOG = 10_000;
const PAUSE_MS = 5_000;

/** Tasks of others in the queue of the same class and pool. */
async function fill({ runtime }: Schedules, count: number): Promise<void> {
  const { publisher, subjects } = runtime;
  const orderedAt = runtime.serverNow();
  const send = (n: number): Promise<unknown> => {
    const task = {
      v: 1,
      id: `other-${n}`,
      task: sync.name,
      input: null,
      attempt: 1,
      attempts: 1,
      token: `t-${n}`,
      timeLimitMs: 60_000,
      orderedAt,
    };
    return publisher.publish(subjects.task('background', 'default', sync.name), encodeJson({ ...task, idempotencyToken: `other-${n}` }), {
      id: `other-${n}`,
    });
  };
  for (let n = 0; n < count; n += 1_000) await Promise.all(Array.from({ length: 1_000 }, (_, i) => send(n + i)));
}

describe('C7 single flight', () => {
  it('two schedulers, a backlog of ten thousand, a slow worker and its own retry: S81 S83 S84 one live run, and every skip recorded', async () => {
    await using s = await startSchedules();
    s.does(async ({ attempt, idempotencyToken }) => {
      if (!idempotencyToken.startsWith('schedule:')) return;
      await s.passes(PAUSE_MS);
      if (attempt === 1) throw new Error('the first attempt always fails');
    });
    await fill(s, BACKLOG);
    await s.start('scheduler', 'scheduler');
    await s.schedules.define('pull', { every: '1s', task: stubborn });
    const waiting = await until(
      'two more are decided while nobody has begun the first',
      async () => {
        const all = (await s.outcomes('pull')).filter(({ what }) => what !== 'coalesced');
        return all.length >= 3 ? all : undefined;
      },
      30_000,
    );
    expect(waiting.map(({ what }) => what)).to.deep.equal(['ran', ...waiting.slice(1).map(() => 'skippedOverlap')]);
    expect(await s.queued()).to.equal(BACKLOG + 1);
    await s.start('worker');
    const own = () => s.calls.filter(({ key }) => key === 'pull');
    await until('the first run has had its retry, and the second has begun', () => own().length >= 3, 180_000);
    // a message that came twice is one task
    const others = () => new Set(s.calls.flatMap(({ key, token }) => (key === '' ? [token] : []))).size;
    await until('all of the backlog has run', () => others() === BACKLOG, 60_000);
    const [first, again, second] = own();
    expect({ run: again!.run, attempt: again!.attempt }).to.deep.equal({ run: first!.run, attempt: 2 });
    expect(second!.run).not.to.equal(first!.run);
    const outcomes = await s.outcomes('pull');
    everyTimeDecided(outcomes, 1_000);
    const waitedFor = new Set(
      outcomes.filter(({ what, nominal }) => what === 'skippedOverlap' && nominal! < Date.parse(second!.run)).map(({ run }) => run),
    );
    expect([...waitedFor]).to.deep.equal([first!.run]);
    expect(s.ledger.mostAlive).to.equal(1);
  }).timeout(300_000);
});
