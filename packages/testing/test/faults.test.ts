import { expect } from 'chai';
import { createSeededRandom, faultAt, faultEverywhere, type Faults, noFaults, type PortCall, seededFaults } from '@troupe/testing';

const call = (n: number, writes = true, name = 'records.commit'): PortCall => ({ n, client: 'host-1', name, writes });

describe('the fault at the n-th call', () => {
  it('hits that call alone, and says that it has', () => {
    const faults = faultAt(2, 'crash');
    expect(faults.fired).to.equal(false);
    expect([1, 2, 3].map((n) => faults(call(n)))).to.deep.equal(['none', 'crash', 'none']);
    expect(faults.fired).to.equal(true);
  });

  it('counts writes only, or what it is told to count', () => {
    const writes = faultAt(1, 'fail');
    expect([call(1, false), call(2)].map(writes)).to.deep.equal(['none', 'fail']);
    const loads = faultAt(1, 'fail', (c) => c.name === 'records.load');
    expect([call(1), call(2, false, 'records.load')].map(loads)).to.deep.equal(['none', 'fail']);
  });
});

describe('a fault everywhere', () => {
  it('comes at the first call, then at the second, until a run passes untouched', async () => {
    const hit: number[] = [];
    const runs = await faultEverywhere('loseAck', async (faults: Faults) => {
      for (let n = 1; n <= 4; n++) if (faults(call(n)) === 'loseAck') hit.push(n);
    });
    expect(hit).to.deep.equal([1, 2, 3, 4]);
    expect(runs).to.equal(4);
  });

  it('names the call at which a run broke', async () => {
    const run = faultEverywhere('crash', async (faults) => {
      for (let n = 1; n <= 4; n++) if (faults(call(n)) === 'crash' && n === 3) throw new Error('lost a message');
    });
    const message = await run.catch((error: Error) => error.message);
    expect(message).to.equal('crash at call 3: lost a message');
  });

  it('gives up on a scenario that has no end', async () => {
    const run = faultEverywhere('fail', async (faults) => void Array.from({ length: 100 }, (_, i) => faults(call(i))), { limit: 10 });
    expect(await run.catch((error: Error) => error.message)).to.include('does not come to an end');
  });
});

describe('seeded faults', () => {
  const rates = { fail: 0.1, loseAck: 0.1, crash: 0.1 };
  const course = (seed: number, writes = true): string[] => {
    const faults = seededFaults(createSeededRandom(seed), rates);
    return Array.from({ length: 2_000 }, (_, i) => faults(call(i, writes)));
  };
  const count = (faults: string[], one: string): number => faults.filter((f) => f === one).length;

  it('take the same course for the same seed', () => {
    expect(course(1)).to.deep.equal(course(1));
    expect(course(1)).to.not.deep.equal(course(2));
  });

  it('come as often as they are told to', () => {
    const faults = course(3);
    expect(count(faults, 'fail')).to.be.within(150, 250);
    expect(count(faults, 'loseAck')).to.be.within(150, 250);
    expect(count(faults, 'crash') + count(faults, 'crashBefore')).to.be.within(150, 250);
  });

  it('can only fail a call that changes nothing', () => {
    expect(new Set(course(3, false))).to.deep.equal(new Set(['none', 'fail']));
  });

  it('are none if no rate is given', () => {
    const faults = seededFaults(createSeededRandom(1), {});
    expect(new Set(Array.from({ length: 500 }, (_, i) => faults(call(i))))).to.deep.equal(new Set(['none']));
    expect(noFaults(call(1))).to.equal('none');
  });
});
