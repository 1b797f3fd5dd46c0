import { expect } from 'chai';
import { chain, poll, step } from '@troupe/executor';
import { fatal, hostile, settled, start, steps, task, work } from './bench/index.ts';

const gated = task('gated', { gate: 'billing' });
const plan = chain(step('a', work, {}), step('b', gated, {}), poll('c', gated, { until: { done: true } }), step('d', work, {}));

describe('a closed gate', () => {
  for (const { name, faults } of hostile()) {
    it(`passes over what is behind it, sends nothing and says why, ${name}`, async () => {
      const { bench, id } = await start(plan, { tasks: [work, gated], isOpen: () => false, ...faults });
      bench.run();
      expect(bench.view(id).outcome).to.equal('succeeded');
      expect(steps(bench)).to.deep.equal(['a', 'd']);
      settled(bench);
    });

    it(`that a worker finds closed passes over the step as well, ${name}`, async () => {
      const { bench, id } = await start(plan, { tasks: [work, gated], ...faults });
      bench.on('gated', () => fatal('gate_closed'));
      bench.run();
      expect(bench.view(id).outcome).to.equal('succeeded');
      expect(steps(bench)).to.deep.equal(['a', 'b', 'c', 'd']);
      expect(bench.view(id).log).to.deep.equal([]);
      settled(bench);
    });
  }
});
