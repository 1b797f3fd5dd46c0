import { expect } from 'chai';
import {
  attempt,
  chain,
  child,
  compilePlan,
  type CompileSettings,
  giveBack,
  group,
  nothing,
  type PlanNode,
  poll,
  ref,
  step,
  throttled,
  transition,
  wait,
} from '@troupe/executor';
import { isTroupeError } from '@troupe/protocol';
import { big, look, once, task, Volume, work } from './bench/index.ts';

const v1 = { kind: 'volume', id: 'v1' };
const owned: CompileSettings = {
  resources: [v1, { kind: 'server', id: 's1' }, { kind: 'server', id: 's2' }],
  kinds: new Map([['volume', Volume]]),
};

function refusal(plan: unknown, settings: CompileSettings = owned): { code: string; field: string | undefined } {
  try {
    compilePlan(plan as PlanNode, settings);
  } catch (thrown) {
    if (isTroupeError(thrown)) return { code: thrown.code, field: thrown.field };
    throw thrown;
  }
  throw new Error('the plan was not refused');
}

const until = { until: { runtimeState: ['available'] } } as const;
const a = step('a', work, {});

/** What is wrong, the plan, where the error points, and its code unless it is `invalid_plan`. */
const wrong: readonly (readonly [string, unknown, string, string?])[] = [
  ['no node', null, 'plan.0'],
  ['a node of no type', chain({ type: 'loop' } as never), 'plan.0.0'],
  ['a task that nobody knows', chain(a, step('b', 'unheard')), 'plan.0.1.task', 'unknown_task'],
  ['an option that nobody reads', { ...a, retries: 3 }, 'plan.0.retries'],
  ['an option of another node', { ...a, until: {} }, 'plan.0.until'],
  ['an unknown option of the retry policy', { ...a, retry: { times: 3 } }, 'plan.0.retry.times'],
  ['no attempts', { ...a, retry: { attempts: 0 } }, 'plan.0.retry.attempts'],
  ['an id that is taken', chain(a, step('a', work, {})), 'plan.0.1.id'],
  ['an id with a dot', step('a.b', work, {}), 'plan.0.id'],
  ['an empty id', step('', work, {}), 'plan.0.id'],
  ['an output that is taken', chain(a, step('b', work, {}, { output: 'a' })), 'plan.0.1.output'],
  ['an output that nobody makes', chain(a, step('b', work, { x: [1, ref('c.id')] })), 'plan.0.1.input.x.1'],
  ['an output of a later step', chain(step('b', work, { x: ref('a') }), a), 'plan.0.0.input.x'],
  ['an output of a step beside it', group({}, chain(a, nothing()), chain(step('b', work, { x: ref('a') }))), 'plan.0.1.0.input.x'],
  ['an input that is no JSON', step('a', work, { f: () => 1 }), 'plan.0.input.f'],
  ['a class that is no raise', { ...a, class: 'background' }, 'plan.0.class'],
  ['a duration that is none', { ...a, after: '3 weeks' }, 'plan.0.after'],
  ['a deadline of nothing', { ...a, deadline: '0s' }, 'plan.0.deadline'],
  ['a transition that is none', { ...a, transition: 'vanish' }, 'plan.0.transition'],
  ['a transition that accept fires', { ...a, transition: 'scheduleUpdating' }, 'plan.0.transition'],
  ['a resource that is not owned', { ...a, on: { kind: 'volume', id: 'other' } }, 'plan.0.on'],
  ['a kind of which it owns two', { ...a, on: 'server' }, 'plan.0.on'],
  ['a runtime state that the backend never says', { ...a, runtimeState: { success: 'AVAILABLE' } }, 'plan.0.runtimeState'],
  ['a poll for a word that the backend never says', poll('p', look, { until: { runtimeState: ['ERRED'] } }), 'plan.0.until'],
  ['a poll that fails on such a word', poll('p', look, { ...until, fail: { runtimeState: ['ERROR'] } }), 'plan.0.fail'],
  ['a poll for nothing', poll('p', look, {} as never), 'plan.0.until'],
  ['a poll for an empty set', poll('p', look, { until: { runtimeState: [] } }), 'plan.0.until'],
  ['a word with two meanings', poll('p', look, { ...until, fail: { runtimeState: ['available'] } }), 'plan.0'],
  ['more jitter than the interval', poll('p', look, { ...until, jitter: 2 }), 'plan.0.jitter'],
  ['a tolerance below zero', poll('p', look, { ...until, tolerate: -1 }), 'plan.0.tolerate'],
  [
    'unknown states counted without a vocabulary',
    poll('p', look, { until: { done: true }, on: { kind: 'server', id: 's1' }, unknown: { failAfter: 3 } }),
    'plan.0.unknown',
  ],
  ['a policy that is none', group({ policy: 'any' as never }, a), 'plan.0.policy'],
  ['a window that is too wide', group({ window: 501 }, a), 'plan.0.window'],
  ['an empty need', throttled({ scope: 'p', need: {} }, a), 'plan.0.need'],
  ['a need of nothing', throttled({ scope: 'p', need: { x: 0 } }, a), 'plan.0.need.x'],
  ['a scope with an empty segment', throttled({ scope: 'p//t', need: { x: 1 } }, a), 'plan.0.scope'],
  [
    'a nested need above what is held',
    throttled({ scope: 'p/t', need: { x: 1 } }, throttled({ scope: 'p', need: { x: 2 } }, a)),
    'plan.0.0.need.x',
    'nested_need',
  ],
  [
    'a nested need after it was given back',
    throttled({ scope: 'p', need: { x: 2 } }, giveBack({ x: 1 }), throttled({ scope: 'p', need: { x: 2 } }, a)),
    'plan.0.1.need.x',
    'nested_need',
  ],
  [
    'a root below the one that is held',
    throttled({ scope: 'q', need: { x: 1 } }, throttled({ scope: 'p', need: { x: 1 } }, a)),
    'plan.0.0.scope',
    'lease_order',
  ],
  ['giving back what is not held', chain(giveBack({ x: 1 })), 'plan.0.0'],
  ['giving back more than is held', throttled({ scope: 'p', need: { x: 1 } }, giveBack({ x: 2 })), 'plan.0.0.need.x'],
  ['giving back twice', throttled({ scope: 'p', need: { x: 1 } }, giveBack({ x: 1 }), giveBack({ x: 1 })), 'plan.0.1.need.x'],
  ['a transition from nowhere', transition(undefined, { from: [], to: 'OK' }), 'plan.0.to.from'],
  ['a transition that sets what it may not', transition(undefined, 'setOk', { state: 'OK' } as never), 'plan.0.set.state'],
  ['a wait without an end', wait('w', { resource: v1 } as never), 'plan.0.deadline'],
  ['a wait for no resource', wait('w', { resource: { kind: 'volume' } as never, deadline: '1h' }), 'plan.0.resource.id'],
  ['a child with both forms of resources', child('c', 'x', { resource: v1, resources: [v1] }), 'plan.0.resources'],
  ['an unknown option of a child', child('c', 'x', { options: { forced: true } as never }), 'plan.0.options.forced'],
  ['an unknown option of a handler', attempt({ body: a, catch: [{ code: 'x', do: nothing(), when: 1 } as never] }), 'plan.0.catch.0.when'],
  ['a handler of no code', attempt({ body: a, catch: [{ code: [], do: nothing() }] }), 'plan.0.catch.0.code'],
];

