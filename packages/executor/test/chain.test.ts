import { expect } from 'chai';
import { chain, nothing, ref, step } from '@troupe/executor';
import { fatal, hostile, settled, start, steps, success, work } from './bench/index.ts';

describe('a chain', () => {
  for (const { name, faults } of hostile()) {
    it(`runs its steps one after the other, ${name}`, async () => {
      const { bench, id } = await start(chain(step('a', work, {}), step('b', work, {}), step('c', work, {})), faults);
      bench.run();
      expect(steps(bench)).to.deep.equal(['a', 'b', 'c']);
      expect(bench.view(id)).to.include({ status: 'ended', outcome: 'succeeded' });
      expect(bench.workers.sent).to.have.length(3);
      settled(bench);
    });
  }

  it('takes one turn per step: what folds an end sends the next task', async () => {
    const { bench } = await start(chain(...['a', 'b', 'c', 'd', 'e'].map((id) => step(id, work, {}))));
    bench.run();
    expect(bench.written.turns).to.equal(6);
    expect(bench.trace).to.deep.equal([
      'answer accepted',
      'event accepted',
      'timer timer.watchdog',
      'task regular a#1',
      'task regular b#1',
      'task regular c#1',
      'task regular d#1',
      'task regular e#1',
      'event ended',
      'answer ended',
    ]);
  });

  it('hands outputs to later steps', async () => {
    const { bench } = await start(chain(step('a', work, {}), step('b', work, { id: ref('a.volume.id'), all: ref('a') })));
    bench.on('work', (message) => success(message.step === 'a' ? { volume: { id: 'v-1' } } : null));
    bench.run();
    expect(bench.workers.sent[1]?.message.input).to.deep.equal({ id: 'v-1', all: { volume: { id: 'v-1' } } });
  });

  it('skips the rest after a failure', async () => {
    const { bench, id } = await start(chain(step('a', work, {}), step('b', work, {}), step('c', work, {})));
    bench.on('work', (message) => (message.step === 'b' ? fatal('broken') : success()));
    bench.run();
    expect(steps(bench)).to.deep.equal(['a', 'b']);
    expect(bench.view(id)).to.deep.include({ outcome: 'failed', failedStep: 'b', steps: { done: 2, total: 3 } });
    expect(bench.view(id).error).to.include({ code: 'broken' });
    settled(bench);
  });

  it('succeeds when it is empty', async () => {
    const { bench, id } = await start(chain(nothing(), chain(), nothing()));
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
    expect(bench.written.turns).to.equal(1);
  });
});
