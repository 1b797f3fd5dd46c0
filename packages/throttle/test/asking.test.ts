import { throttleDefaults } from '@troupe/throttle';
import { expect } from 'chai';
import { createBench } from './bench.ts';

const AFTER_MS = throttleDefaults.askAfterMs;

/** One token, held by `a`, waited for by `b`. */
function setup(options: Parameters<typeof createBench>[0] = {}) {
  const bench = createBench({ limits: { default: 1 }, ...options });
  /** The latest timer fires: the leases that are asked for. */
  const fire = (timer = bench.timers.at(-1)!.id): string[] =>
    bench
      .say('timer.ask', null, null, { sender: 'timer', timer })
      .filter((s) => s.type === 'throttle.asked')
      .map((s) => s.lease);
  return { bench, fire };
}

describe('a scope that asks its holders', () => {
  it('does so only while somebody waits: one timer, from the first that waits', () => {
    const { bench } = setup();
    bench.acquire('a', { volume: 1 });
    expect(bench.timers).to.deep.equal([]);
    bench.acquire('b', { volume: 1 });
    bench.acquire('c', { volume: 1 });
    expect(bench.timers.map((timer) => timer.at)).to.deep.equal([bench.now + AFTER_MS]);
  });

  it('lets the timer run out once nobody waits any more', () => {
    const { bench, fire } = setup();
    bench.acquire('a', { volume: 1 });
    bench.acquire('b', { volume: 1 });
    bench.release('b');
    expect(fire()).to.deep.equal([]);
    expect(bench.timers).to.have.length(1);
    bench.acquire('c', { volume: 1 });
    expect(bench.timers).to.have.length(2);
  });

  it('ignores a timer that its state does not name: one from before, or one that fires twice', () => {
    const { bench, fire } = setup();
    bench.acquire('a', { volume: 1 });
    bench.acquire('b', { volume: 1 });
    const [first] = bench.timers;
    expect(fire()).to.deep.equal(['a']);
    expect(fire(first!.id)).to.deep.equal([]);
    expect(fire('somebody else')).to.deep.equal([]);
    expect(bench.timers).to.have.length(2);
  });

  it('reclaims on an explicit no of the holder alone', () => {
    const { bench, fire } = setup();
    bench.acquire('a', { volume: 1 });
    bench.acquire('b', { volume: 1 });
    fire();
    for (const body of [null, {}, { lease: 'a' }, { lease: 'a', holds: true }, { lease: 'a', holds: null }, { lease: 'a', holds: 0 }]) {
      bench.say('holding', body, 'a');
    }
    bench.say('holding', { lease: 'a', holds: false }, 'somebody else');
    bench.say('holding', { holds: false }, 'a');
    expect(bench.granted()).to.deep.equal(['a']);
    expect(bench.say('holding', { lease: 'a', holds: false }, 'a').map((s) => [s.type, s.lease])).to.deep.equal([
      ['throttle.granted', 'b'],
    ]);
    expect(bench.events).to.include('reclaimed');
    expect(bench.events).not.to.include('released');
  });

  it('never reclaims by silence, and asks later and later, up to ten minutes apart', () => {
    const { bench, fire } = setup();
    bench.acquire('a', { volume: 1 });
    bench.acquire('b', { volume: 1 });
    const pauses: number[] = [];
    for (let i = 0; i < 12; i++) {
      const { at } = bench.timers.at(-1)!;
      pauses.push(at - bench.now);
      bench.advance(at - bench.now);
      expect(fire()).to.deep.equal(['a']);
    }
    expect(pauses.slice(0, 4)).to.deep.equal([AFTER_MS, 2 * AFTER_MS, 4 * AFTER_MS, 8 * AFTER_MS]);
    expect(pauses.at(-1)).to.equal(throttleDefaults.askBackoffLimitMs);
    expect(bench.granted()).to.deep.equal(['a']);
  });

  it('asks a few at once, the oldest first, and gets around to all', () => {
    const { bench, fire } = setup({ limits: { default: 5 }, askAtOnce: 2 });
    for (const lease of ['a', 'b', 'c', 'd', 'e', 'waiter']) bench.acquire(lease, { volume: 1 });
    expect([fire(), fire(), fire(), fire()]).to.deep.equal([['a', 'b'], ['c', 'd'], ['e'], ['a', 'b']]);
  });

  it('goes on asking after a rebuild where it was', () => {
    const { bench, fire } = setup({ limits: { default: 4 }, askAtOnce: 2 });
    for (const lease of ['a', 'b', 'c', 'd', 'waiter']) bench.acquire(lease, { volume: 1 });
    expect(fire()).to.deep.equal(['a', 'b']);
    bench.rebuild();
    expect(fire()).to.deep.equal(['c', 'd']);
  });

  it('asks as early as it is told to', () => {
    const { bench } = setup({ askAfterMs: 250 });
    bench.acquire('a', { volume: 1 });
    bench.acquire('b', { volume: 1 });
    expect(bench.timers[0]!.at - bench.now).to.equal(250);
  });

  it('hears no of a waiter as well, which then waits no more', () => {
    const { bench } = setup();
    bench.acquire('a', { volume: 1 });
    bench.acquire('b', { volume: 1 });
    bench.say('holding', { lease: 'b', holds: false }, 'b');
    expect([bench.granted(), bench.waiting()]).to.deep.equal([['a'], []]);
  });
});
