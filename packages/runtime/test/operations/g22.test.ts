// needs TEST_NATS_URL
import { chain, group, ref, step } from '@troupe/executor';
import { isTroupeError } from '@troupe/protocol';
import { expect } from 'chai';
import { act, free, startOperations } from './kit.ts';

const s = (id: string) => step(id, act, {});

describe('G22 size has a limit, an error and a way out', () => {
  it('a result of 2 MB is refused where it is made, with size and limit, and the operation fails with that', async () => {
    await using all = await startOperations({ executors: [free('work', chain(s('big'), s('after')))] });
    all.does((of) => (of === 'big' ? 'x'.repeat(2_000_000) : null));
    await all.startAll();
    await all.client.execute({ executor: 'work', id: 'o' });
    const end = await all.end('o');
    expect(end.outcome).to.equal('failed');
    expect(JSON.stringify(end.error)).to.match(/output_too_large.*2000\d{3} bytes, at most \d+/);
    expect(all.calls).to.deep.equal(['big']);
  });

  it('a command of 2 MB fails at its sender with size and limit, and the connection lives', async () => {
    await using all = await startOperations({ executors: [free('work', s('a'))] });
    await all.startAll();
    const refused = await all.client.execute({ executor: 'work', input: 'x'.repeat(2_000_000) }).catch((error: unknown) => error);
    expect(isTroupeError(refused) && refused.code).to.equal('too_large');
    expect((refused as Error).message).to.match(/\d{7} bytes/);
    await all.client.execute({ executor: 'work', id: 'o' });
    expect(await all.end('o')).to.include({ outcome: 'succeeded' });
  });

  it('a large output is the way out of a message: later steps find it by reference', async () => {
    await using all = await startOperations({ executors: [free('work', chain(s('big'), step('after', act, { part: ref('big.part') })))] });
    let seen: unknown;
    all.does((of) => (of === 'big' ? { part: 'small', rest: 'x'.repeat(200_000) } : (seen = of)));
    await all.startAll();
    await all.client.execute({ executor: 'work', id: 'o' });
    expect(await all.end('o')).to.include({ outcome: 'succeeded' });
    expect(seen).to.equal('after');
  });

  it('a chain of 30 groups of 10: every message carries its step and nothing of the plan', async () => {
    const plan = chain(...Array.from({ length: 30 }, (_, g) => group({}, ...Array.from({ length: 10 }, (_m, m) => s(`g${g}-${m}`)))));
    await using all = await startOperations({ executors: [free('work', plan)] });
    const sizes: number[] = [];
    const { nc, subjects } = all.runtime;
    nc.subscribe(`${subjects.ns}.task.>`, { callback: (_, message) => void sizes.push(message.data.length) });
    await nc.flush();
    await all.startAll();
    await all.client.execute({ executor: 'work', id: 'o' });
    expect(await all.end('o')).to.include({ outcome: 'succeeded' });
    expect(all.calls).to.have.length(300);
    expect(sizes).to.have.length.of.at.least(300);
    expect(Math.max(...sizes)).to.be.below(1_000);
  }).timeout(30_000);
});
