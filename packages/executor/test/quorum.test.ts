import { expect } from 'chai';
import { chain, group, type PlanNode, step } from '@troupe/executor';
import { fatal, hostile, look, settled, start, steps, success, work } from './bench/index.ts';

/** Members whose tasks end after 10, 20, 30 … ms, in that order; those named in `bad` fail. */
const members = (n: number): PlanNode[] => Array.from({ length: n }, (_, i) => step(`m${i}`, work, { i }));
const after = step('after', look, {});

describe('a group with a quorum', () => {
  for (const { name, faults } of hostile(3)) {
    const run = async (n: number, quorum: number, bad: readonly number[]) => {
      const { bench, id } = await start(chain(group({ policy: { quorum } }, ...members(n)), after), faults);
      bench.on('work', ({ input }) => {
        const { i } = input as { i: number };
        return { outcome: bad.includes(i) ? fatal(`broken-${i}`) : success(), afterMs: 10 * (i + 1) };
      });
      bench.run();
      settled(bench);
      return { view: bench.view(id), steps: steps(bench), signals: bench.signals.length };
    };

    it(`goes on as soon as enough have succeeded and stops the others, ${name}`, async () => {
      const { view, steps: sent, signals } = await run(5, 2, [0]);
      expect(view).to.deep.include({ outcome: 'succeeded', steps: { done: 6, total: 6 } });
      expect(sent.at(-1)).to.equal('after');
      expect(signals, 'members that were told to stop').to.equal(2);
    });

    it(`fails with the first error as soon as not enough can succeed any more, ${name}`, async () => {
      const { view, steps: sent } = await run(4, 3, [0, 1]);
      expect(view.outcome).to.equal('failed');
      expect(view.error?.code).to.equal('broken-0');
      expect(sent).not.to.include('after');
    });

    it(`needs all where the quorum is all, ${name}`, async () => {
      expect((await run(3, 3, [])).view.outcome).to.equal('succeeded');
      expect((await run(3, 3, [2])).view.error?.code).to.equal('broken-2');
    });
  }

  it('is no quorum if it is cancelled before', async () => {
    const { bench, id } = await start(group({ policy: { quorum: 2 } }, ...members(3)));
    bench.on('work', ({ input }) => ((input as { i: number }).i === 0 ? success() : 'lost'));
    bench.run(() => bench.seen(id)?.steps.done === 1);
    bench.cancel(id);
    bench.run();
    expect(bench.view(id).outcome).to.equal('cancelled');
    settled(bench);
  });

  for (const quorum of [0, 4, 1.5, '2']) {
    it(`refuses a quorum of ${JSON.stringify(quorum)} among three`, async () => {
      const { bench, id } = await start(group({ policy: { quorum: quorum as number } }, ...members(3)));
      bench.run();
      expect(bench.view(id).error).to.include({ code: 'invalid_plan', field: 'plan.0.policy.quorum' });
    });
  }
});
