// needs TEST_NATS_URL
import { step, throttled } from '@troupe/executor';
import { defineTask, Retry } from '@troupe/task';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { free, startOperations } from './kit.ts';

const call = defineTask({ name: 'call', idempotent: 'yes', retry: { attempts: 1_000, delays: ['50ms'] } });

describe('a limit that adapts itself to what operations tell', () => {
  it('grows while the backend does well and others wait, is cut when it refuses, and all end', async () => {
    const plan = throttled({ scope: 'cloud', need: { call: 1 }, observe: true }, step('called', call, {}));
    const limits = { adaptive: { kinds: { call: { least: 1, most: 8, pause: '0ms' } } } } as const;
    await using all = await startOperations({ executors: [free('call', plan)], tasks: [call], limits });
    const ids = Array.from({ length: 40 }, (_none, n) => `o-${n}`);
    let mood: 'well' | 'refuses' = 'well';
    let open = (): void => undefined;
    const held = new Promise<void>((resolve) => (open = resolve));
    all.does(async () => {
      // the others hold their tokens until the test goes on: what is in use is seen
      if (mood === 'well' && all.calls.length > 20) await held;
      if (mood === 'refuses') throw new Retry('too much to do', { after: '50ms' });
      return null;
    });
    const now = async () => (await all.client.throttle('cloud'))?.find(({ kind }) => kind === 'call');
    await all.start('throttle', 'supervisor');
    await Promise.all(ids.map((id) => all.client.execute({ executor: 'call', id })));
    await until('one has the token, all others wait', async () => (await now())?.waiting === ids.length - 1, 30_000);
    expect(await now()).to.include({ used: 1, limit: 1 });
    await all.start('worker');
    await until('it has grown, and is used', async () => ((await now())?.used ?? 0) >= 4, 30_000);
    mood = 'refuses';
    open();
    await until('it is cut', async () => (await now())?.limit === 1, 30_000);
    mood = 'well';
    all.does(() => null);
    for (const id of ids) expect((await all.end(id)).outcome).to.equal('succeeded');
    expect(await all.tokens()).to.equal(0);
  }).timeout(180_000);
});
