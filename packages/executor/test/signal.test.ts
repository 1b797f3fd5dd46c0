import { expect } from 'chai';
import { chain, group, ref, step, wait } from '@troupe/executor';
import { type Bench, hostile, settled, start, steps, work } from './bench/index.ts';

const approval = wait('approval', { signal: 'approved', deadline: '1h' });
const signal = (bench: Bench, key: string, body: object): void => bench.mail(key, 'verb.signal', body, 'verb');

describe('a wait for a signal', () => {
  for (const { name, faults } of hostile(3)) {
    it(`goes on with the data of the signal, ${name}`, async () => {
      const { bench, id } = await start(chain(approval, step('after', work, { by: ref('approval.by') })), faults);
      bench.run(() => bench.seen(id)?.current[0]?.name === 'approval');
      signal(bench, id, { name: 'approved', data: { by: 'ann' } });
      bench.run();
      expect(bench.workers.sent[0]?.message.input).to.deep.equal({ by: 'ann' });
      expect(bench.view(id).outcome).to.equal('succeeded');
      settled(bench);
    });

    it(`hears one that came before it waited, the last of its name, ${name}`, async () => {
      const { bench, id } = await start(chain(step('first', work, {}), approval, step('after', work, ref('approval'))), faults);
      bench.on('work', ({ step: of }) => ({ outcome: { kind: 'succeeded', output: null }, afterMs: of === 'first' ? 1_000 : 0 }));
      bench.run(() => steps(bench).includes('first'));
      signal(bench, id, { name: 'approved', data: 1 });
      bench.run(() => bench.seen(id) !== undefined && bench.root(id).progress.verbs?.length === 1);
      signal(bench, id, { name: 'approved', data: 2 });
      bench.run();
      expect(bench.workers.sent.find(({ message }) => message.step === 'after')?.message.input).to.equal(2);
      settled(bench);
    });

    it(`needs a signal of its own each time: the same one again is no second, ${name}`, async () => {
      const again = wait('again', { signal: 'approved', deadline: '1h' });
      const { bench, id } = await start(chain(approval, again), faults);
      bench.run(() => bench.seen(id) !== undefined);
      signal(bench, id, { name: 'approved' });
      bench.run();
      expect(bench.view(id).error).to.deep.include({ code: 'deadline_exceeded' });
      expect(bench.view(id).failedStep).to.equal('again');
      settled(bench);
    });
  }

  it('ends all waits of its name, and no other', async () => {
    const { bench, id } = await start(
      group({}, approval, wait('too', { signal: 'approved', deadline: '1h' }), wait('other', { signal: 'other', deadline: '1h' })),
    );
    bench.run(() => bench.seen(id)?.current.length === 3);
    signal(bench, id, { name: 'approved' });
    bench.run(() => bench.seen(id)?.current.length === 1);
    expect(bench.view(id).current[0]?.name).to.equal('other');
    signal(bench, id, { name: 'other' });
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
  });

  it('is not kept without end, nor at any size, and the log says so', async () => {
    const { bench, id } = await start(approval);
    bench.run(() => bench.seen(id)?.current.length === 1);
    signal(bench, id, { name: 'large', data: 'x'.repeat(20_000) });
    signal(bench, id, { name: 'x'.repeat(65) });
    for (let i = 0; i < 40; i++) signal(bench, id, { name: `s${i}` });
    signal(bench, id, { name: 'approved' });
    bench.run();
    const codes = bench.view(id).log.map(({ error }) => error.code);
    expect(codes.slice(0, 2)).to.deep.equal(['invalid_input', 'invalid_input']);
    expect(codes).to.include('overloaded');
    expect(bench.view(id).outcome).to.equal('succeeded');
    settled(bench);
  });

  it('can be cancelled', async () => {
    const { bench, id } = await start(approval);
    bench.run(() => bench.seen(id)?.current.length === 1);
    bench.cancel(id);
    bench.run();
    expect(bench.view(id).outcome).to.equal('cancelled');
    settled(bench);
  });
});
