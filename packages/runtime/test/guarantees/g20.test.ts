// needs TEST_NATS_URL
import { expect } from 'chai';
import { startInstallation } from './installation.ts';

const slots = { total: 5, regular: { floor: 5, ceiling: 5 }, heavy: { floor: 0, ceiling: 0 }, background: { floor: 0, ceiling: 0 } };
const numbered = (count: number) => Array.from({ length: count }, (_, n) => `n${n}`);

describe('G20 waiters never deadlock, neither on slots nor on tokens', () => {
  it('a pool of 5 slots ends 5 operations that each wait for a child of the same class', async () => {
    await using s = await startInstallation({ app: { slots } });
    await s.serveAll();
    const ids = numbered(5);
    await Promise.all(ids.map((id) => s.client.execute({ executor: 'parent', id, input: { name: id } })));
    expect(await Promise.all(ids.map(s.outcome))).to.deep.equal(ids.map(() => 'succeeded'));
    expect(s.backend.count()).to.equal(10);
  });

  it('20 instances with 2 volumes each, limits 4 and 4, all end: what an instance needs is taken at once, and given back in parts', async () => {
    await using s = await startInstallation({ buildMs: 60 });
    await s.serveAll();
    const ids = numbered(20);
    await Promise.all(ids.map((id) => s.client.execute({ executor: 'instance', id, input: { name: id } })));
    expect(await Promise.all(ids.map(s.outcome))).to.deep.equal(ids.map(() => 'succeeded'));
    expect(s.backend.count()).to.equal(60);
    await s.settles([]);
    expect(s.account.wrong).to.deep.equal([]);
    // two hold their volumes, two more boot
    expect(s.backend.peak()).to.be.at.most(2 * 2 + 2);
  }).timeout(30_000);

  it('an operation that holds one token and asks for others of the same root one by one is refused, never left waiting', async () => {
    await using s = await startInstallation({ buildMs: 20 });
    await s.serveAll();
    const ids = numbered(5);
    await Promise.all(ids.map((id) => s.client.execute({ executor: 'instance.greedy', id, input: { name: id } })));
    const ends = await Promise.all(ids.map((id) => s.client.follow(id).ended()));
    for (const end of ends) {
      expect(end.outcome).to.equal('failed');
      expect(JSON.stringify(end.error)).to.include('nested_need');
    }
    await s.settles([]);
  });
});
