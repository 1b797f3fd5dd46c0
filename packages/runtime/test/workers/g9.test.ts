// needs TEST_NATS_URL
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { startInstallation } from './installation.ts';

describe('G9 SIGTERM hands work over without burning an attempt', function () {
  this.timeout(60_000);

  it('what fits in the grace is finished, the rest goes on elsewhere, and its resource keeps its owner', async () => {
    await using s = await startInstallation({ taskAckWaitMs: 30_000, graceMs: 6_000 });
    const ref = { kind: 'machine', id: 'm1' };
    await s.store.write({ op: 'create', ref, state: 'CREATION_SCHEDULED', set: {} }, { turn: 0, effect: 'inserted' });
    const [first, second] = await Promise.all([s.worker(), s.worker({ isHeld: true })]);
    const short = await s.client.execute({ executor: 'lasts', input: { ms: 3_000 } });
    const long = await s.client.execute({ executor: 'machine.create', resource: ref, input: { ms: 14_000 } });
    await until('both run', () => first.of('taskStarted').length === 2);
    await second.serve();
    first.child.kill('SIGTERM');
    const stopped = performance.now();
    expect(await short.ended()).to.include({ outcome: 'succeeded' });
    await first.gone;
    expect(first.child.exitCode).to.equal(0);
    expect(performance.now() - stopped, 'ms until it was gone').to.be.within(5_500, 20_000);
    expect(first.of('drained')[0]).to.include({ finished: 1, handedBack: 1, abandoned: 0 });
    expect(await s.store.get(ref)).to.deep.include({ state: 'CREATING', currentOperation: long.id });
    // at once: its hold of 30 s has not lapsed
    await until('the other worker has it', () => second.of('taskStarted').length === 1);
    expect(second.of('taskStarted')[0]).to.include({ attempt: 1, reconcile: false });
    const { outcome, error } = await long.ended();
    expect([outcome, error]).to.deep.equal(['succeeded', undefined]);
    expect(await s.store.get(ref)).to.deep.include({ state: 'OK', currentOperation: null });
  });
});
