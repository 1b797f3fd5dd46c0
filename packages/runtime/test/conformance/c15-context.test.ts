import { attempt, child, createExecutor, type PlanNode, poll, step, throttled, transition, wait } from '@troupe/executor';
import { Retry } from '@troupe/task';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { createStage, type Stage } from '../support/stage.ts';
import { act, play, Thing } from './app.ts';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const contextOf = (user: string) => ({ user, tenant: 't-7', address: '10.0.0.7', correlation: `c-${user}`, traceparent });

/** Some of everything: leases, transitions, retries, looks, a child, a pause, handlers, and what follows. */
const everything = (scope: string): PlanNode =>
  throttled(
    { scope, need: { slot: 1 } },
    transition(undefined, 'beginUpdating'),
    step('flaky', act, {}, { runtimeState: { during: 'busy' } }),
    poll('look', act, { until: { done: true }, every: '20ms' }),
    wait('pause', { for: '20ms' }),
    attempt({ body: child('child', 'inner', { resource: Thing.ref('other') }), finally: step('finally', act, {}) }),
  );

const inner = createExecutor({ name: 'inner', family: 'update', resource: Thing, plan: () => step('inner', act, {}) });
const follower = createExecutor({ name: 'follower', family: 'free', plan: () => step('follower', act, {}) });
const outer = createExecutor({
  name: 'outer',
  family: 'update',
  resource: Thing,
  plan: () => everything('cloud'),
  after: () => ({ executor: follower }),
});

function appOf() {
  return play({
    executors: [inner, follower, outer],
    hands: {
      flaky: (_input, { attempt: n }) => {
        if (n === 1) throw new Retry('once more');
        return null;
      },
      look: (_input, { attempt: n }) => ({ done: n > 2 }),
    },
    app: { limits: { default: 1 } },
  }).appOf();
}

/** Messages that were caused by an operation, with whom they name. */
function usersBy(stage: Stage, of: (subject: string, body: string) => boolean): Map<string, string[]> {
  const out = new Map<string, string[]>();
  for (const { subject, headers, body } of stage.witness.messages) {
    // what a cancelled timer leaves is empty; answers and live copies are told, not kept
    if (body === '' || !/\.(task|mail|timer|due|event)\./.test(subject) || !of(subject, body)) continue;
    const user = headers['troupe-context-user'] ?? 'nobody';
    const whole = user === 'nobody' || (headers['traceparent'] === traceparent && headers['troupe-context-tenant'] === 't-7');
    const where = subject.split('.').slice(1, 3).join('.');
    out.set(whole ? user : `${user} without the rest`, [
      ...(out.get(user) ?? []),
      `${where} ${headers['nats-msg-id'] ?? ''} ${body.slice(0, 120)}`,
    ]);
  }
  return out;
}

/** On TEST_NATS_URL. */
describe('C15 context', function () {
  this.timeout(30_000);

  it('C15 the context of a command is on every message that it causes: tasks, retries, timers, mail, events, children, what follows', async () => {
    await using stage = await createStage(appOf);
    const ref = await stage.insert('thing', 'mine', {}, { state: 'OK', backendId: 'b' });
    await stage.insert('thing', 'other', {}, { state: 'OK', backendId: 'b' });
    const { outcome, error, info } = await stage.run('outer', ref, { context: contextOf('ann') });
    expect({ outcome, error }).to.deep.equal({ outcome: 'succeeded', error: undefined });
    expect(await stage.client.follow(`${info.id}.after`).ended()).to.include({ outcome: 'succeeded' });
    await stage.expectClean('cloud');
    const users = usersBy(stage, () => true);
    expect(users.get('nobody') ?? []).to.deep.equal([]);
    expect([...users.keys()]).to.deep.equal(['ann']);
    expect(users.get('ann')!.length).to.be.above(40);
  });

  it('C15 two who wait for each other are not mixed up: each message names who caused its operation', async () => {
    await using stage = await createStage(appOf);
    await stage.insert('thing', 'other', {}, { state: 'OK', backendId: 'b' });
    const names = ['ann', 'bob', 'eve'];
    for (const name of names) await stage.insert('thing', name, {}, { state: 'OK', backendId: 'b' });
    const handles = await Promise.all(
      names.map((name) =>
        stage.client.execute({
          executor: 'outer',
          id: `op-${name}`,
          resource: Thing.ref(name),
          ...(name === 'eve' ? {} : { context: contextOf(name) }),
        }),
      ),
    );
    for (const handle of handles) expect(await handle.ended()).to.include({ outcome: 'succeeded' });
    await until(
      'what follows has ended',
      async () => (await stage.client.operations({ executor: 'follower', status: 'ended' })).length === 3,
    );
    await stage.expectClean('cloud');
    for (const name of names) {
      // mail to the throttle and from it, its events, the resource, tasks, timers: whatever names this operation alone
      const others = names.filter((one) => one !== name);
      const users = usersBy(stage, (subject, body) => {
        const text = `${subject} ${body}`;
        return text.includes(`op-${name}`) && others.every((other) => !text.includes(`op-${other}`));
      });
      const wanted = name === 'eve' ? 'nobody' : name;
      const strangers = [...users].filter(([user]) => user !== wanted);
      expect(strangers, name).to.deep.equal([]);
      expect(users.get(wanted)!.length).to.be.above(20);
    }
  });
});