describe('a plan is refused with its place:', () => {
  for (const [what, plan, field, code = 'invalid_plan'] of wrong) {
    it(what, () => {
      expect(refusal(plan)).to.deep.equal({ code, field });
    });
  }

  it('an executor that is not registered', () => {
    expect(refusal(child('c', 'unheard'), { executors: new Set(['known']) })).to.deep.equal({
      code: 'unknown_executor',
      field: 'plan.0.executor',
    });
  });

  it('a transition of an operation that owns nothing', () => {
    expect(refusal(transition(undefined, 'setOk'), {}).field).to.equal('plan.0');
    expect(refusal({ ...a, transition: 'beginUpdating' }, {}).field).to.equal('plan.0');
  });

  it("a need that an ancestor does not hold, and a root below an ancestor's", () => {
    const held = [{ lease: 'x', scope: 'm/t', need: { x: 1 } }];
    expect(refusal(throttled({ scope: 'm', need: { x: 2 } }, a), { held }).code).to.equal('nested_need');
    expect(refusal(throttled({ scope: 'a', need: { x: 1 } }, a), { held }).code).to.equal('lease_order');
    expect(() => compilePlan(throttled({ scope: 'z', need: { x: 9 } }, a), { held })).not.to.throw();
    expect(refusal(throttled({ scope: 'm', need: { x: 1 } }, giveBack({ y: 1 })), { held }).field).to.equal('plan.0.0.need.y');
  });

  it('a rate that is no number or has no name; one inside of a lease of the same root is fine', () => {
    const inner = throttled({ scope: 'm/t', spend: { call: 1 } }, a);
    for (const scope of ['m', 'b']) expect(() => compilePlan(throttled({ scope, need: { x: 1 } }, inner))).not.to.throw();
    expect(refusal(throttled({ scope: 'm', spend: { call: 0 } }, a)).field).to.equal('plan.0.spend.call');
    expect(refusal(throttled({ scope: 'm', spend: {} }, a)).field).to.equal('plan.0.spend');
    expect(refusal(throttled({ scope: 'm' }, a)).field).to.equal('plan.0.need');
    expect(refusal(throttled({ scope: 'm', need: { x: 1 }, share: '' }, a)).field).to.equal('plan.0.share');
  });

  it('too many nodes, too deep, too large', () => {
    expect(refusal(group({}, ...Array.from({ length: 20_001 }, () => nothing()))).code).to.equal('invalid_plan');
    let deep: PlanNode = nothing();
    for (let i = 0; i < 30; i++) deep = chain(deep);
    expect(refusal(deep).code).to.equal('invalid_plan');
    expect(refusal(step('a', work, { x: 'x'.repeat(200_000) }))).to.deep.equal({ code: 'invalid_plan', field: 'plan.0.input' });
    const heavy = Array.from({ length: 100 }, (_, i) => step(`s${i}`, work, { x: 'x'.repeat(100_000) }));
    expect(refusal(chain(...heavy))).to.deep.equal({ code: 'invalid_plan', field: 'plan' });
  });
});

