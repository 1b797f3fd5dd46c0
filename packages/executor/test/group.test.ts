import { expect } from 'chai';
import { attempt, chain, group, nothing, poll, ref, step, throttled } from '@troupe/executor';
import { fatal, failure, hostile, look, ROOT_LIMIT_BYTES, settled, start, steps, success, work } from './bench/index.ts';

const members = (n: number): ReturnType<typeof step>[] => Array.from({ length: n }, (_, i) => step(`m${i}`, work, { i }));

describe('a group', () => {
  for (const { name, faults } of hostile()) {
    it(`starts its members together and goes on once, when all have ended, ${name}`, async () => {
      const { bench, id } = await start(chain(group({}, ...members(10)), step('after', look, {})), faults);
      bench.run();
      expect(steps(bench).slice(0, 10)).to.have.members(members(10).map((m) => m.id));
      expect(steps(bench).at(-1)).to.equal('after');
      expect(bench.workers.sent.filter(({ message }) => message.step === 'after')).to.have.length(1);
      expect(bench.view(id)).to.deep.include({ outcome: 'succeeded', steps: { done: 11, total: 11 } });
      settled(bench);
    });

    it(`stops the others at the first failure, ${name}`, async () => {
      const { bench, id } = await start(
        chain(
          group(
            { policy: 'failFast' },
            step('bad', work, {}),
            step('slow', look, {}),
            chain(step('long', look, {}), step('never', look, {})),
          ),
          step('after', look, {}),
        ),
        faults,
      );
      bench.on('work', () => ({ outcome: fatal('broken'), afterMs: 10 }));
      bench.on('look', () => 'lost');
      bench.run();
      expect(bench.view(id).error).to.include({ code: 'broken' });
      expect(bench.view(id).outcome).to.equal('failed');
      expect(steps(bench)).not.to.include.members(['never']);
      expect(steps(bench)).not.to.include.members(['after']);
      expect(bench.signals).to.deep.include({ cancel: `${id}:slow:1` });
      settled(bench);
    });

    it(`lets the others end if told to, and fails with the first error, ${name}`, async () => {
      const { bench, id } = await start(
        group({ policy: 'waitAll' }, step('late', work, {}), step('early', work, {}), chain(step('x', look, {}), step('y', look, {}))),
        faults,
      );
      bench.on('work', (message) => ({
        outcome: fatal(message.step === 'early' ? 'first' : 'second'),
        afterMs: message.step === 'early' ? 10 : 50,
      }));
      bench.on('look', () => ({ outcome: success(), afterMs: 30 }));
      bench.run();
      expect(bench.view(id).error).to.include({ code: 'first' });
      expect(steps(bench)).to.include.members(['x', 'y']);
      expect(bench.view(id).steps).to.deep.equal({ done: 4, total: 4 });
      settled(bench);
    });
  }

  it('succeeds when it is empty, or all of its members are', async () => {
    const { bench, id } = await start(chain(group({}), group({ window: 2 }, nothing(), nothing(), nothing(), group({}))));
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
  });

  it('keeps no more than its window under way', async () => {
    const { bench } = await start(group({ window: 3 }, ...members(20)));
    let running = 0;
    let most = 0;
    bench.on('work', () => {
      running++;
      most = Math.max(most, running);
      running--;
      return { outcome: success(), afterMs: 1_000 };
    });
    bench.run(() => {
      const active = Object.values(bench.entities.get('op-1')?.root === undefined ? {} : (bench.root('op-1').active ?? {})).filter(
        (state) => state.k === 'step',
      ).length;
      most = Math.max(most, active);
      return false;
    });
    expect(most).to.equal(3);
    expect(bench.workers.sent).to.have.length(20);
    settled(bench);
  });

  it('does not let a member see the output of one beside it', async () => {
    const { bench, id } = await start(group({}, step('a', work, {}), step('b', work, { x: ref('a') })));
    bench.run();
    expect(bench.view(id).error).to.deep.include({ code: 'invalid_plan', field: 'plan.0.1.input.x' });
  });

  it('within a group stops with the outer one', async () => {
    const inner = group({ policy: 'waitAll' }, step('i1', look, {}), step('i2', look, {}), step('i3', look, {}));
    const { bench, id } = await start(group({}, inner, step('bad', work, {})), { rebuild: true });
    bench.on('look', () => 'lost');
    bench.on('work', () => fatal('broken'));
    bench.run();
    expect(bench.view(id).error).to.include({ code: 'broken' });
    expect(bench.signals).to.have.length(3);
    settled(bench);
  });

  it('whose member was handled goes on', async () => {
    const handled = attempt({ body: step('bad', work, {}), catch: [{ code: 'broken', do: nothing() }] });
    const { bench, id } = await start(group({}, handled, step('good', look, {})));
    bench.on('work', () => fatal('broken'));
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
  });
});

describe('a group of 2,000 members', () => {
  for (const rebuild of [false, true]) {
    it(`keeps the root small and the bytes linear${rebuild ? ', rebuilt every 50 messages' : ''}`, async () => {
      const bytes = async (n: number): Promise<number> => {
        const { bench, id } = await start(group({ window: 500 }, ...members(n)));
        let count = 0;
        bench.run(() => {
          if (rebuild && ++count % 50 === 0) for (const one of bench.entities.values()) one.state = undefined;
          return false;
        });
        expect(bench.view(id)).to.deep.include({ outcome: 'succeeded', steps: { done: n, total: n } });
        expect(bench.workers.sent).to.have.length(n);
        expect(bench.written.largest).to.be.lessThan(ROOT_LIMIT_BYTES);
        settled(bench);
        return bench.written.bytes;
      };
      const n = rebuild ? 1_000 : 2_000;
      const half = await bytes(n / 2);
      const full = await bytes(n);
      // full windows cost most; twice the members may not cost more than that
      expect(full / half).to.be.within(1.5, 3);
    }).timeout(60_000);
  }

  it('starts them in several turns, so that no turn has effects without bound', async () => {
    const { bench } = await start(
      group({ window: 500 }, ...Array.from({ length: 500 }, (_, i) => step(`m${i}`, work, { text: 'x'.repeat(1_000) }))),
    );
    bench.on('work', () => 'lost');
    bench.step();
    expect(bench.workers.sent.length).to.be.within(10, 40);
    bench.run();
    // the window is what has room in the root, whatever was asked for
    expect(bench.workers.sent.length).to.be.within(250, 500);
  });

  it('keeps the root small also when all of them are retried, polled or throttled', async () => {
    const member = (i: number): ReturnType<typeof chain> =>
      chain(
        throttled(
          { scope: `p/${'t'.repeat(40)}`, need: { volume: 1 } },
          step(`s${i}`, work, {}),
          poll(`p${i}`, look, { until: { done: true } }),
        ),
      );
    const { bench, id } = await start(group({ window: 500 }, ...Array.from({ length: 300 }, (_, i) => member(i))));
    bench.on('work', (message) => (message.attempt < 5 ? failure('flaky') : success()));
    bench.on('look', (message) =>
      success({ done: message.attempt > 2, runtimeState: 'a state with a rather long name of about sixty characters' }),
    );
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
    expect(bench.written.largest).to.be.lessThan(ROOT_LIMIT_BYTES);
    settled(bench);
  }).timeout(60_000);
});
