import { attempt, chain, child, createExecutor, createPlanner, expand, group, nothing, step } from '@troupe/executor';
import { Fatal } from '@troupe/task';
import { expect } from 'chai';
import { createRepeater } from '../support/repeater.ts';
import { createStage } from '../support/stage.ts';
import { act, play, Thing } from './app.ts';

const broken = (): never => {
  throw new Fatal('it is broken', { code: 'broken' });
};

const inner = createExecutor({
  name: 'inner',
  family: 'action',
  resource: Thing,
  plan: () =>
    attempt({
      body: step('inner', act, {}),
      catch: [{ code: 'broken', do: chain(step('inner-handler', act, {}), step('worse', act, {})) }],
      finally: step('inner-finally', act, {}),
    }),
});

/** On TEST_NATS_URL. */
describe('C10 nesting', function () {
  this.timeout(30_000);

  it("C10 a child that fails is handled first, then its parent, which has the child's error for a cause", async () => {
    const { ran, appOf } = play({
      executors: [inner],
      plans: {
        outer: () =>
          attempt({
            body: chain(child('child', inner, { resource: Thing.ref('t') }), step('never', act, {})),
            catch: [{ code: 'something else', do: step('wrong-handler', act, {}) }],
            finally: step('outer-finally', act, {}),
          }),
      },
      hands: { inner: broken, worse: broken },
    });
    await using stage = await createStage(appOf);
    const ref = await stage.insert('thing', 't', {}, { state: 'OK', backendId: 'b' });
    const { outcome, error, info } = await stage.run('outer');
    expect(ran).to.deep.equal(['inner', 'inner-handler', 'worse', 'inner-finally', 'outer-finally']);
    expect({ outcome, code: error?.code, cause: error?.cause?.code }).to.deep.equal({
      outcome: 'failed',
      code: 'child_failed',
      cause: 'broken',
    });
    const [only] = await stage.childrenOf(info.id);
    expect(only!.endedAt).to.be.at.most(info.endedAt!);
    expect((await stage.row(ref))?.error).to.include({ code: 'broken' });
    await stage.expectClean();
  });

  it("C10 after a child that ended well only the parent's handling runs", async () => {
    const { ran, appOf } = play({
      executors: [inner],
      plans: {
        outer: () =>
          attempt({
            body: chain(child('child', inner, { resource: Thing.ref('t') }), step('after', act, {})),
            catch: [{ code: 'any', do: step('outer-handler', act, {}) }],
          }),
      },
      hands: { after: broken },
    });
    await using stage = await createStage(appOf);
    await stage.insert('thing', 't', {}, { state: 'OK', backendId: 'b' });
    expect(await stage.run('outer')).to.include({ outcome: 'succeeded' });
    expect(ran).to.deep.equal(['inner', 'inner-finally', 'after', 'outer-handler']);
    await stage.expectClean();
  });

  for (const policy of ['failFast', 'waitAll'] as const) {
    it(`C10 parallel branches (${policy}) are joined once and handled once, though every message comes twice and one branch fails`, async () => {
      const branches = Array.from({ length: 12 }, (_, n) => `branch-${n}`);
      const { ran, appOf } = play({
        plans: {
          parallel: () =>
            chain(
              group({}, ...branches.map((name) => step(`good-${name}`, act, {}))),
              step('joined', act, {}),
              attempt({
                body: group({ policy }, ...branches.map((name) => chain(step(name, act, {}), step(`${name}-second`, act, {})))),
                catch: [{ code: 'broken', do: step('handled', act, {}) }],
              }),
              step('after', act, {}),
            ),
        },
        hands: { 'branch-7': broken },
      });
      await using stage = await createStage(appOf);
      const mail = await createRepeater(stage.runtime, 'mail.>');
      const tasks = await createRepeater(stage.runtime, 'task.>');
      const { outcome, error, info } = await stage.run('parallel');
      expect({ outcome, error }).to.deep.equal({ outcome: 'succeeded', error: undefined });
      await stage.expectClean();
      expect(Math.min(mail.count, tasks.count)).to.be.above(24);
      const sent = stage.witness.attempts();
      for (const name of ['joined', 'handled', 'after']) {
        expect(sent.filter((id) => id.startsWith(`${info.id}:${name}:`))).to.deep.equal([`${info.id}:${name}:1`]);
      }
      expect(ran).to.include.members(['joined', 'handled', 'after']);
      const ends = stage.witness.events.filter(
        ({ topic, body }) => topic[0] === 'operation' && (body as { outcome?: string }).outcome !== undefined,
      );
      expect(ends).to.have.length(1);
    });
  }

  it('C10 the rest of a plan is skipped: nothing of it runs, and it does not count as failed', async () => {
    const { ran, appOf } = play({
      plans: {
        outer: () => chain(step('a', act, {}), step('b', act, {}), step('c', act, {}), group({}, step('d', act, {}), step('e', act, {}))),
      },
      hands: { b: broken },
    });
    await using stage = await createStage(appOf);
    const { outcome, info } = await stage.run('outer');
    expect({ outcome, ran, failed: info.failedStep, logged: info.log.length }).to.deep.equal({
      outcome: 'failed',
      ran: ['a', 'b'],
      failed: 'b',
      logged: 1,
    });
    await stage.expectClean();
  });

  it('C10 empty plans, groups, branches and expansions succeed', async () => {
    const none = createPlanner({ name: 'none', plan: () => nothing() });
    const { ran, appOf } = play({
      plans: {
        nothing,
        group: () => group({}),
        expansion: () => expand('more', none),
        all: () =>
          chain(
            group({ policy: 'waitAll' }),
            attempt({ body: nothing(), finally: nothing() }),
            expand('more', none),
            group({}, chain(), chain()),
          ),
      },
      app: { planners: [none] },
    });
    await using stage = await createStage(appOf);
    for (const name of ['nothing', 'group', 'expansion', 'all']) {
      const { outcome, error } = await stage.run(name);
      expect({ name, outcome, error }).to.deep.equal({ name, outcome: 'succeeded', error: undefined });
    }
    expect(ran).to.deep.equal([]);
    await stage.expectClean();
  });
});
