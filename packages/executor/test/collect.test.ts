import { expect } from 'chai';
import { attempt, chain, fail, group, nothing, type PlanNode, ref, step } from '@troupe/executor';
import { fatal, hostile, look, settled, start, steps, success, work } from './bench/index.ts';

const members = (n: number): PlanNode[] => Array.from({ length: n }, (_, i) => step(`m${i}`, work, { i }));
const collect = group({ policy: 'collect', id: 'all' }, ...members(5));

describe('a group that collects', () => {
  for (const { name, faults } of hostile(3)) {
    it(`lets all end, never fails, and puts out what went wrong, ${name}`, async () => {
      const { bench, id } = await start(chain(collect, step('after', look, ref('all'))), faults);
      bench.on('work', ({ step: of }) => ({ outcome: of === 'm1' || of === 'm3' ? fatal(`${of}-broke`) : success(), afterMs: 10 }));
      bench.run();
      expect(bench.view(id).outcome).to.equal('succeeded');
      const report = bench.workers.sent.find(({ message }) => message.step === 'after')?.message.input as {
        member: number;
        step: string;
        error: { code: string };
      }[];
      expect(report.map((one) => [one.member, one.step, one.error.code])).to.deep.equal([
        [1, 'm1', 'm1-broke'],
        [3, 'm3', 'm3-broke'],
      ]);
      settled(bench);
    });
  }

  it('puts out an empty list if nothing went wrong', async () => {
    const { bench } = await start(chain(collect, step('after', look, ref('all'))));
    bench.run();
    expect(bench.workers.sent.at(-1)?.message.input).to.deep.equal([]);
  });

  it('is stopped like any other group, and leaves nothing behind', async () => {
    const { bench, id } = await start(chain(collect, step('after', look, {})));
    bench.on('work', ({ step: of }) => (of === 'm0' ? fatal('broken') : 'lost'));
    bench.run(() => bench.seen(id)?.steps.done === 1);
    bench.cancel(id);
    bench.run();
    expect(bench.view(id).outcome).to.equal('cancelled');
    settled(bench);
  });

  it('needs an id, which others must not have', async () => {
    const { bench, id } = await start(group({ policy: 'collect' }, ...members(1)));
    bench.run();
    expect(bench.view(id).error).to.include({ code: 'invalid_plan', field: 'plan.0.id' });
    const other = await start(group({ policy: 'waitAll', id: 'x' }, ...members(1)));
    other.bench.run();
    expect(other.bench.view(other.id).error).to.include({ code: 'invalid_plan', field: 'plan.0.id' });
  });
});

describe('a plan that fails by itself', () => {
  it('ends with the code, the text and the data that it says', async () => {
    const { bench, id } = await start(chain(step('a', work, {}), fail('quota', 'no room', { seen: ref('a') }), step('never', work, {})));
    bench.on('work', () => success({ used: 3 }));
    bench.run();
    expect(bench.view(id).error).to.deep.include({ code: 'quota', message: 'no room', data: { seen: { used: 3 } } });
    expect(steps(bench)).to.deep.equal(['a']);
    settled(bench);
  });

  it('can be caught by its code', async () => {
    const { bench, id } = await start(
      chain(attempt({ body: fail('quota', 'no room'), catch: [{ code: 'quota', do: nothing() }] }), step('after', work, {})),
    );
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
    expect(steps(bench)).to.deep.equal(['after']);
  });
});
