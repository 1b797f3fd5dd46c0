import { chain, child, createExecutor, createPlanner, expand, group, outputOf, type PlanNode, poll, ref, step } from '@troupe/executor';
import { isTroupeError } from '@troupe/protocol';
import { defineKind } from '@troupe/resource';
import { type App, defineApp, startSupervisor, startWorker } from '@troupe/runtime';
import { defineTask, handle } from '@troupe/task';
import { expect } from 'chai';
import { z } from 'zod';
import { createStage } from '../support/stage.ts';
import { act, play, Thing } from './app.ts';

/** Code and field of what is refused. */
async function refusal(make: () => unknown): Promise<string> {
  try {
    await make();
    return 'taken';
  } catch (error) {
    return isTroupeError(error) ? `${error.code} ${error.field}` : String(error);
  }
}

const one = (name = 'one', plan: () => PlanNode = () => step('a', act, {})) => createExecutor({ name, family: 'free', plan });
const app = (more: object): App =>
  defineApp({ name: 'x', executors: [one()], tasks: [act], handlers: () => [handle(act, () => null)], ...more });
const twice = <T>(make: () => T): T[] => [make(), make()];

const whenDefined: readonly (readonly [string, () => unknown, string])[] = [
  [
    'a retry option of another library',
    () => defineTask({ name: 't', idempotent: 'yes', retry: { max_retries: 3 } as never }),
    'invalid_options retry.max_retries',
  ],
  ['an option of a task', () => defineTask({ name: 't', idempotent: 'yes', delay: 3 } as never), 'invalid_options delay'],
  ['a task that does not say how it is repeated', () => defineTask({ name: 't' } as never), 'invalid_options idempotent'],
  ['a class that is none', () => defineTask({ name: 't', idempotent: 'yes', class: 'fast' as never }), 'invalid_options class'],
  [
    'a hook that nobody calls',
    () => handle(act, { run: () => null, befor: () => undefined } as never),
    'invalid_options handler of act.befor',
  ],
  [
    'an option of an executor',
    () => createExecutor({ name: 'e', family: 'free', plan: () => step('a', act, {}), retries: 3 } as never),
    'invalid_options retries',
  ],
  [
    'a family that is none',
    () => createExecutor({ name: 'e', family: 'change' as never, plan: () => step('a', act, {}) }),
    'invalid_options family',
  ],
  [
    'the class of an executor',
    () => createExecutor({ name: 'e', family: 'free', class: 'fast' as never, plan: () => step('a', act, {}) }),
    'invalid_options class',
  ],
  [
    'a guard for a word that the backend never says',
    () =>
      createExecutor({ name: 'e', family: 'action', resource: Thing, guard: { runtimeStates: ['READY'] }, plan: () => step('a', act, {}) }),
    'invalid_options guard.runtimeStates',
  ],
  ['a setting of an app', () => app({ limit: 4 }), 'invalid_options limit'],
  ['two executors of one name', () => app({ executors: twice(one) }), 'duplicate_name one'],
  ['two tasks of one name', () => app({ tasks: twice(() => defineTask({ name: 't', idempotent: 'yes' })) }), 'duplicate_name t'],
  ['two planners of one name', () => app({ planners: twice(() => createPlanner({ name: 'p', plan: () => chain() })) }), 'duplicate_name p'],
];

const unlike = defineTask({ name: 'stranger', idempotent: 'yes' });
const puts = defineTask({ name: 'puts', output: z.object({ id: z.string().optional() }), idempotent: 'yes' });

