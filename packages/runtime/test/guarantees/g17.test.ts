// needs TEST_NATS_URL
import { encodeMail } from '@troupe/jetstream/internal';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { type Installation, startInstallation } from './installation.ts';

const WAITERS = 10_000;
const oneSlot = { total: 1, regular: { floor: 1, ceiling: 1 }, heavy: { floor: 0, ceiling: 0 }, background: { floor: 0, ceiling: 0 } };

/** What operations would mail, without the operations: ten thousand of those are the subject of the bench. */
async function queueUp({ runtime: { publisher, subjects } }: Installation, scope: string, count: number): Promise<void> {
  const ask = (n: number): Promise<unknown> => {
    const from = { kind: 'operation', key: `w${n}` };
    const body = { lease: `w${n}:0`, scope, need: { build: 1 }, held: [] };
    const mail = encodeMail({ id: `w${n}`, type: 'acquire', body, from });
    return publisher.publish(subjects.mail({ kind: 'throttle', key: 'cloud' }, 'entity'), mail, { id: `w${n}` });
  };
  await Promise.all(Array.from({ length: count }, (_, n) => ask(n)));
}

/** Everything that the server holds for a consumer that has not acknowledged it. */
async function pending({ runtime: { nc, subjects } }: Installation): Promise<number> {
  const { mail, timers, tasks } = subjects.streams;
  let sum = 0;
  for (const stream of [mail, timers, tasks]) {
    const listed = await nc.request(`$JS.API.CONSUMER.LIST.${stream}`, '{}');
    for (const { num_ack_pending } of listed.json<{ consumers: { num_ack_pending: number }[] }>().consumers) sum += num_ack_pending;
  }
  return sum;
}

describe('G17 one full scope blocks no other', function () {
  this.timeout(60_000);

  it('with 10,000 that wait for A, one for B starts before any of them, and their waiting holds no slot and no pending-ack', async () => {
    await using s = await startInstallation({
      app: { slots: oneSlot, limits: { kinds: { build: 20_000 }, scopes: { 'cloud/a': { build: 1 }, 'cloud/b': { build: 1 } } } },
      limits: { build: 20_000 },
    });
    await s.serveAll();
    await s.build('holder', { scope: 'cloud/a' });
    await until('it builds', () => s.backend.began('holder'), 10_000);
    // real operations among them, the first in the queue: their waiting must not take the only slot
    const first = ['r0', 'r1', 'r2'];
    for (const id of first) await s.build(id, { scope: 'cloud/a' });
    await until('they wait', async () => (await s.scope()).waiters.length === first.length, 10_000);
    await queueUp(s, 'cloud/a', WAITERS);
    await until('all wait', async () => (await s.scope()).waiters.length === first.length + WAITERS, 40_000, 200);

    // the looks of the holder come and go; what waits is held by nobody
    await until('nothing is pending', async () => (await pending(s)) === 0, 5_000, 5);

    // below the same root as A, and for a root of its own: neither waits for anybody
    await s.build('same root', { scope: 'cloud/b' });
    await s.build('other root', { scope: 'elsewhere' });
    await until('both build', () => s.backend.began('same root') && s.backend.began('other root'), 20_000);
    expect(s.backend.order().slice(0, 1)).to.deep.equal(['holder']);
    expect(s.backend.count()).to.equal(3);
    const { leases, waiters } = await s.scope();
    expect(leases.map((lease) => lease.holder.key)).to.deep.equal(['holder', 'same root']);
    expect(waiters).to.have.length(first.length + WAITERS);

    // and who was first is served next
    s.backend.finish('holder');
    await until('the first of them builds', () => s.backend.began('r0'), 20_000);
    expect(s.backend.began('r1')).to.equal(false);
    expect(s.account.wrong).to.deep.equal([]);
  });
});
