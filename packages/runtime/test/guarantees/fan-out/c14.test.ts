import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { pulls } from './app.ts';
import { startFanOut } from './installation.ts';

const OBJECTS = 10_000;

describe('a fan-out over ten thousand objects, with kill -9 of its scheduler in the middle', () => {
  it('C14 S85: gives each object one effective run for the nominal time, one alive at any time, and ends with one outcome', async () => {
    const objects = Array.from({ length: OBJECTS }, (_, i) => `i${String(i).padStart(5, '0')}`);
    // runs, not calls: a second call of one attempt is the same run
    const runs = new Map<string, Set<string>>();
    const running = new Map<string, string>();
    const together: string[] = [];
    let calls = 0;
    await using f = await startFanOut({
      objects,
      async run(key, { idempotencyToken }) {
        calls++;
        const other = running.get(key);
        if (other !== undefined && other !== idempotencyToken) together.push(key);
        running.set(key, idempotencyToken);
        runs.set(key, (runs.get(key) ?? new Set()).add(idempotencyToken));
        await new Promise(setImmediate);
        running.delete(key);
      },
    });
    const first = await f.spawn();
    await f.runNow(pulls({ inFlight: 100, perSecond: 1_000, pageSize: 200 }));
    const second = await f.spawn();
    await until('a fifth has run', () => calls > OBJECTS / 5, 60_000);
    await f.kill(first);
    const third = await f.spawn();
    await until('half have run', () => calls > OBJECTS / 2, 60_000);
    await f.kill(second);
    const ended = await until('the run has ended', async () => (await f.outcomes()).find((one) => one.ended !== undefined), 120_000);
    expect(ended).to.deep.include({ what: 'ran', ended: 'succeeded' });
    expect(ended.counts).to.deep.include({ listed: OBJECTS, succeeded: OBJECTS });
    expect([...runs.keys()].sort()).to.deep.equal(objects);
    expect(
      [...runs].filter(([, tokens]) => tokens.size !== 1),
      'objects with another run',
    ).to.deep.equal([]);
    expect(together).to.deep.equal([]);
    expect(await f.outcomes()).to.have.length(1);
    expect((await f.fanout())!.live).to.deep.equal([]);
    await f.kill(third);
  }).timeout(240_000);
});
