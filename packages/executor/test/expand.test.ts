import { expect } from 'chai';
import {
  chain,
  createExecutor,
  createPlanner,
  expand,
  giveBack,
  group,
  nothing,
  type Planner,
  ref,
  step,
  throttled,
  undoable,
} from '@troupe/executor';
import { isTroupeError } from '@troupe/protocol';
import { z } from 'zod';
import { createBench, fatal, hostile, look, settled, start, steps, success, tasks, Volume, work } from './bench/index.ts';

/** A step for every id that `list` has put out. */
const perId = createPlanner({
  name: 'per-id',
  plan: ({ output }) => ({
    plan: group({}, ...(output('list') as string[]).map((id) => step(id, work, { id, of: ref('list.0') }))),
    output: { first: ref('a') },
  }),
});
const planners = [perId];
const listed = chain(step('list', look, {}), expand('each', perId), step('after', work, { got: ref('each.first') }));

describe('an expansion', () => {
  for (const { name, faults } of hostile(4)) {
    it(`is made of the outputs of the moment, and puts out what its planner says, ${name}`, async () => {
      const { bench, id } = await start(listed, { planners, ...faults });
      bench.on('look', () => success(['a', 'b']));
      bench.on('work', ({ input }) => success((input as { id?: string }).id ?? null));
      bench.run();
      expect(bench.view(id)).to.deep.include({ outcome: 'succeeded', steps: { done: 4, total: 4 } });
      expect(steps(bench)).to.have.members(['list', 'each/a', 'each/b', 'after']);
      const input = (of: string): unknown => bench.workers.sent.find(({ message }) => message.step === of)?.message.input;
      expect(input('each/b')).to.deep.equal({ id: 'b', of: 'a' });
      expect(input('after')).to.deep.equal({ got: 'a' });
      settled(bench);
    });

    it(`sees the resource as earlier steps have left it, ${name}`, async () => {
      const seen: string[] = [];
      const planner = createPlanner({
        name: 'see',
        plan: ({ resource, resources }) => {
          seen.push(`${resource?.state} ${resource?.runtimeState} ${resources.length}`);
          return step('inner', work, {});
        },
      });
      const executor = createExecutor({
        name: 'test',
        family: 'update',
        resource: Volume,
        resources: () => [{ kind: 'volume', id: 'v2' }],
        plan: () => chain(step('first', work, {}, { runtimeState: { success: 'in-use' } }), expand('see', planner)),
      });
      const bench = createBench({ tasks, executors: [executor], planners: [planner], ...faults });
      for (const id of ['v1', 'v2']) bench.store.put('volume', id, { state: 'OK', runtimeState: 'available' });
      const id = await bench.command('test', { resource: { kind: 'volume', id: 'v1' } });
      bench.run();
      expect(bench.view(id).outcome).to.equal('succeeded');
      expect(new Set(seen)).to.deep.equal(new Set(['UPDATING in-use 2']));
      settled(bench);
    });
  }

  it('is stored: its planner is not asked again, and its nodes go on although it is gone', async () => {
    let asked = 0;
    const planner = createPlanner({ name: 'once', plan: () => (asked++, chain(step('x', work, {}), step('y', work, {}))) });
    const { bench, id } = await start(expand('part', planner), { planners: [planner], rebuild: true });
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
    expect(asked).to.equal(1);
  });

  it('does not grow the root with what was made', async () => {
    const many = createPlanner({
      name: 'many',
      plan: () => chain(...Array.from({ length: 200 }, (_, i) => step(`s${i}`, work, { text: 'x'.repeat(200) }))),
    });
    const { bench, id } = await start(expand('part', many), { planners: [many], rebuild: true });
    bench.run();
    expect(bench.view(id).steps).to.deep.equal({ done: 200, total: 200 });
    expect(bench.written.largest).to.be.below(6_000);
    settled(bench);
  });

  it('may hold another one, whose names are its own', async () => {
    const inner = createPlanner({ name: 'inner', plan: () => ({ plan: step('s', work, ref('s')), output: ref('s') }) });
    const outer = createPlanner({
      name: 'outer',
      plan: () => ({ plan: chain(step('s', work, 'outer'), expand('in', inner)), output: ref('in') }),
    });
    const { bench, id } = await start(chain(step('s', work, 'top'), expand('out', outer), step('after', work, ref('out'))), {
      planners: [inner, outer],
      rebuild: true,
    });
    bench.on('work', ({ input, step: of }) => success(`${of}(${String(input)})`));
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
    expect(bench.workers.sent.at(-1)?.message.input).to.equal('out/in/s(out/s(outer))');
    settled(bench);
  });

  it('knows the leases around it: a part can be given back, and what is nested is checked', async () => {
    const planner = createPlanner({
      name: 'p',
      plan: () => chain(giveBack({ x: 1 }), throttled({ scope: 'p', need: { x: 1 } }, step('a', work, {}))),
    });
    const greedy = createPlanner({ name: 'g', plan: () => throttled({ scope: 'p', need: { x: 3 } }, step('b', work, {})) });
    const around = (what: Planner) => throttled({ scope: 'p', need: { x: 2 } }, expand('part', what));
    const good = await start(around(planner), { planners: [planner], limits: { p: { x: 2 } } });
    good.bench.run();
    expect(good.bench.view(good.id).outcome).to.equal('succeeded');
    settled(good.bench);
    const bad = await start(around(greedy), { planners: [greedy], limits: { p: { x: 2 } } });
    bad.bench.run();
    expect(bad.bench.view(bad.id).error).to.include({ code: 'nested_need' });
    settled(bad.bench);
  });

  it('can be taken back and cancelled like anything else', async () => {
    const planner = createPlanner({
      name: 'p',
      plan: () => chain(undoable(step('a', work, {}), step('un-a', work, {})), step('long', look, {})),
    });
    const { bench, id } = await start(expand('part', planner), { planners: [planner], rebuild: true });
    bench.on('look', () => 'lost');
    bench.run(() => steps(bench).includes('part/long'));
    bench.cancel(id);
    bench.run();
    expect(bench.view(id).outcome).to.equal('cancelled');
    expect(steps(bench).at(-1)).to.equal('part/un-a');
    settled(bench);
  });

  it('may be empty', async () => {
    const none = createPlanner({ name: 'none', plan: () => nothing() });
    const { bench, id } = await start(expand('part', none), { planners: [none] });
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
  });

  describe('fails', () => {
    const failing = async (planner: Planner, input?: unknown) => {
      const { bench, id } = await start(expand('part', planner, { input }), { planners: [planner] });
      bench.run();
      settled(bench);
      return bench.view(id);
    };

    it('with what its planner throws', async () => {
      const view = await failing(
        createPlanner({
          name: 'p',
          plan: () => {
            throw new Error('no idea');
          },
        }),
      );
      expect(view.error).to.include({ code: 'plan_failed', message: 'the planner p threw: no idea' });
      expect(view.failedStep).to.equal('part');
    });

    it('with the place of what is wrong with the plan', async () => {
      const view = await failing(createPlanner({ name: 'p', plan: () => chain(step('a', 'nobody')) }));
      expect(view.error).to.include({ code: 'unknown_task', field: 'plan.0.0.0.task' });
    });

    it('with the field of an input that does not fit', async () => {
      const planner = createPlanner({ name: 'p', input: z.object({ size: z.number() }), plan: ({ input }) => step('a', work, input) });
      expect((await failing(planner, { size: 'big' })).error).to.include({ code: 'invalid_input', field: 'part.input.size' });
    });

    it('if a step of it does', async () => {
      const planner = createPlanner({ name: 'p', plan: () => step('a', work, {}) });
      const { bench, id } = await start(expand('part', planner), { planners: [planner] });
      bench.on('work', () => fatal('broken'));
      bench.run();
      expect(bench.view(id)).to.include({ outcome: 'failed', failedStep: 'part/a' });
    });
  });

  it('is refused with its place if nobody knows the planner when the plan is made', async () => {
    const { bench, id } = await start(chain(expand('part', 'nobody')));
    bench.run();
    expect(bench.view(id).error).to.include({ code: 'invalid_plan', field: 'plan.0.0.planner' });
  });

  it('is parked while the planner is gone, says so, and goes on when it is back, whatever the deadline was', async () => {
    const { bench, id } = await start(listed, { planners, executor: { deadline: '1m' } });
    bench.on('look', () => success(['a']));
    bench.run(() => bench.seen(id) !== undefined);
    bench.deploy({ planners: [] });
    bench.run(() => bench.now > Date.parse('2030-01-01T02:00:00Z'));
    expect(bench.view(id).current[0]).to.include({ name: 'each', phase: 'parked' });
    expect(bench.events.filter(({ topic }) => topic.at(-1) === 'parked')).to.have.length(1);
    bench.deploy({ planners });
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
    settled(bench);
  });
});

describe('a planner is refused', () => {
  const refusal = (options: object): unknown => {
    try {
      createPlanner(options as never);
    } catch (thrown) {
      return isTroupeError(thrown) ? `${thrown.code} ${thrown.field}` : thrown;
    }
    return 'taken';
  };
  for (const [what, options, says] of [
    ['without a name', { plan: () => nothing() }, 'invalid_options name'],
    ['without a function', { name: 'p' }, 'invalid_options plan'],
    ['with an input that is no schema', { name: 'p', plan: () => nothing(), input: {} }, 'invalid_options input'],
    ['with an option that nobody reads', { name: 'p', plan: () => nothing(), resource: 1 }, 'invalid_options resource'],
  ] as const) {
    it(what, () => expect(refusal(options)).to.equal(says));
  }
});