/** What is wrong with a plan: nothing of it runs. */
const whenPlanned: readonly (readonly [string, () => PlanNode, string])[] = [
  ['an option of a step', () => chain(step('a', act, {}), step('b', act, {}, { delay: '3s' } as never)), 'invalid_plan plan.0.1.delay'],
  ['an option of a poll', () => poll('a', act, { until: { done: true }, interval: '3s' } as never), 'invalid_plan plan.0.interval'],
  ['a class lower than heavy', () => step('a', act, {}, { class: 'regular' as never }), 'invalid_plan plan.0.class'],
  ['a task that nobody has registered', () => step('a', 'nobody', {}), 'unknown_task plan.0.task'],
  ['an executor that nobody has registered', () => child('a', 'nobody'), 'unknown_executor plan.0.executor'],
  ['a planner that nobody has registered', () => expand('a', 'nobody'), 'invalid_plan plan.0.planner'],
  ['two nodes of one id', () => chain(step('a', act, {}), step('a', act, {})), 'invalid_plan plan.0.1.id'],
  ['an output that nobody puts out', () => chain(step('a', act, {}), step('b', act, { x: ref('c.id') })), 'invalid_plan plan.0.1.input.x'],
  ['an output of a step beside it', () => group({}, step('a', act, {}), step('b', act, { x: ref('a') })), 'invalid_plan plan.0.1.input.x'],
  ['an input that no message carries', () => step('a', act, { text: 'x'.repeat(200_000) }), 'invalid_plan plan.0.input'],
  ['a transition that is none', () => step('a', act, {}, { transition: 'finish' as never }), 'invalid_plan plan.0'],
  ['a secret', () => step('a', act, { user: { password: 'geheim' } }), 'invalid_plan plan.0.input.user.password'],
];

