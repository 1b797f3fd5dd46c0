import { expect } from 'chai';
import { chain, poll, ref, step } from '@troupe/executor';
import { failure, hostile, settled, start, steps, task, tasks, work } from './bench/index.ts';

const picky = task('picky');
const plan = chain(
  step('a', work, {}),
  step('b', picky, {}),
  poll('c', picky, { until: { done: true } }),
  step('d', work, { from: ref('b') }),
);

describe('S23 a step that declines its resource', () => {
  for (const { name, faults } of hostile()) {
    it(`is passed over, which is recorded with what its handler said, ${name}`, async () => {
      const { bench, id } = await start(plan, { tasks: [work, picky], ...faults });
      bench.on('picky', () => failure('declined', { message: 'not a volume of this cloud', retryable: false }));
      bench.run();
      expect(bench.view(id)).to.include({ outcome: 'succeeded' });
      expect(steps(bench)).to.deep.equal(['a', 'b', 'c', 'd']);
      const skipped = bench.events.filter(({ topic }) => topic.at(-1) === 'skipped').map(({ body }) => body);
      expect(skipped).to.deep.equal(['b', 'c'].map((of) => ({ step: of, reason: 'declined', message: 'not a volume of this cloud' })));
      expect(bench.view(id).log.map(({ step: of, error }) => [of, error.code])).to.deep.equal([
        ['b', 'declined'],
        ['c', 'declined'],
      ]);
      expect(bench.workers.sent.find(({ message }) => message.step === 'd')?.message.input).to.deep.equal({ from: null });
      settled(bench);
    });
  }
});

describe('S31 the text of a handler for users', () => {
  const userMessage = 'Your quota of volumes is used up.';

  it('comes with the error of the operation, beside the text for operators, and with the fields of where it was', async () => {
    const { bench, id } = await start(step('a', work, {}, { retry: { attempts: 1 } }), { tasks });
    bench.on('work', () => failure('handler_error', { message: 'ORA-00060', userMessage }));
    bench.run();
    expect(bench.view(id).error).to.deep.include({ code: 'step_failed', userMessage, where: { step: 'a', task: 'work' } });
    expect(bench.view(id).error?.message).to.contain('ORA-00060').and.not.contain('quota');
  });

  it('may stand beside the error, as a worker in another language puts it', async () => {
    const { bench, id } = await start(step('a', work, {}), { tasks });
    bench.on('work', () => ({ kind: 'failed', error: { code: 'quota', message: 'no', retryable: false }, userMessage }));
    bench.run();
    expect(bench.view(id).error).to.deep.include({ code: 'quota', userMessage });
  });

  it('is not there if nobody said one', async () => {
    const { bench, id } = await start(step('a', work, {}), { tasks });
    bench.on('work', () => failure('quota', { retryable: false }));
    bench.run();
    expect(bench.view(id).error).to.not.have.property('userMessage');
  });
});
