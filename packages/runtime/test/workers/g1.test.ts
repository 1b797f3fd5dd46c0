// needs TEST_NATS_URL
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { startInstallation } from './installation.ts';

describe('G1 a task that runs longer than its hold is run to one effective completion', function () {
  this.timeout(90_000);

  it('with renewal: a hold of 2 s, a handler of 30 s, two workers, one start', async () => {
    await using s = await startInstallation();
    const workers = await Promise.all([s.worker(), s.worker()]);
    const operation = await s.client.execute({ executor: 'lasts', input: { ms: 30_000 } });
    expect(await operation.ended()).to.include({ outcome: 'succeeded' });
    // unless the machine itself stood still for longer than the hold: then a second start is right, and the step was settled once all the same
    const stoodStill = workers.some(({ of }) => of('stoodStill').length > 0);
    if (!stoodStill) expect(workers.flatMap(({ of }) => of('taskStarted'))).to.have.length(1);
    await until('the task is acknowledged', async () => (await s.left()) === 0);
  });

  it('with an event loop that stands still for 5 s: whoever comes first settles the step, and nothing is left', async () => {
    await using s = await startInstallation();
    const workers = await Promise.all([s.worker(), s.worker()]);
    const operation = await s.client.execute({ executor: 'blocks', input: { ms: 5_000 } });
    const { outcome, error } = await operation.ended();
    expect([outcome, error]).to.deep.equal(['succeeded', undefined]);
    // the server took the hold away, and the other worker started it too: both outcomes carry one token
    await until('the late one has been told', () => workers.flatMap(({ of }) => of('taskEnded')).length === 2, 20_000);
    expect(workers.flatMap(({ of }) => of('taskStarted')).map(({ attempt }) => attempt)).to.deep.equal([1, 1]);
    expect(workers.flatMap(({ of }) => of('stoodStill')).length).to.be.greaterThan(0);
    await until('all is acknowledged', async () => (await s.left()) === 0);
    expect(await s.client.deadLetters()).to.deep.equal([]);
  });
});