/** On TEST_NATS_URL. */
describe('C13 strictness', function () {
  this.timeout(30_000);

  for (const [what, make, wanted] of whenDefined) {
    it(`C13 ${what} is refused when it is defined`, async () => expect(await refusal(make)).to.equal(wanted));
  }

  it('C13 wrong settings, and what has one name twice, are refused when a role starts', async () => {
    await using stage = await createStage(play({}).appOf);
    const { runtime } = stage;
    const same = twice(() => handle(act, () => null));
    expect(await refusal(() => startWorker(runtime, app({ handlers: () => same })))).to.equal('duplicate_name act');
    expect(await refusal(() => startWorker(runtime, app({ slots: { total: 2, regular: { floor: 5, ceiling: 5 } } })))).to.match(
      /^invalid_options slots/,
    );
    expect(await refusal(() => startWorker(runtime, app({ slots: { regulr: { floor: 1, ceiling: 1 } } })))).to.match(
      /^invalid_options slots/,
    );
    const kinds = twice(() => defineKind({ kind: 'k' }));
    expect(await refusal(() => startSupervisor(runtime, app({ kinds })))).to.equal('duplicate_name k');
    expect(await refusal(() => startSupervisor(runtime, app({ highWater: { task: { stop: 1, go: 1 } } })))).to.match(
      /^invalid_options highWater/,
    );
  });

  it('C13 a plan with a mistake is refused with its place, and nothing of it runs', async () => {
    const plans = Object.fromEntries(whenPlanned.map(([what, plan]) => [what, plan]));
    const { ran, appOf } = play({ plans });
    await using stage = await createStage(appOf);
    const found: string[] = [];
    for (const [what] of whenPlanned) {
      const { outcome, error } = await stage.run(what);
      found.push(`${what}: ${outcome} ${error?.code} ${error?.field}`);
    }
    expect(found).to.deep.equal(whenPlanned.map(([what, , wanted]) => `${what}: failed ${wanted}`));
    expect(ran).to.deep.equal([]);
    await stage.expectClean();
  });

  it('C13 a command with a mistake is refused at the door, with the field', async () => {
    const strict = createExecutor({
      name: 'strict',
      family: 'free',
      input: z.strictObject({ size: z.number() }),
      plan: () => step('a', act, {}),
    });
    const open = createExecutor({ name: 'open', family: 'free', input: z.any(), plan: () => step('a', act, {}) });
    const { ran, appOf } = play({ executors: [strict, open] });
    await using stage = await createStage(appOf);
    const refused = async (request: object): Promise<string> => {
      try {
        const { answer } = await stage.client.execute(request as never);
        return answer.answer === 'rejected' ? `${answer.error.code} ${answer.error.field}` : answer.answer;
      } catch (error) {
        return isTroupeError(error) ? `${error.code} ${error.field}` : String(error);
      }
    };
    expect([
      await refused({ executor: 'nobody' }),
      await refused({ executor: 'strict', input: { size: 'big' } }),
      await refused({ executor: 'strict', input: { size: 1, colour: 'red' } }),
      await refused({ executor: 'strict' }),
      await refused({ executor: 'strict', input: { size: 1 }, options: { forse: true } }),
      await refused({ executor: 'strict', input: { size: 1 }, options: { class: 'fast' } }),
      await refused({ executor: 'open', input: { login: { password: 'geheim' } } }),
    ]).to.deep.equal([
      'unknown_executor executor',
      'invalid_input input.size',
      'invalid_input input',
      'invalid_input input',
      'invalid_options options.forse',
      'invalid_options options.class',
      'invalid_input input.login.password',
    ]);
    expect(ran).to.deep.equal([]);
    await stage.expectClean();
  });

  it('C13 a missing or oversized output, and a secret in one, fail the step that meets them, by name, once', async () => {
    const first = step('first', puts, {});
    const { ran, appOf } = play({
      plans: {
        missing: () => chain(first, step('needs', act, { id: outputOf(first).id })),
        oversized: () => step('large', act, {}),
        secret: () => chain(step('knows', act, {}), step('tells', act, { password: ref('knows.word') })),
      },
      hands: { large: () => 'x'.repeat(300_000), knows: () => ({ word: 'geheim' }) },
      app: {
        tasks: [act, puts],
        handlers: () => [
          handle(puts, () => ({})),
          handle(act, (_input, { step: name }) => {
            ran.push(name!);
            return name === 'large' ? 'x'.repeat(300_000) : { word: 'geheim' };
          }),
        ],
      },
    });
    await using stage = await createStage(appOf);
    const ends: Record<string, string> = {};
    for (const name of ['missing', 'oversized', 'secret']) {
      const { outcome, error, info } = await stage.run(name);
      ends[name] = `${outcome} ${error?.code} ${info.failedStep}`;
    }
    expect(ends).to.deep.equal({
      missing: 'failed missing_output needs',
      oversized: 'failed output_too_large large',
      secret: 'failed invalid_input tells',
    });
    expect(ran).to.deep.equal(['large', 'knows']);
    expect(stage.witness.messages.filter(({ subject, body }) => subject.includes('.task.') && body.includes('geheim'))).to.deep.equal([]);
    await stage.expectClean();
  });

  it('C13 a task that no worker knows fails nobody, is told, and burns no attempt', async () => {
    const { appOf } = play({
      plans: { strange: () => step('a', unlike, {}), well: () => step('b', act, {}) },
      app: { tasks: [act, unlike] },
    });
    await using stage = await createStage(appOf);
    const strange = await stage.client.execute({ executor: 'strange' });
    expect(await stage.run('well')).to.include({ outcome: 'succeeded' });
    expect(stage.told.map(({ type }) => type)).to.include('unknownTask');
    const info = await stage.client.operation(strange.id);
    expect({ status: info?.status, attempt: info?.current[0]?.attempt }).to.deep.equal({ status: 'running', attempt: 1 });
    await stage.client.cancel(strange.id);
    expect(await strange.ended()).to.include({ outcome: 'cancelled' });
  });

  for (const { when, shut } of [
    { when: 'closed before it is sent', shut: 'before' },
    { when: 'closed between its sending and its receipt', shut: 'between' },
  ]) {
    it(`C13 a task whose gate is ${when} is not run, and recorded as skipped`, async () => {
      const gated = defineTask({ name: 'gated', idempotent: 'yes', gate: 'billing' });
      const ran: string[] = [];
      let isOpen = shut !== 'before';
      const { appOf } = play({
        plans: { bill: () => chain(step('a', act, {}), step('bill', gated, {}), step('c', act, {})) },
        app: {
          tasks: [act, gated],
          isOpen: (gate) => gate !== 'billing' || isOpen,
          handlers: () => [
            handle(act, (_input, { step: name }) => (ran.push(name!), null)),
            handle(gated, () => (ran.push('billed'), null)),
          ],
        },
      });
      await using stage = await createStage(appOf);
      // the message is on its way while the gate falls: what the worker is told first is that it came
      stage.runtime.nc.subscribe(`${stage.runtime.subjects.ns}.task.*.*.gated`, { callback: () => void (isOpen = false) });
      await stage.runtime.nc.flush();
      const { outcome, error, info } = await stage.run('bill');
      expect({ outcome, error, log: info.log }).to.deep.equal({ outcome: 'succeeded', error: undefined, log: [] });
      expect(ran).to.deep.equal(['a', 'c']);
      expect(stage.witness.tasks().includes('gated')).to.equal(shut === 'between');
      const skipped = stage.witness.events.filter(({ topic }) => topic.at(-1) === 'skipped').map(({ body }) => body);
      expect(skipped).to.deep.equal([{ step: 'bill', reason: 'disabled' }]);
      await stage.expectClean();
    });
  }
});
