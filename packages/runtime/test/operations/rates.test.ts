// needs TEST_NATS_URL
import { step, throttled } from '@troupe/executor';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { act, free, startOperations } from './kit.ts';

describe('a plan that spends of a rate', () => {
  it('waits for it and is woken by the time alone, also by a throttle that was stopped meanwhile', async () => {
    const spend = { scope: 'cloud', spend: { call: 1 }, share: 'tenant-7' };
    await using all = await startOperations({ executors: [free('call', throttled(spend, step('called', act, {})))] });
    await all.client.throttles.setRate('cloud', 'call', { window: '2s', most: 2 });
    await all.startAll();
    const began = performance.now();
    const ids = ['o-0', 'o-1', 'o-2', 'o-3', 'o-4', 'o-5'];
    await Promise.all(ids.map((id) => all.client.execute({ executor: 'call', id })));
    const waits = async () => (await all.client.throttles.show('cloud'))?.waiters[0]?.text;
    const text = await until('some wait, or all had their turn', async () => (all.calls.length === ids.length ? 'slow' : waits()));
    if (text !== 'slow') expect(text).to.match(/^number 1 for the rate call of cloud \(2 in 2s\): next in /);
    await all.stop('throttle');
    await all.start('throttle');
    for (const id of ids) expect((await all.end(id)).outcome).to.equal('succeeded');
    // two at once, two after two seconds, two after another two: never sooner, however slow the machine
    expect(performance.now() - began).to.be.at.least(3_900);
    expect(all.calls).to.have.length(6);
  }).timeout(60_000);

  it('spends inside of what it holds, while others wait for both', async () => {
    const call = throttled({ scope: 'cloud', spend: { call: 1 } }, step('called', act, {}));
    const plan = throttled({ scope: 'cloud/tenant-7', need: { build: 1 }, spend: { call: 1 } }, call, step('last', act, {}));
    await using all = await startOperations({ executors: [free('build', plan)] });
    await all.client.setLimit({ scope: 'cloud', kind: 'build', limit: 1 });
    await all.client.throttles.setRate('cloud', 'call', { bucket: 1, refill: 1, every: '100ms' });
    await all.startAll();
    const ids = ['o-0', 'o-1', 'o-2', 'o-3'];
    await Promise.all(ids.map((id) => all.client.execute({ executor: 'build', id })));
    for (const id of ids) expect((await all.end(id)).outcome).to.equal('succeeded');
    expect(all.calls).to.have.length(8);
  }).timeout(60_000);
});
