import { expect } from 'chai';
import { poll } from '@troupe/executor';
import { type Bench, look, settled, start, success } from './bench/index.ts';

/** A poll with four looks, a minute apart; stopped in the pause after the second one. The timer of the first pause is `first`. */
async function inTheSecondPause() {
  const { bench, id } = await start(poll('p', look, { until: { done: true }, every: '1m', for: '1h' }), { rebuild: true });
  let looks = 0;
  bench.on('look', () => success({ done: ++looks === 4 }));
  const pausing = (): Bench['timers'][number] | undefined => bench.timers.find((timer) => timer.message.type === 'timer.poll');
  bench.run(() => looks === 1 && pausing() !== undefined);
  const first = { ...pausing()! };
  bench.run(() => looks === 2 && pausing() !== undefined);
  return { bench, id, first, looks: () => looks };
}

describe('a timer', () => {
  it('that fires twice starts nothing twice', async () => {
    const { bench, id, first, looks } = await inTheSecondPause();
    // as an hour later, when nobody remembers its first delivery
    bench.timers.push({ ...first, at: bench.now });
    // it is due, it is delivered
    bench.step();
    bench.step();
    expect(looks()).to.equal(2);
    expect(bench.workers.sent).to.have.length(2);
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
    expect(looks()).to.equal(4);
    settled(bench);
  });

  it('whose cancel comes late takes no later one with it', async () => {
    const { bench, id, first } = await inTheSecondPause();
    // what a host does that stood still between its commit and its effects
    for (const timer of bench.timers) if (timer.message.timer === first.message.timer) timer.cancelled = true;
    expect(bench.timers.filter((timer) => timer.cancelled !== true).map((timer) => timer.message.type)).to.include('timer.poll');
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
  });
});
