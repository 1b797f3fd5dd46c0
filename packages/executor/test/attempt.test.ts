import { expect } from 'chai';
import { attempt, chain, group, nothing, step, throttled } from '@troupe/executor';
import { fatal, failure, hostile, look, settled, start, steps, success, work } from './bench/index.ts';

const only = (id: string): ReturnType<typeof step> => step(id, work, {});
const cleanup = (id: string): ReturnType<typeof step> => step(id, look, {});

describe('an attempt', () => {
  for (const { name, faults } of hostile()) {
    it(`runs the handler that names the code, then finally, and has succeeded, ${name}`, async () => {
      const plan = chain(
        attempt({
          body: chain(only('a'), only('b')),
          catch: [
            { code: 'other', do: cleanup('wrong') },
            { code: ['not_found', 'gone'], do: cleanup('right') },
            { code: 'any', do: cleanup('any') },
          ],
          finally: cleanup('finally'),
        }),
        only('after'),
      );
      const { bench, id } = await start(plan, faults);
      bench.on('work', (message) => (message.step === 'a' ? fatal('not_found') : success()));
      bench.run();
      expect(steps(bench)).to.deep.equal(['a', 'right', 'finally', 'after']);
      expect(bench.view(id).outcome).to.equal('succeeded');
      expect(bench.view(id).log.map((entry) => entry.error.code)).to.deep.equal(['not_found']);
      settled(bench);
    });

    it(`handles inner before outer, each once, ${name}`, async () => {
      const inner = attempt({ body: only('a'), catch: [{ code: 'unrelated', do: cleanup('no') }], finally: cleanup('inner-finally') });
      const outer = attempt({
        body: chain(inner, only('never')),
        catch: [{ code: 'any', do: cleanup('outer') }],
        finally: cleanup('outer-finally'),
      });
      const { bench, id } = await start(outer, faults);
      bench.on('work', () => fatal('broken'));
      bench.run();
      expect(steps(bench)).to.deep.equal(['a', 'inner-finally', 'outer', 'outer-finally']);
      expect(bench.view(id).outcome).to.equal('succeeded');
      settled(bench);
    });

    it(`keeps the first error when its handling fails as well, ${name}`, async () => {
      const plan = attempt({ body: only('a'), catch: [{ code: 'any', do: cleanup('repair') }], finally: only('finally') });
      const { bench, id } = await start(plan, faults);
      bench.on('work', (message) => (message.step === 'a' ? fatal('first') : success()));
      bench.on('look', () => fatal('second'));
      bench.run();
      expect(bench.view(id).error).to.include({ code: 'first' });
      expect(steps(bench)).to.deep.equal(['a', 'repair', 'finally']);
      const codes = bench.view(id).log.map((entry) => entry.error.code);
      expect(codes).to.deep.equal(['first', 'second', 'compensation_failed']);
      settled(bench);
    });
  }

  it('runs finally also after a success', async () => {
    const { bench, id } = await start(attempt({ body: only('a'), finally: cleanup('finally') }));
    bench.run();
    expect(steps(bench)).to.deep.equal(['a', 'finally']);
    expect(bench.view(id).outcome).to.equal('succeeded');
  });

  it('fails when only its finally does', async () => {
    const { bench, id } = await start(attempt({ body: only('a'), finally: cleanup('finally') }));
    bench.on('look', () => fatal('in finally'));
    bench.run();
    expect(bench.view(id).error).to.include({ code: 'in finally' });
  });

  it('lets an unknown error take no branch that names codes', async () => {
    const { bench, id } = await start(attempt({ body: only('a'), catch: [{ code: 'not_found', do: cleanup('destroy') }] }));
    bench.on('work', () => failure('network', { retryable: false }));
    bench.run();
    expect(steps(bench)).to.deep.equal(['a']);
    expect(bench.view(id).error).to.include({ code: 'network' });
  });

  it('recognises a code behind the wrapping of the step', async () => {
    const { bench, id } = await start(
      attempt({ body: step('a', work, {}, { retry: { attempts: 1 } }), catch: [{ code: 'handler_error', do: nothing() }] }),
    );
    bench.on('work', () => failure('handler_error'));
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
  });

  it('does not look behind an error that has a code of its own', async () => {
    const cause = { code: 'not_found', message: 'something else was not found' };
    const { bench, id } = await start(attempt({ body: only('a'), catch: [{ code: 'not_found', do: cleanup('destroy') }] }));
    bench.on('work', () => fatal('quota') && { kind: 'failed', error: { code: 'quota', message: 'q', retryable: false, cause } });
    bench.run();
    expect(bench.view(id).error).to.include({ code: 'quota' });
    expect(steps(bench)).to.deep.equal(['a']);
  });

  it('runs finally, and no handler, when it is cancelled', async () => {
    const plan = chain(
      attempt({ body: only('a'), catch: [{ code: 'any', do: cleanup('handler') }], finally: cleanup('finally') }),
      only('after'),
    );
    const { bench, id } = await start(plan, { rebuild: true });
    bench.on('work', () => 'lost');
    bench.run(() => bench.workers.lost.length === 1);
    bench.cancel(id);
    bench.run();
    expect(steps(bench)).to.deep.equal(['a', 'finally']);
    expect(bench.view(id).outcome).to.equal('cancelled');
    settled(bench);
  });

  it('lets a handler that has begun come to its end, and nothing after it', async () => {
    const handler = chain(cleanup('h1'), cleanup('h2'), throttled({ scope: 'p', need: { x: 1 } }, cleanup('h3')));
    const plan = chain(attempt({ body: only('a'), catch: [{ code: 'any', do: handler }], finally: cleanup('finally') }), only('after'));
    const { bench, id } = await start(plan, { rebuild: true });
    bench.on('work', () => fatal('broken'));
    bench.on('look', (message) => (message.step === 'h1' ? { outcome: success(), afterMs: 1_000 } : success()));
    bench.run(() => steps(bench).includes('h1'));
    bench.cancel(id);
    bench.run();
    expect(steps(bench)).to.deep.equal(['a', 'h1', 'h2', 'h3', 'finally']);
    expect(bench.view(id).outcome).to.equal('cancelled');
    settled(bench);
  });

  it('in a group that fails ends its finally before the group does', async () => {
    const plan = group({}, attempt({ body: step('slow', look, {}), finally: step('finally', look, {}) }), only('bad'));
    const { bench, id } = await start(plan);
    bench.on('look', (message) => (message.step === 'slow' ? 'lost' : { outcome: success(), afterMs: 5_000 }));
    bench.on('work', () => fatal('broken'));
    bench.run();
    expect(steps(bench)).to.deep.equal(['slow', 'bad', 'finally']);
    expect(bench.view(id).error).to.include({ code: 'broken' });
    settled(bench);
  });

  it('that waits for several branches joins them once, with the errors of all in the log', async () => {
    const branch = (n: number): ReturnType<typeof attempt> =>
      attempt({ body: only(`b${n}`), catch: [{ code: 'never', do: nothing() }], finally: cleanup(`f${n}`) });
    const { bench, id } = await start(
      chain(
        attempt({ body: group({ policy: 'waitAll' }, branch(1), branch(2), branch(3)), catch: [{ code: 'any', do: cleanup('repair') }] }),
        only('after'),
      ),
      { twice: true },
    );
    bench.on('work', (message) => (message.step === 'after' ? success() : fatal(`e-${message.step}`)));
    bench.run();
    expect(steps(bench).filter((one) => one === 'repair')).to.have.length(1);
    expect(bench.view(id).outcome).to.equal('succeeded');
    expect(bench.view(id).log).to.have.length(3);
    settled(bench);
  });
});
