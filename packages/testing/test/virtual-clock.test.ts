import { expect } from 'chai';
import fc from 'fast-check';
import { sleep } from '@troupe/actor';
import { createVirtualClock } from '@troupe/testing';

function setup() {
  const clock = createVirtualClock({ startMs: 1_000 });
  const fired: string[] = [];
  const set = (ms: number, name: string) => clock.setTimer(ms, () => fired.push(`${name}@${clock.now()}`));
  return { clock, fired, set };
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('it did not fail');
}

describe('a virtual clock', () => {
  it('stands still until it is told to move', async () => {
    const { clock, fired, set } = setup();
    set(0, 'a');
    await clock.settle();
    expect([clock.now(), clock.monotonic(), fired.length, clock.pending]).to.deep.equal([1_000, 0, 0, 1]);
  });

  it('fires in the order of time, then in the order of setting', async () => {
    const { clock, fired, set } = setup();
    set(20, 'late');
    set(10, 'first');
    set(10, 'second');
    await clock.tick(20);
    expect(fired).to.deep.equal(['first@1010', 'second@1010', 'late@1020']);
    expect(clock.pending).to.equal(0);
  });

  it('fires nothing past the end of a tick, and stands at that end', async () => {
    const { clock, fired, set } = setup();
    set(11, 'a');
    await clock.tick(10);
    expect([clock.now(), fired]).to.deep.equal([1_010, []]);
    await clock.tick(1);
    expect(fired).to.deep.equal(['a@1011']);
  });

  it('lets what one timer sets off settle before the next fires, new timers included', async () => {
    const { clock, fired, set } = setup();
    clock.setTimer(5, () => {
      void (async () => {
        for (let i = 0; i < 20; i++) await Promise.resolve();
        set(0, 'caused');
      })();
    });
    set(6, 'next');
    await clock.tick(10);
    expect(fired).to.deep.equal(['caused@1005', 'next@1006']);
  });

  it('carries a whole chain of sleeps through one tick', async () => {
    const { clock } = setup();
    let woken = 0;
    void (async () => {
      for (let i = 0; i < 1_000; i++) {
        await sleep(clock, 3_600_000);
        woken++;
      }
    })();
    await clock.tick(1_000 * 3_600_000);
    expect(woken).to.equal(1_000);
  });

  it('does not fire what was cancelled, and cancelling twice or late is harmless', async () => {
    const { clock, fired, set } = setup();
    const cancel = set(5, 'cancelled');
    const late = set(1, 'fired');
    cancel();
    cancel();
    await clock.tick(10);
    late();
    expect(fired).to.deep.equal(['fired@1001']);
    expect(clock.pending).to.equal(0);
  });

  it('steps from timer to timer', async () => {
    const { clock, fired, set } = setup();
    set(5, 'a');
    set(500, 'b');
    expect(await clock.step()).to.equal(true);
    expect(fired).to.deep.equal(['a@1005']);
    expect(await clock.step()).to.equal(true);
    expect(await clock.step()).to.equal(false);
    expect(clock.now()).to.equal(1_500);
  });

  it('runs until something holds, without firing more', async () => {
    const { clock, fired, set } = setup();
    for (let i = 1; i <= 5; i++) set(i, `t${i}`);
    await clock.runUntil(() => fired.length === 3);
    expect(fired).to.have.length(3);
    await clock.runUntil(() => true);
    expect(fired).to.have.length(3);
  });

  it('says why what was waited for is not coming', async () => {
    const { clock, set } = setup();
    set(5, 'a');
    expect(await refusal(clock.runUntil(() => false))).to.include('no timer is left');
    const again = (): void => void clock.setTimer(100, again);
    again();
    expect(await refusal(clock.runUntil(() => false, 1_000))).to.include('1000 ms of virtual time');
  });

  it('freezes: time passes, nothing runs, and what came due fires late in its order', async () => {
    const { clock, fired, set } = setup();
    set(20, 'b');
    set(10, 'a');
    clock.freeze(1_000);
    expect([clock.now(), fired]).to.deep.equal([2_000, []]);
    await clock.tick(0);
    expect(fired).to.deep.equal(['a@2000', 'b@2000']);
  });

  it('takes a negative or endless delay for none', async () => {
    const { clock, fired, set } = setup();
    set(-5, 'negative');
    set(Number.NaN, 'nan');
    await clock.tick(0);
    expect(fired).to.deep.equal(['negative@1000', 'nan@1000']);
  });

  it('fires any set of timers sorted by time and order, whatever is cancelled', async () => {
    const timers = fc.array(fc.record({ ms: fc.nat(50), cancelled: fc.boolean() }), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(timers, async (plan) => {
        const clock = createVirtualClock();
        const fired: number[] = [];
        const cancels = plan.map(({ ms }, i) => clock.setTimer(ms, () => fired.push(i)));
        for (const [i, { cancelled }] of plan.entries()) if (cancelled) cancels[i]!();
        const expected = plan.map((t, i) => ({ ...t, i })).filter((t) => !t.cancelled);
        expected.sort((a, b) => a.ms - b.ms || a.i - b.i);
        await clock.tick(50);
        expect(fired).to.deep.equal(expected.map((t) => t.i));
      }),
      { numRuns: 30 },
    );
  });
});
