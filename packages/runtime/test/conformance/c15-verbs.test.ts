import { chain, createExecutor, nothing, step, throttled, undoable, wait } from '@troupe/executor';
import { Fatal } from '@troupe/task';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { createStage, type Stage } from '../support/stage.ts';
import { act, play, Thing } from './app.ts';

/** Waits in the middle, so that there is time for a verb. */
const change = createExecutor({
  name: 'change',
  family: 'update',
  resource: Thing,
  plan: () =>
    throttled(
      { scope: 'cloud', need: { slot: 1 } },
      undoable(step('first', act, {}), step('undo', act, {})),
      wait('middle', { signal: 'go on', deadline: '1h' }),
      step('last', act, {}),
    ),
});

let mayFail = false;
const setup = () =>
  play({
    executors: [change],
    plans: { failing: () => chain(step('good', act, {}), step('bad', act, {}), step('rest', act, {})), nothing },
    hands: {
      bad: () => {
        if (mayFail) throw new Fatal('no', { code: 'no' });
      },
    },
  });

async function started(stage: Stage): Promise<void> {
  await stage.insert('thing', 't', {}, { state: 'OK', backendId: 'b' });
  await stage.client.execute({ executor: 'change', id: 'op', resource: Thing.ref('t') });
  await until('it waits in the middle', async () => (await stage.client.operation('op'))?.current.some(({ name }) => name === 'middle'));
}

/** Sends a verb twice under one id, as a sender does who has heard no answer, and once more under another. */
async function thrice(send: (options: { id?: string; by: string }) => Promise<void>): Promise<void> {
  await send({ id: 'wish', by: 'ann' });
  await send({ id: 'wish', by: 'ann' });
  await send({ by: 'bob' });
}

const audited = async (stage: Stage, id = 'op'): Promise<string[]> =>
  ((await stage.client.operation(id))?.audit ?? []).map(({ verb, by }) => `${verb} by ${by}`);

/** On TEST_NATS_URL. */
describe('C15 verbs, each twice', function () {
  this.timeout(30_000);

  it('C15 cancel: stopped once, taken back once; what comes after the end changes nothing', async () => {
    const { ran, appOf } = setup();
    await using stage = await createStage(appOf);
    await started(stage);
    await thrice((options) => stage.client.cancel('op', options));
    expect(await stage.client.follow('op').ended()).to.include({ outcome: 'cancelled' });
    await stage.client.cancel('op', { by: 'late' });
    await stage.expectClean('cloud');
    expect(ran).to.deep.equal(['first', 'undo']);
    expect((await stage.client.operation('op'))!.error!.message).to.equal('cancelled by ann');
    expect((await audited(stage)).filter((text) => text === 'cancel by ann')).to.have.length(1);
    expect(await stage.rows(Thing.ref('t'))).to.deep.equal(['t ERRED']);
  });

  it('C15 pause and resume: one pause, one resume, whatever comes again', async () => {
    const { ran, appOf } = setup();
    await using stage = await createStage(appOf);
    await started(stage);
    await thrice((options) => stage.client.pause('op', options));
    await until('it is paused', async () => (await stage.client.operation('op'))?.status === 'paused');
    await stage.client.signal('op', 'go on');
    await until('the signal has come', async () => !(await stage.client.operation('op'))!.current.some(({ name }) => name === 'middle'));
    expect(ran).to.deep.equal(['first']);
    expect((await stage.client.operation('op'))!.paused).to.include({ by: 'ann' });
    await thrice(({ id, ...options }) => stage.client.resume('op', { ...options, ...(id === undefined ? {} : { id: `${id} to resume` }) }));
    expect(await stage.client.follow('op').ended()).to.include({ outcome: 'succeeded' });
    await stage.expectClean('cloud');
    expect(ran).to.deep.equal(['first', 'last']);
    expect((await audited(stage)).filter((text) => text.endsWith('by ann'))).to.deep.equal(['pause by ann', 'resume by ann']);
  });

  it('C15 skip: passes over what it names once, and of what is done nothing', async () => {
    const { ran, appOf } = setup();
    await using stage = await createStage(appOf);
    await started(stage);
    await thrice((options) => stage.client.skip('op', 'middle', options));
    expect(await stage.client.follow('op').ended()).to.include({ outcome: 'succeeded' });
    await stage.client.skip('op', 'first', { by: 'late' });
    await stage.expectClean('cloud');
    expect(ran).to.deep.equal(['first', 'last']);
    expect(stage.witness.events.filter(({ topic }) => topic.at(-1) === 'skipped')).to.have.length(1);
  });

  it('C15 signal: answers once', async () => {
    const { ran, appOf } = setup();
    await using stage = await createStage(appOf);
    await started(stage);
    await thrice((options) => stage.client.signal('op', 'go on', options));
    expect(await stage.client.follow('op').ended()).to.include({ outcome: 'succeeded' });
    await stage.expectClean('cloud');
    expect(ran).to.deep.equal(['first', 'last']);
  });

  it('C15 kill: ends at once, without handlers, with nothing held', async () => {
    const { ran, appOf } = setup();
    await using stage = await createStage(appOf);
    await started(stage);
    await thrice((options) => stage.client.kill('op', options));
    const { outcome, error } = await stage.client.follow('op').ended();
    expect({ outcome, code: error?.code }).to.deep.equal({ outcome: 'failed', code: 'killed' });
    await stage.expectClean('cloud');
    expect(ran).to.deep.equal(['first']);
    expect(await stage.rows(Thing.ref('t'))).to.deep.equal(['t ERRED']);
  });

  it('C15 retry: goes on once from the failed step, and of what has succeeded changes nothing', async () => {
    const { ran, appOf } = setup();
    await using stage = await createStage(appOf);
    mayFail = true;
    const failed = await stage.client.execute({ executor: 'failing', id: 'op' });
    expect(await failed.ended()).to.include({ outcome: 'failed' });
    mayFail = false;
    await thrice((options) => stage.client.retry('op', options));
    await until('it has succeeded', async () => (await stage.client.operation('op'))?.outcome === 'succeeded');
    await stage.client.retry('op', { by: 'late' });
    await stage.run('nothing');
    await stage.expectClean();
    expect(ran).to.deep.equal(['good', 'bad', 'bad', 'rest']);
    expect((await stage.client.operation('op'))?.outcome).to.equal('succeeded');
    expect((await audited(stage)).filter((text) => text === 'retry by ann')).to.have.length(1);
  });

  it('C15 limits and releases: the last word counts, said once or twice', async () => {
    const { appOf } = setup();
    await using stage = await createStage(appOf);
    await started(stage);
    await thrice((options) => stage.client.setLimit({ scope: 'cloud', kind: 'slot', limit: 7 }, options));
    await until('the limit is 7', async () => ((await stage.client.throttle('cloud')) ?? []).some(({ limit }) => limit === 7));
    // nobody is in quarantine: there is nothing to release
    await thrice((options) =>
      stage.client.release({ kind: 'operation', key: 'op' }, { ...options, ...(options.id === undefined ? {} : { id: 'other wish' }) }),
    );
    await stage.client.signal('op', 'go on');
    expect(await stage.client.follow('op').ended()).to.include({ outcome: 'succeeded' });
    await stage.expectClean('cloud');
  });
});
