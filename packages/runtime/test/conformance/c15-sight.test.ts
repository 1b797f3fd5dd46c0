import { chain, child, createExecutor, createPlanner, expand, poll, step, throttled, wait } from '@troupe/executor';
import type { ResourceRef } from '@troupe/protocol';
import { Fatal, Retry, withPatch } from '@troupe/task';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { createStage, type Stage } from '../support/stage.ts';
import { act, play, Thing } from './app.ts';

const never = (_input: unknown, { signal }: { signal: AbortSignal }) =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('given up'))));

const life = (name: string, family: 'create' | 'update' | 'action' | 'delete') =>
  createExecutor({ name, family, resource: Thing, plan: () => step(name, act, {}) });

/** From and to of each event of a resource, in order. */
function told(stage: Stage, { kind, id }: ResourceRef): { from: string | null; to: string | null; event: string }[] {
  return stage.witness.events
    .filter(({ topic }) => topic[0] === 'resource' && topic[1] === kind && topic[2] === id)
    .map(({ body }) => body as unknown as { from: string | null; to: string | null; event: string });
}

/** On TEST_NATS_URL. */
describe('C15 sight', function () {
  this.timeout(30_000);

  it('C15 events equal the transitions of rows: each once, in order, none for what changes nothing', async () => {
    const names = ['create', 'update', 'action', 'delete'] as const;
    let isBroken = false;
    const { appOf } = play({
      executors: names.map((name) => life(name, name)),
      hands: {
        create: () => withPatch(null, { backendId: 'b', runtimeState: 'ready' }),
        action: () => {
          if (isBroken) throw new Fatal('no', { code: 'no' });
          return withPatch(null, { runtimeState: 'busy' });
        },
      },
    });
    await using stage = await createStage(appOf);
    const ref = await stage.insert('thing', 't');
    for (const name of ['create', 'update', 'action']) expect(await stage.run(name, ref)).to.include({ outcome: 'succeeded' });
    isBroken = true;
    expect(await stage.run('action', ref)).to.include({ outcome: 'failed' });
    expect(await stage.run('update', ref)).to.include({ outcome: 'succeeded' });
    expect(await stage.run('delete', ref)).to.include({ outcome: 'succeeded' });
    await stage.expectClean();
    const states = stage.witness.states(ref);
    const events = told(stage, ref);
    // what the rows have been through, and what was told of it
    expect(events.map(({ from, to }) => `${from} → ${to ?? 'removed'}`)).to.deep.equal(
      states.slice(1).map((state, i) => `${states[i]} → ${state}`),
    );
    expect(events.map(({ event }) => event)).to.deep.equal([
      ...['creationStarted', 'creationSucceeded', 'updateScheduled', 'updateStarted', 'updateSucceeded'],
      ...['updateScheduled', 'updateStarted', 'actionSucceeded', 'updateScheduled', 'updateStarted', 'actionFailed'],
      ...['updateScheduled', 'updateStarted', 'updateSucceeded', 'deletionScheduled', 'deletionStarted', 'deleted'],
    ]);
  });

  it('C15 every wait is explained in a sentence that says on what, and since when or until when', async () => {
    const planner = createPlanner({ name: 'known', plan: () => chain() });
    const hold = createExecutor({
      name: 'hold',
      family: 'update',
      resource: Thing,
      plan: () => wait('held', { signal: 'go on', deadline: '1h' }),
    });
    const plans = {
      task: () => step('slow', act, {}),
      delay: () => step('later', act, {}, { after: '1h' }),
      retry: () => step('again', act, {}, { retry: { attempts: 2, delays: ['1h'] } }),
      look: () => poll('look', act, { until: { done: true }, every: '1h' }),
      pause: () => wait('rest', { for: '1h' }),
      resource: () => wait('until-ok', { resource: Thing.ref('t'), deadline: '1h' }),
      signal: () => wait('approval', { signal: 'approved', deadline: '1h' }),
      lease: () => throttled({ scope: 'cloud', need: { slot: 1 } }, step('never', act, {})),
      child: () => child('inner', 'signal'),
      conflict: () => child('busy', 'hold', { resource: Thing.ref('t') }),
      planner: () => expand('more', planner),
      paused: () => chain(wait('first', { for: '1ms' }), step('second', act, {})),
    };
    const { appOf } = play({
      plans: {
        ...plans,
        holder: () => throttled({ scope: 'cloud', need: { slot: 1 } }, wait('held', { signal: 'go on', deadline: '1h' })),
      },
      executors: [hold],
      hands: {
        slow: never as never,
        again: () => {
          throw new Retry('come again');
        },
        look: () => ({ runtimeState: 'busy' }),
      },
      app: { planners: [planner], limits: { default: 1 } },
    });
    // the app of the supervisor has lost a planner by the time that it is asked
    const app = appOf();
    await using stage = await createStage(() => app);
    await stage.insert('thing', 't', {}, { state: 'OK', backendId: 'b' });
    const owner = await stage.client.execute({ executor: 'hold', id: 'owner', resource: Thing.ref('t') });
    const holder = await stage.client.execute({ executor: 'holder', id: 'holder' });
    await until('the lease is held', async () => ((await stage.client.throttle('cloud')) ?? []).some(({ used }) => used === 1));
    await stage.client.execute({ executor: 'hold', id: 'queued', resource: Thing.ref('t'), options: { onConflict: 'queue' } });
    for (const name of Object.keys(plans).filter((one) => one !== 'planner')) {
      await stage.client.execute({ executor: name, id: name });
      if (name === 'paused') await stage.client.pause('paused', { by: 'ann', reason: 'lunch' });
    }
    const wanted: Readonly<Record<string, RegExp>> = {
      task: /^slow is queued or running as task act since .*attempt 1 of 2/,
      delay: /^later starts after its delay/,
      retry: /^again tries again after attempt 1 of 2 failed: come again/,
      look: /^look polls for done since .* 1 looks so far, last seen busy; gives up in /,
      pause: /^rest pauses for another /,
      resource: /^until-ok waits since .* for thing t to be OK; it is UPDAT\w+, owned by operation owner/,
      signal: /^approval waits since .* for the signal approved; gives up in /,
      lease: /^waits since .* for 1 slot of cloud.*holder/,
      child: /^inner runs since .* as operation child\.0 \(signal\)/,
      conflict: /^busy .* operation conflict\.0 \(hold\)/,
      queued: /^waits for thing t, which operation owner owns/,
    };
    for (const [id, sentence] of Object.entries(wanted)) {
      let last = '';
      await until(`${id} is explained`, async () => {
        const { waits } = (await stage.client.explain(id))!;
        last = waits.map((one) => one.sentence).join(' | ');
        return waits.length === 1 && sentence.test(last);
      }).catch(() => expect(last, id).to.match(sentence));
    }
    await until('it is paused', async () => /^paused since .* by ann: lunch/.test((await stage.client.explain('paused'))!.summary));
    expect((await stage.client.explain('holder'))!.holds.map(({ scope, need }) => ({ scope, need }))).to.deep.equal([
      { scope: 'cloud', need: { slot: 1 } },
    ]);
    await stage.client.signal(owner.id, 'go on');
    await stage.client.signal(holder.id, 'go on');
    for (const { id } of await stage.client.operations({ limit: 100 })) await stage.client.kill(id);
    await until('all have ended', async () => (await stage.client.operations({ limit: 100 })).every(({ status }) => status === 'ended'));
    expect((await stage.client.explain('task'))!.summary).to.match(/^ended failed: killed/);
    await stage.expectClean('cloud');
  });

  it('C15 an expansion whose planner is not there says that it is parked, and why', async () => {
    const planner = createPlanner({ name: 'lost', plan: () => chain() });
    const { appOf } = play({
      plans: { more: () => chain(wait('first', { signal: 'go on', deadline: '1h' }), expand('more', planner)) },
      app: { planners: [planner] },
    });
    let planners = [planner];
    // a deploy takes the planner away
    const app = Object.defineProperty({ ...appOf() }, 'planners', { get: () => planners });
    await using stage = await createStage(() => app);
    await stage.client.execute({ executor: 'more', id: 'op' });
    await until('it waits', async () => (await stage.client.explain('op'))?.waits.length === 1);
    planners = [];
    await stage.restart('supervisor');
    await stage.client.signal('op', 'go on');
    await until('it is parked', async () => (await stage.client.operation('op'))?.status === 'parked');
    const { waits } = (await stage.client.explain('op'))!;
    expect(waits[0]).to.include({ on: 'planner' });
    expect(waits[0]!.sentence).to.match(/^more is parked since .*: no host here knows the planner lost; deploy it, or cancel/);
    planners = [planner];
    await stage.restart('supervisor');
    await stage.client.resume('op');
    expect(await stage.client.follow('op').ended()).to.include({ outcome: 'succeeded' });
  });
});