describe('a compiled plan', () => {
  it('is data: through JSON it is the same', () => {
    const plan = compilePlan(
      chain(
        a,
        throttled(
          { id: 'lease', scope: 'p/t', need: { x: 1 }, spend: { call: 1 }, priority: 2, share: 't', deadline: '1h' },
          poll('p', look, { ...until, backoff: ['1s'] }),
        ),
        attempt({ body: step('b', work, { y: ref('a.z') }), catch: [{ code: 'any', do: nothing() }] }),
      ),
      owned,
    );
    expect(JSON.parse(JSON.stringify(plan))).to.deep.equal(plan);
  });

  it('holds all that a run needs to know of its tasks', () => {
    const slow = task('slow', { class: 'heavy', timeLimit: '2h', retry: { attempts: 3, delays: ['10s'] } });
    const plan = compilePlan(
      chain(step('a', slow, {}), step('b', slow, {}, { retry: { attempts: 9 } }), step('c', slow, {}, { retry: { attempts: 9 } })),
    );
    expect(Object.values(plan.tasks)).to.have.length(2);
    expect(plan.tasks['slow']).to.deep.equal({
      name: 'slow',
      pool: 'test',
      class: 'heavy',
      idempotent: 'yes',
      timeLimitMs: 7_200_000,
      attempts: 3,
      delaysMs: [10_000],
    });
  });

  it('may name tasks by text', () => {
    const plan = compilePlan(step('a', 'work', {}), { tasks: new Map([['work', work]]) });
    expect(plan.tasks['work']).to.include({ pool: 'test' });
  });

  it('knows how long it may take: the sum of its parts, the longest of what runs side by side', () => {
    const quick = (id: string): PlanNode => step(id, once, {}, { deadline: '10m' });
    const minutes = (plan: PlanNode): number => compilePlan(plan).durationMs / 60_000;
    expect(minutes(chain(quick('a'), quick('b'), wait('w', { for: '5m' })))).to.equal(25);
    expect(minutes(group({}, quick('a'), quick('b'), step('c', once, {}, { deadline: '30m', after: '2m' })))).to.equal(32);
    expect(minutes(group({ window: 2 }, quick('a'), quick('b'), quick('c')))).to.equal(20);
    expect(
      minutes(throttled({ scope: 'p', need: { x: 1 }, deadline: '5h' }, quick('a'), poll('p', look, { until: { done: true }, for: '7m' }))),
    ).to.equal(17);
    expect(
      minutes(
        attempt({
          body: quick('a'),
          catch: [
            { code: 'x', do: quick('b') },
            { code: 'any', do: chain(quick('c'), quick('d')) },
          ],
          finally: quick('e'),
        }),
      ),
    ).to.equal(40);
    expect(minutes(child('c', 'x', { deadline: '3h' }))).to.equal(180);
    expect(minutes(nothing())).to.equal(0);
  });

  it('counts the steps that progress is measured by', () => {
    expect(
      compilePlan(
        chain(
          a,
          poll('p', look, { until: { done: true } }),
          wait('w', { for: '1s' }),
          child('c', 'x'),
          nothing(),
          group({}, step('b', big, {})),
        ),
      ).steps,
    ).to.equal(5);
  });

  it('gives parallel branches the room that one record has', () => {
    const wide = (n: number, member: (i: number) => PlanNode): { window: number } =>
      compilePlan(group({ window: 500 }, ...Array.from({ length: n }, (_, i) => member(i)))).root as never;
    expect(wide(10, (i) => step(`s${i}`, work, {})).window).to.equal(10);
    expect(wide(1_000, (i) => step(`s${i}`, work, {})).window).to.be.within(200, 500);
    const nested = wide(30, (i) =>
      group({ window: 500 }, ...Array.from({ length: 100 }, (_, j) => step(`s${i}x${j}`, work, {}))),
    ) as unknown as { window: number; nodes: { window: number }[] };
    expect(nested.window * nested.nodes[0]!.window).to.be.within(100, 500);
  });
});
