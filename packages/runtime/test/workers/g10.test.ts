// needs TEST_NATS_URL
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { startInstallation } from './installation.ts';

describe('G10 a task type that a worker does not know is never dropped', function () {
  this.timeout(60_000);

  it('a rolling deploy: it is alarmed by the old workers, holds up nothing, and is run by the new one', async () => {
    await using s = await startInstallation();
    const old = await Promise.all([s.worker(), s.worker()]);
    const operation = await s.client.execute({ executor: 'is-new', input: {} });
    const alarms = () => old.flatMap(({ of }) => of('unknownTask'));
    await until('it is alarmed and parked', async () => alarms().length === 2 && (await s.left()) === 0, 10_000);
    expect(alarms()[0]).to.include({ task: 'is-new' });
    expect(await (await s.client.execute({ executor: 'lasts', input: {} })).ended()).to.include({ outcome: 'succeeded' });
    const next = await s.worker({ version: 2 });
    for (const { child, gone } of old) {
      child.kill('SIGTERM');
      await gone;
    }
    const { outcome, error } = await operation.ended();
    expect([outcome, error]).to.deep.equal(['succeeded', undefined]);
    expect(next.of('taskStarted')[0]).to.include({ task: 'is-new', attempt: 1 });
    expect(await s.client.deadLetters()).to.deep.equal([]);
  });
});
