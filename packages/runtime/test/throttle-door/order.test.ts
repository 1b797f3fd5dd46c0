// needs TEST_NATS_URL
import { createThrottleClient } from '@troupe/throttle';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { startThrottleAlone } from './installation.ts';

const AGING_MS = 1_500;

/** One token, that is held; who waits gets it in the order of the throttle. */
async function setup(limits: object) {
  const s = await startThrottleAlone({ limits: { default: 1, ...limits } });
  const client = createThrottleClient(s.nc, { ns: s.ns, holder: 'test' });
  const first = await client.acquire('cloud', { vm: 1 });
  const order: string[] = [];
  const all: Promise<unknown>[] = [];
  return {
    s,
    client,
    order,
    /** Resolves when it has its place. */
    async wait(lease: string, options: object): Promise<void> {
      all.push(client.withTokens('cloud', { vm: 1 }, async () => void order.push(lease), { lease, ...options }));
      await until(`${lease} waits`, async () => (await client.explain('cloud', lease)).state === 'waiting');
    },
    async goOn(): Promise<void> {
      await first.release();
      await Promise.all(all);
    },
  };
}

describe('the order of who waits for a throttle on a server', () => {
  it('is by priority, but nobody is passed who has waited for the aging bound, also by a host that took over', async () => {
    const at = await setup({ aging: `${AGING_MS}ms` });
    await using s = at.s;
    await at.wait('old', { priority: 0 });
    await until('it has waited long enough', async () => ((await at.client.explain('cloud', 'old')).sinceMs ?? 0) >= AGING_MS);
    await s.roles[0]!.stop();
    await s.serve();
    await at.wait('young', { priority: 0 });
    await at.wait('urgent', { priority: 9 });
    const positions = ['old', 'urgent', 'young'].map(async (lease) => (await at.client.explain('cloud', lease)).shortages[0]!.position);
    // had it stood still since, all of them would be old
    const [old, urgent] = await Promise.all(positions);
    expect(old).to.equal(1);
    expect(urgent).to.be.above(1);
    await at.goOn();
    expect(at.order).to.have.members(['old', 'urgent', 'young']);
    expect(at.order[0]).to.equal('old');
  }).timeout(60_000);

  it('is by priority as long as nobody has aged', async () => {
    const at = await setup({});
    await using _ = at.s;
    await at.wait('early', { priority: 0 });
    await at.wait('urgent', { priority: 9 });
    await at.goOn();
    expect(at.order).to.deep.equal(['urgent', 'early']);
  }).timeout(60_000);

  it('gives shares that wait their turns by their weights, however many wait for one of them', async () => {
    const at = await setup({ shares: { b: 2 } });
    await using _ = at.s;
    for (const lease of ['a1', 'a2', 'a3', 'a4', 'a5']) await at.wait(lease, { share: 'a' });
    for (const lease of ['b1', 'b2', 'b3', 'b4']) await at.wait(lease, { share: 'b' });
    await at.goOn();
    expect(at.order).to.deep.equal(['a1', 'b1', 'b2', 'a2', 'b3', 'b4', 'a3', 'a4', 'a5']);
  }).timeout(60_000);
});
