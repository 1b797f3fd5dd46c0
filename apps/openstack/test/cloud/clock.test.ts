import { expect } from 'chai';
import { createManualClock, createSystemClock } from '@troupe/openstack/internal';

describe('the clocks of the simulated cloud', () => {
  it('run what is due in the order of its time, and what is set on the way', () => {
    const clock = createManualClock(0);
    const seen: string[] = [];
    clock.after(20, () => seen.push('late'));
    clock.after(10, () => {
      seen.push(`early at ${clock.now()}`);
      clock.after(5, () => seen.push(`nested at ${clock.now()}`));
    });
    clock.after(10, () => seen.push('second of the same time'));
    clock.advance(19);
    expect(seen).to.deep.equal(['early at 10', 'second of the same time', 'nested at 15']);
    expect(clock.now()).to.equal(19);
    expect(clock.pending()).to.equal(1);
    clock.advance(1);
    expect(seen.at(-1)).to.equal('late');
  });

  it('forget what is cancelled, also twice and late', () => {
    const clock = createManualClock();
    const cancel = clock.after(10, () => expect.fail('it was cancelled'));
    cancel();
    cancel();
    clock.advance(100);
    expect(clock.pending()).to.equal(0);
  });

  it('in real time, run late rather than early', async () => {
    const clock = createSystemClock();
    const startedAt = performance.now();
    await new Promise<void>((resolve) => void clock.after(15, resolve));
    expect(performance.now() - startedAt).to.be.at.least(14);
    clock.after(0, () => expect.fail('it was cancelled'))();
  });
});
